"""Tables as plain text, for the command line and wherever there is no terminal."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.present.cells import cut, pad, width
from workbench.present.sanitise import clean

GAP = 2
NARROWEST = 6
PADDED = 60
"""Columns that the rest of a table is aligned behind, where nothing is cut: a long cell stretches its line alone."""
_NUMBERS = frozenset("0123456789.,:+-%e ")


def table(headers: Sequence[str], rows: Sequence[Sequence[str]], columns: int | None = None) -> list[str]:
    """Aligned lines, the header first, none wider than `columns`; None: as wide as they come, whole.

    Cells are sanitised here. Columns of numbers are set to the right. Where there is no room, the widest
    columns give way first.
    """
    cells = [[clean(cell) for cell in row] for row in rows]
    right = [_numeric([row[index] for row in cells]) for index in range(len(headers))]
    widths = [
        max(width(header), max((width(row[index]) for row in cells), default=0)) for index, header in enumerate(headers)
    ]
    lines = [list(headers), *cells]
    if columns is None:
        widths = [min(wide, PADDED) for wide in widths]
    else:
        _narrow(widths, columns - GAP * (len(headers) - 1))
        lines = [[cut(cell, wide) for cell, wide in zip(line, widths, strict=True)] for line in lines]
    shapes = list(zip(widths, right, strict=True))
    return [
        (" " * GAP).join(pad(cell, *shape) for cell, shape in zip(line, shapes, strict=True)).rstrip() for line in lines
    ]


def _numeric(cells: Sequence[str]) -> bool:
    seen = [cell for cell in cells if cell]
    return bool(seen) and all(set(cell) <= _NUMBERS or cell in ("nan", "inf", "-inf", "–") for cell in seen)


def _narrow(widths: list[int], room: int) -> None:
    while sum(widths) > room and max(widths) > NARROWEST:
        widths[widths.index(max(widths))] -= 1
