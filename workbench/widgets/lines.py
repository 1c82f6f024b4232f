"""A pane of lines to scroll in: a run's facts, a diff, a log. Repaints the lines that differ."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.geometry import Region
from textual.strip import Strip

from workbench.present.cells import Line, cut_line
from workbench.widgets.ink import strip
from workbench.widgets.scrolling import Scrolling


class Lines(Scrolling):
    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.lines: Sequence[Line] = ()

    def show(self, lines: Sequence[Line]) -> None:
        """Draw these instead; only what differs on screen is painted again."""
        before, self.lines = self.lines, lines
        if len(before) != len(lines):
            self.set_length(len(lines))
        if not self.size:
            self.refresh()  # hidden: what was painted before must not come back with it
        top = self.scroll_offset.y
        for y in range(self.size.height):
            if before[top + y : top + y + 1] != lines[top + y : top + y + 1]:
                self.refresh(Region(0, y, self.size.width, 1))

    def turn(self, lines: int) -> None:
        self.scroll_line(self.scroll_offset.y + lines)

    def turn_page(self, direction: int) -> None:
        self.turn(direction * max(1, self.size.height // 2))

    def turn_to(self, end: int) -> None:
        self.scroll_line(self.max_scroll_y if end else 0)

    def on_resize(self, event: events.Resize) -> None:
        self.set_length(len(self.lines))

    def render_line(self, y: int) -> Strip:
        index, room = self.scroll_offset.y + y, self.size.width - self.scrollbar_size_vertical
        return strip(self, cut_line(self.lines[index], room) if index < len(self.lines) else (), self.size.width)
