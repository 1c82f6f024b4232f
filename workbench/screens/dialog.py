"""Small windows over a screen: a question, the keys, the commands that keys stood for."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen

from workbench.present.cells import Cell, Line, plain, width
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines

FRAME = 7
"""Columns of a screen that a window over it does not have for its text."""

_SCROLLING = (
    Binding("j,down", "turn(1)", show=False),
    Binding("k,up", "turn(-1)", show=False),
    Binding("ctrl+d,pagedown", "turn_page(1)", show=False),
    Binding("ctrl+u,pageup", "turn_page(-1)", show=False),
)


class Notice(ModalScreen[None]):
    """Lines to read; any of the usual keys closes it. latest: the last ones are what one came for."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = [Binding("escape,q,enter,question_mark,at", "dismiss", show=False), *_SCROLLING]  # noqa: RUF012

    def __init__(self, title: str, lines: Sequence[Line], latest: bool = False) -> None:
        super().__init__()
        self._title, self._lines, self._latest = title, lines, latest

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = self._title
            window.border_subtitle = "esc"
            yield Lines()

    def on_mount(self) -> None:
        pane, window = self.query_one(Lines), self.query_one("#window")
        wide = max([width(plain(line)) for line in self._lines], default=0)
        window.styles.width = min(self.app.size.width - 2, max(34, wide + 5))
        window.styles.height = min(self.app.size.height - 2, len(self._lines) + 2)
        pane.show(self._lines)
        if self._latest:
            self.call_after_refresh(pane.turn_to, 1)

    def action_turn(self, lines: int) -> None:
        self.query_one(Lines).turn(lines)

    def action_turn_page(self, direction: int) -> None:
        self.query_one(Lines).turn_page(direction)


class Confirm(ModalScreen[bool]):
    """A question that names what it is about. Only `y` says yes."""

    CSS_PATH = "dialog.tcss"
    BINDINGS = [  # noqa: RUF012
        Binding("y", "answer(True)", show=False),
        Binding("n,escape,q,enter", "answer(False)", show=False),
    ]

    def __init__(self, question: str, about: Sequence[Line]) -> None:
        super().__init__()
        self._question, self._about = question, about

    def compose(self) -> ComposeResult:
        with Vertical(id="window", classes="question") as window:
            window.border_title = self._question
            yield Lines()
            yield OneLine((Cell("y", "key"), Cell(" yes    ", "dim"), Cell("n", "key"), Cell(" no", "dim")))

    def on_mount(self) -> None:
        window = self.query_one("#window")
        wide = max([width(plain(line)) for line in self._about], default=0)
        window.styles.width = min(self.app.size.width - 2, max(44, len(self._question) + 6, wide + 5))
        window.styles.height = min(self.app.size.height - 2, len(self._about) + 4)
        self.query_one(Lines).show(self._about)

    def action_answer(self, yes: bool) -> None:
        self.dismiss(yes)
