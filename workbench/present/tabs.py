"""The line of a screen's tabs."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.present.cells import Cell, Line, cut, plain, width


def tab_line(titles: Sequence[str], front: str, note: str = "", columns: int = 0) -> Line:
    """The titles, the one in front raised; at the right end of so many columns a note, as far as there is room."""
    cells = [Cell(" ")]
    for title in titles:
        cells += [Cell(f" {title} ", "tab" if title == front else "dim"), Cell(" ")]
    room = columns - width(plain(cells)) - 1
    if note and room >= 8:
        cells.append(Cell(cut(note, room).rjust(room), "dim"))
    return tuple(cells)


def tab_at(titles: Sequence[str], column: int) -> str:
    """The title that stands at this column of the line, "" beside all of them."""
    x = 1
    for title in titles:
        if x <= column < x + width(title) + 2:
            return title
        x += width(title) + 3
    return ""
