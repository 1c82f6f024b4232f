"""Braille dots, two by four a cell: curves and the bands behind them, as cells.

A curve is drawn column of dots by column of dots, each from the highest to the lowest row that it passes there: it has
no holes however steep it is, and a thousand points in a column cost no more than their extremes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

Glyph = tuple[str, str]
"""One character, one column wide, and the name of its style."""
Extents = tuple[list[float], list[float]]
"""For each column of dots the highest and the lowest row that a line passes: the first is larger where it passes none.
"""

ACROSS, DOWN = 2, 4
"""Dots of a cell."""
_BRAILLE = 0x2800
_DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
_MASKS = tuple(
    tuple(tuple(sum(dots[top : bottom + 1]) for bottom in range(DOWN)) for top in range(DOWN)) for dots in _DOTS
)
"""[half][top][bottom]: the dots of one half of a cell from one row to another."""


class Raster:
    """While it is being drawn. What is in front hides what is behind it, cell by cell: a cell has but one colour."""

    def __init__(self, columns: int, rows: int) -> None:
        """In cells."""
        self.columns, self.rows = columns, rows
        self.wide, self.high = columns * ACROSS, rows * DOWN
        self._front = _Layer(columns * rows)
        self._behind = _Layer(columns * rows)

    def extents(self, xs: Sequence[float], ys: Sequence[float]) -> Extents:
        """Of the line through these points, in dots from the upper left corner; xs rise, and where y is NaN it is
        broken.

        Rows are held within the raster; what lies left and right of it is left out.
        """
        tops, bottoms = [float(self.high)] * self.wide, [-1.0] * self.wide
        last_column, lowest = self.wide - 1, self.high - 1.0
        joined, x0, y0, stop = False, 0.0, 0.0, 0
        for x1, y1 in zip(xs, ys, strict=True):
            if y1 != y1:
                joined = False
                continue
            y1 = 0.0 if y1 < 0 else lowest if y1 > lowest else y1
            start, stop = stop, int(x1 + 0.5) if x1 > -0.5 else -1
            if not joined:
                joined, x0, y0, start = True, x1, y1, stop
            if start == stop:
                if 0 <= start <= last_column:
                    top, bottom = (y0, y1) if y0 < y1 else (y1, y0)
                    if top < tops[start]:
                        tops[start] = top
                    if bottom > bottoms[start]:
                        bottoms[start] = bottom
            else:
                slope = (y1 - y0) / (x1 - x0)
                before = y0 if start >= 0 else y0 + slope * (-0.5 - x0)
                for column in range(start if start > 0 else 0, (stop if stop < last_column else last_column) + 1):
                    after = y0 + slope * (column + 0.5 - x0) if column < stop else y1
                    top, bottom = (before, after) if before < after else (after, before)
                    if top < tops[column]:
                        tops[column] = top
                    if bottom > bottoms[column]:
                        bottoms[column] = bottom
                    before = after
            x0, y0 = x1, y1
        return tops, bottoms

    def curve(self, extents: Extents, style: str, *, behind: bool = False, bold: bool = False) -> None:
        """bold: no thinner than two dots."""
        layer, lowest = self._behind if behind else self._front, self.high - 1
        for column, (highest, deepest) in enumerate(zip(*extents, strict=True)):
            if highest <= deepest:
                top, bottom = int(highest + 0.5), int(deepest + 0.5)
                if bold and top == bottom:
                    top, bottom = (top, bottom + 1) if bottom < lowest else (top - 1, bottom)
                self._fill(layer, column, top, bottom, style)

    def band(self, upper: Extents, lower: Extents, style: str) -> None:
        """Everything between two lines, behind the curves."""
        for column, (highest, deepest) in enumerate(zip(upper[0], lower[1], strict=True)):
            if highest <= deepest:
                self._fill(self._behind, column, int(highest + 0.5), int(deepest + 0.5), style)

    def cells(self) -> Iterator[list[Glyph]]:
        """Row by row; ("", "") where nothing is."""
        front, behind = self._front, self._behind
        for start in range(0, self.columns * self.rows, self.columns):
            row: list[Glyph] = []
            for cell in range(start, start + self.columns):
                if bits := front.bits[cell]:
                    row.append((chr(_BRAILLE + bits), front.styles[cell]))
                elif bits := behind.bits[cell]:
                    row.append((chr(_BRAILLE + bits), behind.styles[cell]))
                else:
                    row.append(("", ""))
            yield row

    def _fill(self, layer: _Layer, column: int, top: int, bottom: int, style: str) -> None:
        masks, x = _MASKS[column & 1], column >> 1
        bits, styles = layer.bits, layer.styles
        first, last = top >> 2, bottom >> 2
        for row in range(first, last + 1):
            cell = row * self.columns + x
            bits[cell] |= masks[top & 3 if row == first else 0][bottom & 3 if row == last else 3]
            styles[cell] = style


class _Layer:
    def __init__(self, cells: int) -> None:
        self.bits = [0] * cells
        self.styles = [""] * cells
