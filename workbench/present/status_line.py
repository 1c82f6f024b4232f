"""The line at the top of every screen: where one is at the left, how machines and runs are at the right."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.present.cells import Cell, Line, plain, width
from workbench.present.devices import Machine
from workbench.present.machines import summary
from workbench.present.status import counts

LIVE = ("running", "preparing", "queued", "held")
"""Statuses that are counted."""


def status_line(
    badge: Line, title: str, marked: int, machines: Sequence[Machine], numbers: Mapping[str, int], columns: int
) -> Line:
    """As much of it as these columns take. numbers: status -> how many runs there are."""
    left: list[Cell] = [*badge, Cell(f" {title}", "title")]
    if marked:
        left.append(Cell(f"  {marked:,} marked", "marked"))
    live = {name: numbers.get(name, 0) for name in LIVE}
    whole, short = summary(machines), summary(machines, words=False)
    few = counts(live, full=False)
    for right in ((*whole, *counts(live)), (*whole, *few), (*short, *few), few):
        room = columns - width(plain(left)) - width(plain(right)) - 1
        if room >= 2:
            return (*left, Cell(" " * room), *right, Cell(" "))
    return tuple(left)
