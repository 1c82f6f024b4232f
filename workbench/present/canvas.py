"""Charts as cells. Pure: series and a view in, a grid of cells out, and what differs between two of them.

A cell has one colour: where curves meet in one, the earlier of them gives it, but a faint one never does.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from workbench.present.axis import Axis, Tick, Unit, around, rounded, ticks
from workbench.present.cells import cut, stretch
from workbench.present.raster import Glyph, Raster
from workbench.present.view import WHOLE, View

SERIES_STYLES = tuple(f"series{number}" for number in range(1, 7))
FAINT = "faint "
"""Before the name of a style: half as loud."""
_AXIS, _GRID, _CURSOR = "faint dim", "faint dim", "accent"
_LEAST = (12, 3)
"""Columns and rows below which there is no chart."""
_GRID_EVERY = 4
"""Columns from one dot of the grid to the next."""
_LARGEST = 1e300
"""What is larger is drawn at the edge: the span of an axis is a finite number."""
_ROWS_A_TICK, _COLUMNS_A_TICK = 3, 12


@dataclass(frozen=True, slots=True)
class Series:
    label: str
    """What a legend calls it; "": it belongs to another and is in no legend."""
    xs: Sequence[float]
    """Rising, finite."""
    ys: Sequence[float]
    """As many; NaN and infinities leave a gap."""
    style: str = "series1"
    lows: Sequence[float] = ()
    """As many as ys, or none: below the curve, the lower edge of a faint band; NaN leaves a gap."""
    highs: Sequence[float] = ()
    faint: bool = False
    """Behind the others, half as loud."""
    bold: bool = False
    """Twice as thick."""
    last: float | None = None
    """What a legend says of it where there is no cursor; None: its last point."""

    def near(self, x: float) -> float:
        """Its value at the point that is nearest to x; NaN before its first and after its last."""
        if not self.xs or not self.xs[0] <= x <= self.xs[-1]:
            return math.nan
        index = bisect_left(self.xs, x)
        before = max(0, index - 1)
        return self.ys[before if x - self.xs[before] < self.xs[index] - x else index]


@dataclass(frozen=True, slots=True)
class Frame:
    """The stretch of numbers that a chart shows."""

    x: Axis
    y: Axis


@dataclass(frozen=True, slots=True)
class Bounds:
    """Edges of a frame that stay where they are, whatever the values; None: goes with them."""

    left: float | None = None
    right: float | None = None
    bottom: float | None = None
    top: float | None = None


FREE = Bounds()


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    rows: tuple[tuple[Glyph, ...], ...]
    margin: int = 0
    """Columns left of the curves."""
    frame: Frame | None = None
    """What it shows; None: only words."""

    @property
    def text(self) -> str:
        return "\n".join("".join(character for character, _ in row).rstrip() for row in self.rows)

    def x_at(self, column: int) -> float | None:
        """The x that lies in this column; None outside the curves."""
        columns = self.width - self.margin
        if self.frame is None or not 0 <= column - self.margin < columns:
            return None
        return self.frame.x.at((column - self.margin + 0.5) / columns)


def whole(series: Sequence[Series], bounds: Bounds = FREE, view: View = WHOLE, unit: Unit = Unit.NUMBER) -> Axis | None:
    """All of x that there is, with round ends; None: nothing to show."""
    firsts, lasts = [], []
    for one in series:
        xs = [x for x in one.xs if x > 0] if view.log_x else one.xs
        if xs:
            firsts.append(xs[0])
            lasts.append(xs[-1])
    if not firsts:
        return None
    left = min(firsts) if bounds.left is None else bounds.left
    right = max(lasts) if bounds.right is None else bounds.right
    axis = around(left, right, view.log_x) if left < right else Axis(left, left + 1)
    return axis if bounds.left is not None or bounds.right is not None else rounded(axis, unit)


def frame(
    series: Sequence[Series], bounds: Bounds = FREE, view: View = WHOLE, unit: Unit = Unit.NUMBER
) -> Frame | None:
    """Around everything that can be drawn in the view's window, but for edges that are bound. None: nothing to show."""
    x = whole(series, bounds, view, unit)
    if x is None:
        return None
    if view.window is not None and (left := max(view.window[0], x.low) if x.log else view.window[0]) < view.window[1]:
        x = Axis(left, view.window[1], x.log)
    values = [y for one in series for ys in _seen(one, x, view.window is None) for y in ys if y - y == 0]
    if view.log_y:
        values = [y for y in values if y > 0]
    if not values:
        return None
    low = max(-_LARGEST, min(values)) if bounds.bottom is None else bounds.bottom
    high = min(_LARGEST, max(values)) if bounds.top is None else bounds.top
    if low > high:
        low = high
    y = around(low, high, view.log_y and low > 0)
    if low < high:
        ends = rounded(y)
        low = ends.low if bounds.bottom is None else y.low
        high = ends.high if bounds.top is None else y.high
        y = Axis(low, high, y.log)
    return Frame(x, y)


def left_out(series: Iterable[Series]) -> int:
    """Values at or below zero: a logarithmic scale has no place for them."""
    return sum(y <= 0 for one in series if one.label for y in one.ys)


def plot(
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    bounds: Bounds = FREE,
    view: View = WHOLE,
    unit: Unit = Unit.NUMBER,
    empty: str = "no values yet",
) -> Picture:
    """A chart of `width` by `height` cells: numbers at the left, the curves, the unit's numbers below them."""
    seen = frame(series, bounds, view, unit)
    if seen is None or width < _LEAST[0] or height < _LEAST[1]:
        return _message(empty, width, height)
    high = height - 1
    marks = _rows(ticks(seen.y, 2 + high // _ROWS_A_TICK), seen.y, high)
    margin = min(max((len(label) for label in marks.values()), default=0) + 1, width // 2)
    columns = width - margin
    raster = Raster(columns, high)
    for _, one in sorted(enumerate(series), key=_depth):
        _draw(raster, one, seen)
    labelled = _columns(ticks(seen.x, max(2, columns // _COLUMNS_A_TICK), unit), seen.x, columns)
    cursor = None if view.cursor is None else _column(seen.x.place(view.cursor), columns)
    rows = [
        (*_margin(marks.get(row), margin), *_laid_over(cells, row in marks, cursor))
        for row, cells in enumerate(raster.cells())
    ]
    rows.append(_glyphs(" " * margin + _axis(labelled, columns), "dim"))
    return Picture(width, height, tuple(rows), margin, seen)


def changes(old: Picture | None, new: Picture) -> Iterator[tuple[int, int, int]]:
    """(x, y, width) of the stretches that differ: one a row at most. Everything, where the size changed."""
    if old is None or (old.width, old.height) != (new.width, new.height):
        yield from ((0, y, new.width) for y in range(new.height))
        return
    for y, (before, after) in enumerate(zip(old.rows, new.rows, strict=True)):
        if before != after:
            x, wide = stretch(before, after)
            yield x, y, wide


def _seen(one: Series, x: Axis, everything: bool) -> Iterator[Sequence[float]]:
    """What it has within x: values, and the edges of its band."""
    stretch = slice(None) if everything else slice(bisect_left(one.xs, x.low), bisect_right(one.xs, x.high))
    for values in (one.ys, one.lows, one.highs):
        yield values[stretch]


def _depth(placed: tuple[int, Series]) -> tuple[bool, bool, int]:
    """What is drawn later lies in front."""
    number, one = placed
    return not one.faint, one.bold, -number


def _draw(raster: Raster, one: Series, seen: Frame) -> None:
    """The band and the curve, with the points next to the window: lines to them cross its edges."""
    stretch = slice(max(0, bisect_left(one.xs, seen.x.low) - 1), bisect_right(one.xs, seen.x.high) + 1)
    xs = _across(one.xs[stretch], seen.x, raster.wide - 1)
    if one.lows and one.highs:
        upper, lower = (_down(values[stretch], seen.y, raster.high - 1) for values in (one.highs, one.lows))
        raster.band(raster.extents(xs, upper), raster.extents(xs, lower), FAINT + one.style)
    extents = raster.extents(xs, _down(one.ys[stretch], seen.y, raster.high - 1))
    raster.curve(extents, FAINT + one.style if one.faint else one.style, behind=one.faint, bold=one.bold)


def _across(values: Sequence[float], axis: Axis, last: int) -> list[float]:
    """Columns of dots, as numbers with fractions."""
    if axis.log:
        return [place * last if (place := axis.place(value)) == place else -1.0 for value in values]
    low, scale = axis.low, last / (axis.high - axis.low)
    return [(value - low) * scale for value in values]


def _down(values: Sequence[float], axis: Axis, last: int) -> list[float]:
    """Rows of dots from the top; NaN where there is no place for a value."""
    if axis.log:
        scale, top, log, nan = last / math.log(axis.high / axis.low), math.log(axis.high), math.log, math.nan
        return [(top - log(value)) * scale if 0 < value < math.inf else nan for value in values]
    high, scale = axis.high, last / (axis.high - axis.low)
    return [(high - value) * scale if value - value == 0 else math.nan for value in values]


def _column(place: float, columns: int) -> int | None:
    """Of cells; None: outside."""
    return min(columns - 1, int(place * columns)) if 0 <= place <= 1 else None


def _rows(marks: Iterable[Tick], axis: Axis, height: int) -> dict[int, str]:
    """Row of cells -> label, where their dots lie."""
    return {int((1 - axis.place(tick.value)) * (height * 4 - 1) + 0.5) // 4: tick.label for tick in marks}


def _columns(marks: Iterable[Tick], axis: Axis, columns: int) -> list[tuple[int, str]]:
    return [(column, tick.label) for tick in marks if (column := _column(axis.place(tick.value), columns)) is not None]


def _axis(labels: Iterable[tuple[int, str]], columns: int) -> str:
    """Labels under their columns, none touching another."""
    text = ""
    for column, label in labels:
        start = max(0, min(column - len(label) // 2, columns - len(label)))
        if not text or start >= len(text) + 2:
            text = text.ljust(start) + label
    return text[:columns].ljust(columns)


def _margin(label: str | None, margin: int) -> tuple[Glyph, ...]:
    if label is None:
        return (*_glyphs(" " * (margin - 1), ""), ("│", _AXIS))
    return (*_glyphs(label[: margin - 1].rjust(margin - 1), "dim"), ("┤", _AXIS))


def _laid_over(cells: Sequence[Glyph], ruled: bool, cursor: int | None) -> Iterator[Glyph]:
    """Grid and cursor in the cells that the curves leave free."""
    for column, (character, style) in enumerate(cells):
        if character:
            yield character, style
        elif column == cursor:
            yield "│", _CURSOR
        elif ruled and column % _GRID_EVERY == _GRID_EVERY - 1:
            yield "·", _GRID
        else:
            yield " ", ""


def _glyphs(text: str, style: str) -> tuple[Glyph, ...]:
    return tuple((character, style) for character in text)


def _message(text: str, width: int, height: int) -> Picture:
    blank = _glyphs(" " * width, "")
    rows = [blank] * height
    if height:
        rows[height // 2] = _glyphs(cut(text, width).center(width)[:width], "dim")
    return Picture(width, height, tuple(rows))
