"""One metric of several runs, a curve each, and the list of runs that is their legend. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.domain.comparison import Comparison
from workbench.present.canvas import SERIES_STYLES, Series
from workbench.present.cells import Cell
from workbench.present.columns import Column
from workbench.present.compare import NOTHING, View
from workbench.present.curves import Measured, Pace, drawn
from workbench.present.groups import best_of, groups
from workbench.present.legend import MARK, position
from workbench.present.numbers import metric
from workbench.present.sanitise import clean
from workbench.present.view import UNITS
from workbench.present.view import View as Look

FEW = 6
"""Runs up to which every curve is as loud as the others."""
GROUP_FROM = 60
"""Columns of the list from which it has room to say which group a run is of."""


@dataclass(frozen=True, slots=True)
class Entry:
    """How one run is drawn."""

    name: str
    """Clean, as is the group."""
    style: str
    group: str = ""
    """What its colour stands for; "" where that is the run alone."""


def entries(comparison: Comparison, view: View) -> list[Entry]:
    """Of each run. Runs that differ only in their seed have one colour, where there are others to tell them from."""
    runs = comparison.runs
    found = sorted(groups(comparison, view, view.averaged(runs)), key=lambda group: group.runs)
    if not 1 < len(found) < len(runs):
        return [Entry(clean(run.name), _style(index)) for index, run in enumerate(runs)]
    of = {index: (number, group.label) for number, group in enumerate(found) for index in group.runs}
    return [Entry(clean(run.name), _style(of[index][0]), of[index][1]) for index, run in enumerate(runs)]


def _style(number: int) -> str:
    return SERIES_STYLES[number % len(SERIES_STYLES)]


def overlaid(
    every: Sequence[Entry],
    measured: Sequence[Measured],
    lasts: Sequence[float | None],
    at: int,
    look: Look,
    paces: Sequence[Pace],
) -> dict[int, list[Series]]:
    """Index of a run -> its curve, the one at `at` first: bold, alone with extremes and name. The others are faint
    where they are many. A run without values has none."""
    found = {}
    for index in (at, *(index for index in range(len(every)) if index != at)):
        front, one = index == at, measured[index]
        if not front:
            one = replace(one, lows=(), highs=())
        name, style = every[index].name if front else "", every[index].style
        curves = drawn(one, name, style, look, paces[index], bold=front, last=lasts[index])
        if not front:
            curves = [replace(curve, faint=len(every) > FEW) for curve in curves[:1]]
        if curves:
            found[index] = curves
    return found


def columns(comparison: Comparison, key: str, look: Look) -> tuple[Column, ...]:
    """Of the list of runs: with each one's best, where it is known which that is, and its last or its value at the
    cursor."""
    known = key in comparison.metrics and comparison.metrics[key].aim is not None
    here = "last" if look.cursor is None else position(look.cursor, look, UNITS[look.over])
    return (
        Column("", 1),
        Column("run", 14, grows=1, most=40),
        Column("group", 16, need=GROUP_FROM, grows=2),
        *([Column("best", 8, right=True)] if known else []),
        Column(here, 11, right=True),
    )


def rows(
    comparison: Comparison,
    key: str,
    view: View,
    look: Look,
    every: Sequence[Entry],
    curves: Mapping[int, Sequence[Series]],
) -> list[tuple[Cell, ...]]:
    """A run each, as many cells as columns."""
    measured = comparison.metrics.get(key)
    bests, lasts = comparison.values(key, True), comparison.values(key, False)
    best = best_of(range(len(every)), bests, measured.aim) if measured and measured.aim else None
    made = []
    for index, entry in enumerate(every):
        value = lasts[index]
        if look.cursor is not None:
            there = curves[index][0].near(look.cursor) if index in curves else math.nan
            value = None if math.isnan(there) else there
        cells = [
            Cell(MARK if index in curves else " ", entry.style),
            Cell(entry.name, "strong" if index == view.at else ""),
            Cell(entry.group, "dim"),
            *([_number(bests[index], "good" if index == best else "dim")] if best is not None else []),
            _number(value),
        ]
        made.append(tuple(cells))
    return made


def _number(value: float | None, style: str = "") -> Cell:
    return NOTHING if value is None else Cell(metric(value), style)
