"""Curves drawn in braille: two by four dots a cell. Pure: series in, a grid of cells out, and what differs between two.

A cell has one colour, so where curves cross in one cell the later one gives it.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workbench.present.cells import cut
from workbench.present.numbers import metric

Glyph = tuple[str, str]
"""One character, one column wide, and the name of its style."""

_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_BRAILLE = 0x2800
SERIES_STYLES = tuple(f"series{number}" for number in range(1, 7))


@dataclass(frozen=True, slots=True)
class Series:
    label: str
    xs: Sequence[float]
    """Rising."""
    ys: Sequence[float]
    """As many; NaN and infinities leave a gap."""
    style: str = "series1"


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    rows: tuple[tuple[Glyph, ...], ...]

    @property
    def text(self) -> str:
        return "\n".join("".join(character for character, _ in row).rstrip() for row in self.rows)


@dataclass(frozen=True, slots=True)
class Frame:
    """The stretch of numbers that a chart shows."""

    left: float
    right: float
    bottom: float
    top: float


@dataclass(frozen=True, slots=True)
class Bounds:
    """Edges of a frame that stay where they are, whatever the values; None: goes with them."""

    left: float | None = None
    right: float | None = None
    bottom: float | None = None
    top: float | None = None


FREE = Bounds()


def frame(series: Sequence[Series], bounds: Bounds = FREE) -> Frame | None:
    """The smallest frame around everything finite, but for the edges that are bound. None: nothing to show."""
    points = [(x, y) for one in series for x, y in zip(one.xs, one.ys, strict=True) if math.isfinite(y)]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    low = min(ys) if bounds.bottom is None else bounds.bottom
    high = max(ys) if bounds.top is None else bounds.top
    if low >= high:
        margin = abs(low) * 0.1 or 1.0
        low, high = low - margin, high + margin
    left = min(xs) if bounds.left is None else bounds.left
    right = max(xs) if bounds.right is None else bounds.right
    return Frame(left, right if right > left else left + 1, low, high)


def plot(
    series: Sequence[Series],
    width: int,
    height: int,
    *,
    bounds: Bounds = FREE,
    x_labels: tuple[str, str] | None = None,
    empty: str = "no values yet",
) -> Picture:
    """A chart of `width` by `height` cells: y labels at the left, the curves, x labels in the last row."""
    seen = frame(series, bounds)
    if seen is None or width < 12 or height < 3:
        return _message(empty, width, height)
    labels = _y_labels(seen, height - 1)
    margin = max(len(label) for label in labels.values()) + 1
    dots = _Dots(width - margin, height - 1)
    for one in series:
        dots.curve(one, seen)
    rows: list[tuple[Glyph, ...]] = []
    for row, line in enumerate(dots.lines()):
        label = labels.get(row, "").rjust(margin - 1) + ("┤" if row in labels else "│")
        rows.append((*_glyphs(label, "dim"), *line))
    first, last = x_labels or (metric(seen.left), metric(seen.right))
    axis = " " * margin + first + last.rjust(width - margin - len(first))
    rows.append(_glyphs(axis[:width].ljust(width), "dim"))
    return Picture(width, height, tuple(rows))


def changes(old: Picture | None, new: Picture) -> Iterator[tuple[int, int, int]]:
    """(x, y, width) of the stretches that differ: one a row at most. Everything, where the size changed."""
    if old is None or (old.width, old.height) != (new.width, new.height):
        yield from ((0, y, new.width) for y in range(new.height))
        return
    for y, (before, after) in enumerate(zip(old.rows, new.rows, strict=True)):
        if before == after:
            continue
        differing = [x for x, (one, other) in enumerate(zip(before, after, strict=True)) if one != other]
        yield differing[0], y, differing[-1] - differing[0] + 1


def _glyphs(text: str, style: str) -> tuple[Glyph, ...]:
    return tuple((character, style) for character in text)


def _message(text: str, width: int, height: int) -> Picture:
    blank = _glyphs(" " * width, "")
    rows = [blank] * height
    if height:
        rows[height // 2] = _glyphs(cut(text, width).center(width)[:width], "dim")
    return Picture(width, height, tuple(rows))


def _y_labels(seen: Frame, height: int) -> dict[int, str]:
    """Row -> label: top and bottom, and the middle where there is room."""
    rows = {0, height - 1} | ({(height - 1) // 2} if height >= 7 and height % 2 else set())
    span = seen.top - seen.bottom
    return {row: metric(seen.top - span * row / max(1, height - 1)) for row in sorted(rows)}


class _Dots:
    """The raster while it is being drawn."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.bits = [0] * (columns * rows)
        self.styles = [""] * (columns * rows)

    def curve(self, series: Series, seen: Frame) -> None:
        """Lines from point to point."""
        width, height = self.columns * 2 - 1, self.rows * 4 - 1
        x_scale, y_scale = width / (seen.right - seen.left), height / (seen.top - seen.bottom)
        before: tuple[int, int] | None = None
        for x, y in zip(series.xs, series.ys, strict=True):
            if not (math.isfinite(y) and seen.left <= x <= seen.right):
                before = None
                continue
            column = round((x - seen.left) * x_scale)
            row = round((seen.top - min(seen.top, max(seen.bottom, y))) * y_scale)
            if before is None:
                self._dot(column, row, series.style)
            elif before != (column, row):
                self._line(*before, column, row, series.style)
            before = (column, row)

    def lines(self) -> Iterator[tuple[Glyph, ...]]:
        for start in range(0, len(self.bits), self.columns):
            stretch = slice(start, start + self.columns)
            yield tuple(
                (chr(_BRAILLE + bits), style) if bits else (" ", "")
                for bits, style in zip(self.bits[stretch], self.styles[stretch], strict=True)
            )

    def _dot(self, x: int, y: int, style: str) -> None:
        cell = (y // 4) * self.columns + x // 2
        self.bits[cell] |= _DOTS[x % 2][y % 4]
        self.styles[cell] = style

    def _line(self, x: int, y: int, to_x: int, to_y: int, style: str) -> None:
        """Bresenham's."""
        across, down = abs(to_x - x), -abs(to_y - y)
        right, below = (1 if x < to_x else -1), (1 if y < to_y else -1)
        slip = across + down
        while True:
            self._dot(x, y, style)
            if x == to_x and y == to_y:
                return
            twice = 2 * slip
            if twice >= down:
                slip += down
                x += right
            if twice <= across:
                slip += across
                y += below
