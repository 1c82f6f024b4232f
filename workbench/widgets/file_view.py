"""The inside of a file: text, a table or an image below one line of facts."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.containers import Vertical

from workbench.present.cells import Cell, Line
from workbench.present.sheet import Sheet, sheet_header, sheet_lines
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.picture import Picture

if TYPE_CHECKING:
    from PIL.Image import Image

STEP = 8
"""Columns that text moves sideways at once."""


class FileView(Vertical):
    DEFAULT_CSS = "FileView { height: 1fr; }"

    def __init__(self) -> None:
        super().__init__()
        self._lines: Sequence[str] = ()
        self._sheet: Sheet | None = None
        self._aside = 0

    def compose(self) -> ComposeResult:
        yield OneLine(id="what")
        yield OneLine(id="header")
        yield Lines(id="content")
        yield Picture()

    @property
    def content(self) -> Lines:
        return self.query_one("#content", Lines)

    def say(self, what: Line, lines: Sequence[Line] = ()) -> None:
        """Facts, and lines that say more: while it is fetched, or where there is nothing to draw."""
        self._begin(what, "")
        self.content.show(lines)

    def show_text(self, what: Line, lines: Sequence[str]) -> None:
        """lines: clean."""
        self._begin(what, "")
        self._lines = lines
        self._draw()

    def show_sheet(self, what: Line, sheet: Sheet) -> None:
        self._begin(what, "table")
        self._sheet = sheet
        self._draw()

    def show_image(self, what: Line, image: Image) -> None:
        self._begin(what, "image")
        self.query_one(Picture).show(image)

    def turn_aside(self, by: int) -> None:
        """Show what stands further left or right."""
        steps = max(map(len, self._lines), default=0) // STEP
        most = len(self._sheet.header) - 1 if self._sheet else steps
        self._aside = max(0, min(self._aside + by, most))
        self._draw()

    def _begin(self, what: Line, kind: str) -> None:
        self.query_one("#what", OneLine).show(what)
        picture = self.query_one(Picture)
        self.query_one("#header").display = kind == "table"
        self.content.display, picture.display = kind != "image", kind == "image"
        if kind != "image":
            picture.show(None)
        self._lines, self._sheet, self._aside = (), None, 0
        self.content.scroll_line(0)

    def _draw(self) -> None:
        if self._sheet is not None:
            self.query_one("#header", OneLine).show(sheet_header(self._sheet, self._aside))
            self.content.show(sheet_lines(self._sheet, self._aside))
        elif self._lines:
            self.content.show([(Cell(line[self._aside * STEP :]),) for line in self._lines])
        else:
            self.content.show([(Cell("it is empty", "dim"),)])
