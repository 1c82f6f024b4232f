"""A scrolled pane whose content grows all day: growing repaints neither the screen nor the pane."""

from __future__ import annotations

from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.widget import Widget


class Scrolling(ScrollView):
    """Room for the scrollbar is always kept, so that content may grow without a new layout of the screen.

    Textual lays the whole screen out anew, and repaints it, whenever `virtual_size` is assigned: 14 KB at 80x24
    for every line of a log.
    """

    DEFAULT_CSS = "Scrolling { overflow-x: hidden; overflow-y: scroll; scrollbar-size: 1 1; width: 1fr; height: 1fr; }"

    def set_length(self, lines: int) -> None:
        """There are so many lines to scroll through."""
        size = Size(self.size.width, lines)
        self.set_reactive(Widget.virtual_size, size)
        self._scroll_update(size)
        if self.scroll_offset.y > self.max_scroll_y:
            self.scroll_line(self.max_scroll_y)

    def scroll_line(self, line: int) -> None:
        """Put this line at the top, as far as there are enough lines below it."""
        self.scroll_to(y=line, animate=False, force=True)
