"""The line above a chart: what it shows, each curve's name and value in its colour, and how one looks at it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from workbench.present.axis import Unit, clock, duration
from workbench.present.canvas import Series, left_out
from workbench.present.cells import Cell, Line, plain, width
from workbench.present.numbers import metric
from workbench.present.view import WHOLE, View

MARK = "▪"
_BY = {Unit.NUMBER: "", Unit.DURATION: "by time"}
Say = Callable[[float], str]


def heading(
    title: str, series: Sequence[Series], columns: int, view: View = WHOLE, unit: Unit = Unit.NUMBER, say: Say = metric
) -> Line:
    """`loss  ▪ train 0.231  ▪ val 0.354   by step`, no wider than columns; with a cursor the values there.

    title and labels are clean. say: a value in words. What has no room is left out: notes first, then curves, counted.
    """
    named = [one for one in series if one.label]
    alone = len(named) == 1 and named[0].label == title
    entries = [_entry(one, view.cursor, say, alone) for one in named]
    notes = _notes(named, view, unit)
    if view.cursor is not None:
        notes = [f"at {position(view.cursor, view, unit)}", *notes[unit in _BY :]]
    head: Line = (Cell(title, "title"),) if title else ()
    if not named:
        return head
    for kept in range(len(notes), -1, -1):
        tail = Cell("   " + "  ".join(notes[:kept]), "dim") if kept else Cell("")
        if _wide(head, *entries, (tail,)) <= columns:
            return _joined(head, *entries, (tail,))
    for kept in range(len(entries) - 1, 0, -1):
        rest = Cell(f"  +{len(entries) - kept}", "dim")
        if _wide(head, *entries[:kept], (rest,)) <= columns:
            return _joined(head, *entries[:kept], (rest,))
    return _joined(head, *entries[:1])


def position(x: float, view: View, unit: Unit) -> str:
    """`step 120`, `12m 4s`, `epoch 3.5`, `12:04:00`."""
    if unit is Unit.NUMBER:
        return f"{view.over} {x:.0f}" if view.over == "step" else f"{view.over} {metric(x)}"
    return clock(x, 1.0) if unit is Unit.CLOCK else duration(x)


def _entry(one: Series, cursor: float | None, say: Say, alone: bool) -> Line:
    if cursor is None:
        last = one.ys[-1] if one.last is None and one.ys else one.last
        words = "–" if last is None else say(last)
    else:
        words = "–" if (value := one.near(cursor)) != value else say(value)
    if alone:
        return (Cell(f"  {words}", one.style),)
    return Cell(f"  {MARK} {one.label}", one.style), Cell(f" {words}")


def _notes(named: Sequence[Series], view: View, unit: Unit) -> list[str]:
    notes = [_BY[unit] or f"by {view.over}"] if unit in _BY else []
    if view.smoothing:
        notes.append(f"smoothed {view.smoothing:g}")
    if view.log_x or view.log_y:
        notes.append("log " + "".join(name for name, is_so in (("x", view.log_x), ("y", view.log_y)) if is_so))
    if view.log_y and (count := left_out(named)):
        notes.append(f"{count} not above 0 left out")
    return notes


def _wide(*lines: Line) -> int:
    return sum(width(plain(line)) for line in lines)


def _joined(*lines: Line) -> Line:
    return tuple(cell for line in lines for cell in line if cell.text)
