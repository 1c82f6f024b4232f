"""A sheet of facts as rows of a table: runs side by side while they fit, else a run a row. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.present.cells import Cell, width
from workbench.present.columns import GAP, Column
from workbench.present.compare import BASE, NOTHING, Fact, Sheet, View

Row = tuple[Cell, ...]
KEY, VALUE = 14, 15
NARROWEST, WIDEST = 4, 22
"""Of a fact's column where each run is a row."""
NAME = 30
_NUMBER = re.compile(r"[+-]?[\d.]+(e[+-]?\d+)?|nan|-?inf|\d+(:\d+)+")
END = Cell("")
"""Ends a row of values: without it the last one would take the rest of the line."""


@dataclass(frozen=True, slots=True)
class Laid:
    columns: tuple[Column, ...]
    rows: list[Row]
    facts: range = range(0)
    """Which of the facts are on screen, where they are columns."""


def beside(count: int, columns: int) -> bool:
    """Whether so many runs fit side by side."""
    return KEY + count * (GAP + VALUE) <= columns


def side_by_side(sheet: Sheet, view: View) -> Laid:
    """A column for each run, a row for each fact, by section."""
    runs = [
        Column(_named(name, index, view), VALUE, right=True, grows=1, most=24, style="tab" if index == view.at else "")
        for index, name in enumerate(sheet.names)
    ]
    lines: list[Row] = []
    for section in sheet.sections:
        if section.title:
            lines.append((Cell(section.title, "title"),))
        lines += [(_label(fact, view), *fact.cells, END) for fact in section.facts]
        lines.append((END,))
    columns = (Column("", KEY, grows=1, most=20), *runs, Column("", 0, grows=1))
    return Laid(columns, [*lines, *_equal(sheet, view)])


def one_below_the_other(sheet: Sheet, view: View, columns: int, first: int = 0) -> Laid:
    """A row for each run, a column for each fact from `first` on; the run's name stays where it is."""
    facts = list(in_order(sheet, view.metric))
    first = max(0, min(first, len(facts) - 1))
    named = [_named(name, index, view, "  ") for index, name in enumerate(sheet.names)]
    room = columns - min(NAME, max(map(width, named)))
    shown: list[Column] = []
    for fact in facts[first:]:
        column = _column(fact)
        room -= GAP + column.width
        if room < 0 and shown:
            break
        shown.append(column)
    part = range(first, first + len(shown))
    name = Column("run", min(NAME, max(map(width, named))))
    rows: list[Row] = [
        (Cell(text, _style(index, view)), *(facts[number].cells[index] for number in part), END)
        for index, text in enumerate(named)
    ]
    return Laid((name, *shown, Column("", 0, grows=1)), [*rows, (END,), *_equal(sheet, view)], part)


def in_order(sheet: Sheet, metric: str) -> Iterator[Fact]:
    """The metric that is looked at, then params, the other metrics and origins, and how the runs stand last."""
    facts = [fact for section in (*sheet.sections[1:], *sheet.sections[:1]) for fact in section.facts]
    yield from (fact for fact in facts if fact.key and fact.key == metric)
    yield from (fact for fact in facts if not (fact.key and fact.key == metric))


def plain(sheet: Sheet, view: View, beside: bool) -> list[list[str]]:
    """What differs as lines of text, a head first: a line a fact, or a line a run."""
    facts = list(in_order(sheet, view.metric))
    if beside:
        return [["", *sheet.names], *([_plain(fact), *(cell.text for cell in fact.cells)] for fact in facts)]
    rows = ([name, *(fact.cells[index].text for fact in facts)] for index, name in enumerate(sheet.names))
    return [["run", *map(_plain, facts)], *rows]


def markdown_table(lines: Sequence[Sequence[str]]) -> str:
    """For a note or a pull request. The first line is the head."""
    head, *rows = [f"| {' | '.join(text.replace('|', chr(92) + '|') for text in line)} |" for line in lines]
    return "\n".join((head, "|" + " --- |" * len(lines[0]), *rows)) + "\n"


def _named(name: str, index: int, view: View, other: str = "") -> str:
    return f"{BASE} {name}" if index == view.base else other + name


def _style(index: int, view: View) -> str:
    return "title" if index == view.base else "strong" if index == view.at else ""


def _plain(fact: Fact) -> str:
    return f"{fact.label} {fact.arrow}".rstrip()


def _label(fact: Fact, view: View) -> Cell:
    return Cell(f"{fact.arrow} {fact.label}", "strong" if fact.key and fact.key == view.metric else "dim")


def _column(fact: Fact) -> Column:
    title = f"{fact.arrow} {fact.label}".strip()
    needed = max(width(text) for text in (title, *(cell.text for cell in fact.cells)))
    right = bool(fact.key) or all(cell == NOTHING or _NUMBER.fullmatch(cell.text) for cell in fact.cells)
    return Column(title, max(NARROWEST, min(WIDEST, needed)), right, style="title" if fact.key else "")


def _equal(sheet: Sheet, view: View) -> list[Row]:
    same = sheet.same
    if not same:
        return []
    if not view.unfolded:
        return [(Cell(f"▸ {len(same)} equal   {', '.join(key for key, _ in same)}", "dim"),)]
    lines: list[Row] = [(Cell(f"▾ {len(same)} equal", "dim"),)]
    return lines + [(Cell(f"  {key}", "dim"), Cell(text or "–", "dim")) for key, text in same]
