"""A pane of lines to scroll in: a run's facts, a diff, a log. Repaints the lines that differ."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Region, Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from workbench.present.cells import Line
from workbench.widgets.ink import strip


class Lines(ScrollView):
    DEFAULT_CSS = "Lines { overflow-x: hidden; scrollbar-size: 1 1; }"

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these instead; only what differs on screen is painted again."""
        before, self.lines = self.lines, lines
        if len(before) != len(lines):
            self._measure()
        top = self.scroll_offset.y
        for y in range(self.size.height):
            if before[top + y : top + y + 1] != lines[top + y : top + y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    @property
    def at_end(self) -> bool:
        return self.scroll_offset.y >= self.max_scroll_y

    def turn(self, lines: int) -> None:
        self.scroll_to(y=self.scroll_offset.y + lines, animate=False, force=True)

    def turn_page(self, direction: int) -> None:
        self.turn(direction * max(1, self.size.height // 2))

    def _measure(self) -> None:
        self.virtual_size = Size(self.size.width, len(self.lines))

    def on_resize(self, event: events.Resize) -> None:
        self._measure()

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        return strip(self, self.lines[index] if index < len(self.lines) else (), self.size.width)
