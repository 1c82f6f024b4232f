"""A live chart: draws again only the cells that differ from the last picture, and says how it was asked to look."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workbench.present.axis import Unit
from workbench.present.canvas import FREE, Bounds, Picture, Series, changes, plot, whole
from workbench.present.cells import Cell, Line
from workbench.present.legend import heading
from workbench.present.numbers import metric
from workbench.present.view import WHOLE, ZOOM, Sight, View, zoomed
from workbench.widgets.ink import strip

NO_VALUES = "no values yet"
GAP = 1
"""Columns left empty at the right: the next chart begins there."""


class Chart(Widget):
    """A heading, and curves below it. It looks as its owner says: wheel and click only ask for it."""

    DEFAULT_CSS = "Chart { height: 1fr; width: 1fr; }"

    class Looked(Message):
        """The mouse asks for another view."""

        def __init__(self, chart: Chart, view: View) -> None:
            super().__init__()
            self.chart, self.view = chart, view

        @property
        def control(self) -> Chart:
            return self.chart

    def __init__(
        self,
        *,
        bounds: Bounds = FREE,
        unit: Unit = Unit.NUMBER,
        say: Callable[[float], str] = metric,
        empty: str = NO_VALUES,
        id: str | None = None,
    ) -> None:
        """unit: of x. say: a value of y in words."""
        super().__init__(id=id)
        self._bounds, self._unit, self._say, self._empty = bounds, unit, say, empty
        self._title: str | Line = ""
        self._series: Sequence[Series] = ()
        self._heading: Line = ()
        self._picture: Picture | None = None
        self.view = WHOLE

    def show(self, title: str | Line, series: Sequence[Series]) -> None:
        """Draw these, clean, the most important one first. A line is the whole heading."""
        self._title, self._series = title, series
        self._draw()

    def look(self, view: View, unit: Unit, empty: str = NO_VALUES) -> None:
        """In this way from the next drawing on."""
        self.view, self._unit, self._empty = view, unit, empty

    @property
    def sight(self) -> Sight | None:
        """What is on screen; None while it is nothing but words."""
        picture, everything = self._picture, whole(self._series, self._bounds, self.view, self._unit)
        if picture is None or picture.frame is None or everything is None:
            return None
        xs = max((one.xs for one in self._series), key=len)
        return Sight(picture.frame.x, everything, xs, picture.width - picture.margin)

    def on_resize(self, event: events.Resize) -> None:
        self._draw()

    def on_hide(self) -> None:
        """What was painted must not come back with it: it is drawn anew from what there is by then."""
        self._heading, self._picture = (), None

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._zoom(event, ZOOM)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._zoom(event, 1 / ZOOM)

    def on_click(self, event: events.Click) -> None:
        at = self._x_at(event)
        if at is not None and (sight := self.sight):
            nearest = min(sight.xs, key=lambda x: abs(x - at))
            self.post_message(self.Looked(self, replace(self.view, cursor=nearest)))

    def _zoom(self, event: events.MouseEvent, factor: float) -> None:
        event.stop()
        if sight := self.sight:
            self.post_message(self.Looked(self, zoomed(self.view, sight, factor, self._x_at(event))))

    def _x_at(self, event: events.MouseEvent) -> float | None:
        return self._picture.x_at(event.x) if self._picture and event.y > 0 else None

    def _draw(self) -> None:
        if not self._has_room:
            return
        said, picture = self._drawing()
        if said != self._heading:
            self._heading = said
            self.refresh(Region(0, 0, self.size.width, 1))
        for x, y, wide in changes(self._picture, picture):
            self.refresh(Region(x, y + 1, wide, 1))
        self._picture = picture

    @property
    def _has_room(self) -> bool:
        return self.size.width > GAP and self.size.height > 1

    def _drawing(self) -> tuple[Line, Picture]:
        width, height = self.size.width - GAP, self.size.height - 1
        said = self._title
        if isinstance(said, str):
            said = heading(said, self._series, width, self.view, self._unit, self._say)
        picture = plot(
            self._series,
            width,
            height,
            bounds=self._bounds,
            view=self.view,
            unit=self._unit,
            empty=self._empty,
        )
        return said, picture

    def render_line(self, y: int) -> Strip:
        if self._picture is None and self._has_room:
            self._heading, self._picture = self._drawing()
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
