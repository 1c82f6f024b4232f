"""Runs that differ only in chance, a row a group: mean, deviation and best of a metric. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.domain.comparison import Comparison
from workbench.domain.goals import Aim
from workbench.domain.groups import Spread, grouped, spread
from workbench.domain.run import Run
from workbench.present.cells import Cell, fit, width
from workbench.present.columns import GAP, Column
from workbench.present.compare import View, arrow, code
from workbench.present.numbers import metric, param
from workbench.present.sanitise import clean

DRAWN = 13
"""Columns of a drawn spread."""
MEAN, DEVIATION, BEST, OTHER = 7, 8, 8, 18
LABEL, LONGEST = 20, 60
COUNT = 4


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    """What tells it from the others; clean."""
    runs: tuple[int, ...]
    spread: Spread
    best: int
    """Index of its best run, as far as that is known; else of its first."""


def groups(comparison: Comparison, view: View, over: Iterable[str]) -> list[Group]:
    """Runs that are alike in all but the params `over`, best mean first."""
    left_out = tuple(over)
    members = grouped(comparison.runs, left_out)
    labels = _labels([comparison.runs[group[0]] for group in members], left_out)
    values = comparison.values(view.metric, view.best)
    aim = _aim(comparison, view.metric)
    made = [
        Group(label, group, spread(values[index] for index in group), best_of(group, values, aim))
        for label, group in zip(labels, members, strict=True)
    ]
    return sorted(made, key=lambda group: worth(group.spread.mean, aim))


def worth(value: float | None, aim: Aim | None) -> float:
    """Sorts the best first, and what is no number last; leaves the order where nobody knows what is better."""
    if value is None or math.isnan(value):
        return math.inf
    return 0.0 if aim is None else -value if aim.goal == "max" else value


def best_of(runs: Sequence[int], values: Sequence[float | None], aim: Aim | None) -> int:
    return min(runs, key=lambda index: worth(values[index], aim))


def label_width(every: Iterable[Group]) -> int:
    """Columns that the groups' labels take, within reason."""
    return min(LONGEST, max((LABEL, *(width(group.label) for group in every))))


def others_shown(comparison: Comparison, view: View, columns: int) -> list[str]:
    """The metrics besides the one that is looked at that there is room for."""
    return _others(comparison, view)[: max(0, columns) // (OTHER + GAP)]


def group_columns(comparison: Comparison, label: int, others: Iterable[str]) -> tuple[Column, ...]:
    """label: columns that the longest label takes."""
    return (
        Column("group", LABEL, grows=1, most=label),
        *NUMBERS,
        *(Column(f"{arrow(_aim(comparison, key))} {clean(key)}".strip(), OTHER, True, style="title") for key in others),
    )


NUMBERS = (
    Column("n", COUNT, right=True),
    Column("mean ± std", MEAN + 1 + DEVIATION),
    Column("best", BEST, right=True),
    Column("spread", DRAWN),
)
TAKEN = sum(GAP + column.width for column in NUMBERS)


def group_row(
    group: Group, every: Sequence[Group], comparison: Comparison, view: View, others: Iterable[str]
) -> tuple[Cell, ...]:
    """As many cells as there are columns. every: the groups on whose common scale the spread is drawn, best first."""
    seen, n = group.spread, len(group.runs)
    best = comparison.values(view.metric, view.best)[group.best]
    mean = fit(metric(seen.mean) if seen.n else "–", MEAN, right=True)
    return (
        Cell(group.label, "title" if view.base in group.runs else ""),
        Cell(str(n) if seen.n == n else f"{seen.n}/{n}", "" if seen.n == n else "warn"),
        Cell(f"{mean} {_deviation(seen)}", "strong" if group is every[0] else ""),
        Cell(metric(best) if best is not None else "–"),
        Cell(drawn(seen, [one.spread for one in every]), "series1"),
        *(Cell(_summary(comparison, key, view, group), "dim") for key in others),
    )


def _deviation(seen: Spread) -> str:
    """`±0.0120`, "" where one value has none."""
    return "" if seen.deviation is None else f"±{metric(seen.deviation)}"


def _summary(comparison: Comparison, key: str, view: View, group: Group) -> str:
    values = comparison.values(key, view.best)
    return plus_minus(spread(values[index] for index in group.runs))


def plus_minus(seen: Spread) -> str:
    """`0.2314 ±0.0120`; of one value only the value."""
    if not seen.n:
        return "–"
    return f"{metric(seen.mean)} {_deviation(seen)}".rstrip()


def drawn(seen: Spread, every: Iterable[Spread], columns: int = DRAWN) -> str:
    """From lowest to highest `─`, the mean `●`, one deviation around it `━`; all groups on one scale."""
    some = [one for one in every if one.n]
    if not seen.n:
        return ""
    low, high = min(one.low for one in some), max(one.high for one in some)

    def place(value: float) -> int:
        share = (value - low) / (high - low) if high > low else 0.5
        return min(columns - 1, max(0, round(share * (columns - 1))))

    cells = [" "] * columns
    _fill(cells, place(seen.low), place(seen.high), "─")
    if seen.deviation is not None:
        around = max(seen.low, seen.mean - seen.deviation), min(seen.high, seen.mean + seen.deviation)
        _fill(cells, place(around[0]), place(around[1]), "━")
    cells[place(seen.mean)] = "●"
    return "".join(cells).rstrip()


def _fill(cells: list[str], start: int, stop: int, character: str) -> None:
    cells[start : stop + 1] = character * (stop + 1 - start)


def group_lines(comparison: Comparison, view: View, over: Iterable[str]) -> list[list[str]]:
    """Every metric of every group as text, a head first: what is printed and copied."""
    keys = [key for key in (view.metric, *_others(comparison, view)) if key]
    head = ["group", "n", *(f"{clean(key)} {arrow(_aim(comparison, key))}".rstrip() for key in keys)]
    return [
        head,
        *(
            [group.label, str(len(group.runs)), *(_summary(comparison, key, view, group) for key in keys)]
            for group in groups(comparison, view, over)
        ),
    ]


def _others(comparison: Comparison, view: View) -> list[str]:
    return [key for key in comparison.metrics if key != view.metric]


def _aim(comparison: Comparison, key: str) -> Aim | None:
    return comparison.metrics[key].aim if key in comparison.metrics else None


def _labels(runs: Sequence[Run], left_out: Sequence[str]) -> list[str]:
    """What tells these runs apart: params first, then the rest of what makes a group."""
    facts = [
        [(clean(key), param(value)) for key, value in run.ask.params.items() if key not in left_out]
        + [("code", code(run)), ("env", run.environment.id[:8] or "none"), ("project", clean(run.project))]
        + [("$", " ".join(clean(word) for word in run.ask.command))]
        for run in runs
    ]
    everywhere = set(facts[0]).intersection(*facts) if facts else set()
    told = ("  ".join(f"{key} {text}" for key, text in fact if (key, text) not in everywhere) for fact in facts)
    return [text or "all alike" for text in told]
