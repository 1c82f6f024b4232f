"""A live chart: draws again only the cells that differ from the last picture."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from workbench.present.canvas import FREE, Bounds, Picture, Series, changes, plot
from workbench.present.cells import Cell, Line
from workbench.widgets.ink import strip

GAP = 1
"""Columns left empty at the right: the next chart begins there."""


class Chart(Widget):
    """A heading, and curves below it."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    def __init__(
        self,
        *,
        bounds: Bounds = FREE,
        empty: str = "no values yet",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self._bounds, self._empty = bounds, empty
        self._heading: Line = ()
        self._series: Sequence[Series] = ()
        self._x_labels: tuple[str, str] | None = None
        self._picture: Picture | None = None

    def show(self, heading: Line, series: Sequence[Series], x_labels: tuple[str, str] | None = None) -> None:
        if heading != self._heading:
            self._heading = heading
            self.refresh(Region(0, 0, self.size.width, 1))
        self._series, self._x_labels = series, x_labels
        self._draw()

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        width, height = self.size.width - GAP, self.size.height - 1
        if width <= 0 or height <= 0:
            return
        picture = plot(
            self._series,
            width,
            height,
            bounds=self._bounds,
            x_labels=self._x_labels,
            empty=self._empty,
        )
        for x, y, wide in changes(self._picture, picture):
            self.refresh(Region(x, y + 1, wide, 1))
        self._picture = picture

    def render_line(self, y: int) -> Strip:
        if y == 0:
            return strip(self, self._heading, self.size.width)
        picture = self._picture
        row = picture.rows[y - 1] if picture and y <= picture.height else ()
        return strip(self, _joined(row), self.size.width)


def _joined(row: Sequence[tuple[str, str]]) -> list[Cell]:
    """Neighbours of one style as one cell: fewer bytes."""
    cells: list[Cell] = []
    for character, style in row:
        if cells and (cells[-1].style == style or character == " "):
            cells[-1] = Cell(cells[-1].text + character, cells[-1].style)
        else:
            cells.append(Cell(character, style))
    return cells
