"""What everything here is made into: text with the name of a style. No colours: a theme gives names their look.

Style names: "" plain, dim, strong, title, accent, good, warn, bad; each status of a run by its own name
(running, queued, "timed out" ...) and of a machine (ok, draining, unreachable); series1 to series6 in charts.
Names joined by "+" lie on each other. A part that begins with "=" is a look of its own, as programs print them:
"=bold", "=#d08770", "=on #203040".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

ELLIPSIS = "…"


class Cell(NamedTuple):
    text: str
    style: str = ""


Line = tuple[Cell, ...]


def width(text: str) -> int:
    """Columns that a terminal gives this (sanitised) text."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def cut(text: str, columns: int) -> str:
    """At most so many columns of it, an ellipsis where something is missing."""
    if width(text) <= columns:
        return text
    if columns <= 0:
        return ""
    kept, room = [], columns - 1
    for character in text:
        room -= width(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept).rstrip() + ELLIPSIS


def fit(text: str, columns: int, right: bool = False) -> str:
    """Exactly so many columns: cut or padded."""
    return pad(cut(text, columns), columns, right)


def pad(text: str, columns: int, right: bool = False) -> str:
    """At least so many columns."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def fit_line(line: Iterable[Cell], columns: int) -> Line:
    """Exactly so many columns of a line of cells: cut or padded."""
    cells = cut_line(line, columns)
    return (*cells, Cell(" " * (columns - width(plain(cells)))))


def stretch(one: Sequence[object], other: Sequence[object]) -> tuple[int, int]:
    """(first, length) of where two differ that are equally long, and do differ."""
    differing = [index for index, (mine, yours) in enumerate(zip(one, other, strict=True)) if mine != yours]
    return differing[0], differing[-1] - differing[0] + 1


def plain(line: Iterable[Cell]) -> str:
    return "".join(cell.text for cell in line)


def cut_line(line: Iterable[Cell], columns: int) -> Line:
    """The first so many columns of a line of cells."""
    kept: list[Cell] = []
    for cell in line:
        wide = width(cell.text)
        if wide > columns:
            kept.append(Cell(cut(cell.text, columns), cell.style))
            break
        kept.append(cell)
        columns -= wide
    return tuple(kept)


def wrap_line(line: Iterable[Cell], columns: int) -> list[Line]:
    """All of it, in rows of at most so many columns; at least one row."""
    rows: list[list[Cell]] = [[]]
    room = columns
    for cell in line:
        begin = 0
        for index, character in enumerate(cell.text):
            wide = width(character)
            if wide > room and (rows[-1] or index > begin):
                rows[-1] += [Cell(cell.text[begin:index], cell.style)] if index > begin else []
                rows.append([])
                begin, room = index, columns
            room -= wide
        if begin < len(cell.text):
            rows[-1].append(Cell(cell.text[begin:], cell.style))
    return [tuple(row) for row in rows]
