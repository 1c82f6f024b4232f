"""The line of a screen's tabs. A click on one says which it was; its owner shows it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from workbench.present.tabs import tab_at, tab_line
from workbench.widgets.ink import strip


class TabBar(Widget):
    DEFAULT_CSS = "TabBar { height: 1; width: 1fr; }"

    class Clicked(Message):
        def __init__(self, title: str) -> None:
            super().__init__()
            self.title = title

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: tuple[tuple[str, ...], str, str] = ((), "", "")

    def show(self, titles: Sequence[str], front: str, note: str = "") -> None:
        """These tabs from now on, `front` raised; at the right end a note, as far as there is room."""
        shown = (tuple(titles), front, note)
        if shown != self._shown:
            self._shown = shown
            self.refresh()

    def on_click(self, event: events.Click) -> None:
        if title := tab_at(self._shown[0], event.x):
            self.post_message(self.Clicked(title))

    def render_line(self, y: int) -> Strip:
        return strip(self, tab_line(*self._shown, self.size.width), self.size.width)
