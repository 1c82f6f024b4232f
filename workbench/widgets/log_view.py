"""A stretch of a log, drawn from any line on, cut or wrapped; at its end it follows what comes.

Its owner fetches: `Moved` says that somebody looks elsewhere, `wants` which way more of the log is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workbench.present.cells import Cell, Line, wrap_line
from workbench.present.log_lines import drawn
from workbench.present.log_window import Held, LogWindow
from workbench.widgets.ink import strip

WHEEL = 3
"""Rows that a wheel's notch turns."""


class LogView(Widget):
    DEFAULT_CSS = "LogView { height: 1fr; width: 1fr; }"

    class Moved(Message):
        def can_replace(self, message: Message) -> bool:
            return isinstance(message, LogView.Moved)

    class Sought(Message):
        """The scrollbar was clicked where this byte of the log is."""

        def __init__(self, offset: int) -> None:
            super().__init__()
            self.offset = offset

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.window = LogWindow(0)
        self.size_of_log = 0
        """Bytes, as far as is known."""
        self.following = True
        self.wrapped = False
        self._empty = ""
        self._top = 0
        """The first line on screen, and the first of its rows."""
        self._row = 0
        self._marks: Mapping[int, Held] = {}
        self._at: int | None = None
        self._rows: list[tuple[Line, str]] = []
        self._thumb = range(0)

    # What its owner says.

    def show(self, window: LogWindow, following: bool) -> None:
        """Another stretch, from its beginning or, following, at its end."""
        self.window, self.following = window, following
        self._top = self._row = 0
        self._empty = ""
        self.redraw()

    def grew(self, size: int, added: int = 0, gone: int = 0) -> None:
        """There are lines more at the front of the window, fewer there, or others at its end."""
        self.size_of_log = max(size, self.window.reach)
        self._top = max(0, self._top + added - gone)
        self.redraw()

    def say_empty(self, words: str) -> None:
        """What is said where there is no line."""
        if words != self._empty:
            self._empty = words
            self.redraw()

    def mark(self, hits: Mapping[int, Held], at: int | None) -> None:
        """What was looked for stands out; `at` is the line in question."""
        self._marks, self._at = hits, at
        self.redraw()

    def reveal(self, offset: int) -> None:
        """Have the line at this byte on screen, and some before it."""
        index = self.window.index(offset)
        self.following = False
        if index not in self.on_screen:
            self._top, self._row = index, 0
            self._up(self.page // 3)
            self._elsewhere()

    def wrap(self, wrapped: bool) -> None:
        self.wrapped, self._row = wrapped, 0
        self._elsewhere()

    # What it says.

    @property
    def page(self) -> int:
        return max(1, self.size.height)

    @property
    def on_screen(self) -> range:
        """Lines on screen, by their index in the window."""
        index, rows = self._top, -self._row
        while index < len(self.window.lines) and rows < self.page:
            rows += len(self._rows_of(index))
            index += 1
        return range(self._top, index)

    @property
    def shown_to(self) -> int:
        """Byte of the log where what is on screen ends."""
        last = self.on_screen.stop
        return self.window.lines[last].offset if last < len(self.window.lines) else self.window.end

    @property
    def shown_from(self) -> int:
        return self.window.lines[self._top].offset if self.window.lines else self.window.start

    def wants(self) -> Literal["older", "newer", ""]:
        """Which way the log must be fetched, to have a page more than is on screen."""
        if not self.size.height:
            return ""
        if self._top < self.page and self.window.start > 0:
            return "older"
        if self.following or self.on_screen.stop + self.page > len(self.window.lines):
            return "newer"
        return ""

    # Moving.

    def turn(self, rows: int) -> None:
        if rows < 0:
            self.following = False
            self._up(-rows)
        else:
            self._down(rows)
            self.following = self._at_end and self.window.reach >= self.size_of_log
        self._elsewhere()

    def turn_page(self, direction: int) -> None:
        self.turn(direction * max(1, self.page // 2))

    def to_top(self) -> None:
        self.following = False
        self._top = self._row = 0
        self._elsewhere()

    def follow(self) -> None:
        self.following = True
        self._elsewhere()

    def _up(self, rows: int) -> None:
        rows -= self._row
        self._row = 0
        while rows > 0 and self._top > 0:
            self._top -= 1
            rows -= len(self._rows_of(self._top))
        self._row = max(0, -rows)

    def _down(self, rows: int) -> None:
        self._row += rows
        while self._top < len(self.window.lines) and self._row >= (high := len(self._rows_of(self._top))):
            self._row -= high
            self._top += 1
        if self._beyond_end():
            self._to_end()

    def _to_end(self) -> None:
        self._top, self._row = len(self.window.lines), 0
        self._up(self.page)

    def _beyond_end(self) -> bool:
        """Whether rows are left empty below the last line, and lines above could fill them."""
        rows, index = -self._row, self._top
        while index < len(self.window.lines) and rows < self.page:
            rows += len(self._rows_of(index))
            index += 1
        return rows < self.page

    @property
    def _at_end(self) -> bool:
        before = self._top, self._row
        self._to_end()
        end = self._top, self._row
        self._top, self._row = before
        return before >= end

    def _elsewhere(self) -> None:
        self.redraw()
        self.post_message(self.Moved())

    # Drawing.

    def redraw(self) -> None:
        """Paint again what differs from what is on screen."""
        if not self.size:
            return
        before, thumb = self._rows, self._thumb
        self._settle()
        width = self.size.width
        for y in range(self.size.height):
            if before[y : y + 1] != self._rows[y : y + 1]:
                self.refresh(Region(0, y, width, 1))
            elif (y in thumb) != (y in self._thumb):
                self.refresh(Region(width - 1, y, 1, 1))

    def _settle(self) -> None:
        """What is to be on screen."""
        if self.following or self._beyond_end():
            self._to_end()
        self._rows, self._thumb = self._picture(), self._bar()

    def _picture(self) -> list[tuple[Line, str]]:
        rows: list[tuple[Line, str]] = []
        for index in self.on_screen:
            over = "cursor" if self.window.lines[index].offset == self._at else ""
            rows += [(row, over) for row in self._rows_of(index)]
        if not self.window.lines and self._empty:
            return [((Cell(self._empty, "dim"),), "")]
        return rows[self._row : self._row + self.page]

    def _rows_of(self, index: int) -> list[Line]:
        line = self.window.lines[index]
        cells = drawn(self._marks.get(line.offset, line) if self._marks else line)
        return wrap_line(cells, max(1, self.size.width - 2)) if self.wrapped else [cells]

    def _bar(self) -> range:
        """Rows of the scrollbar that stand for what is on screen: by bytes, since nobody has counted the lines."""
        size, page = max(self.size_of_log, self.window.end), self.page
        first, last = self.shown_from, self.shown_to
        if not size or last - first >= size:
            return range(0)
        top = min(page - 1, page * first // size)
        return range(page - 1 if last >= size else top, page) if last >= size else range(top, top + 1)

    def on_resize(self, event: events.Resize) -> None:
        self._row = 0
        self._rows = []
        self._elsewhere()

    def on_hide(self) -> None:
        """What was painted must not come back with it: it is drawn anew from what there is by then."""
        self._rows = []

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        event.stop()
        self.turn(WHEEL)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        event.stop()
        self.turn(-WHEEL)

    def on_click(self, event: events.Click) -> None:
        if event.x == self.size.width - 1 and self._thumb:
            self.post_message(self.Sought(self.size_of_log * event.y // max(1, self.page - 1)))

    def render_line(self, y: int) -> Strip:
        if not self._rows:
            self._settle()
        line, over = self._rows[y] if y < len(self._rows) else ((), "")
        width = max(0, self.size.width - 2)
        bar = Cell(" ▐" if y in self._thumb else "  ", "dim")
        return Strip.join([strip(self, line, width, over), strip(self, (bar,), self.size.width - width)])
