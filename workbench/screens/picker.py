"""Choosing from a list that is too long for keys: type some letters, enter takes it; of several, tab takes each."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input

from workbench.domain import fuzzy
from workbench.present.cells import Cell, Line, width
from workbench.present.sanitise import clean
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines

SHOWN = 10


class Picker(ModalScreen[tuple[str, ...] | None]):
    """What was picked, in the order of picking; None where nothing was meant to change."""

    CSS_PATH = ["dialog.tcss", "picker.tcss"]  # noqa: RUF012
    BINDINGS = [  # noqa: RUF012
        Binding("escape", "dismiss(None)", show=False),
    ]

    def __init__(self, title: str, choices: Sequence[str], picked: Sequence[str] = (), several: bool = False) -> None:
        super().__init__()
        self._title, self._choices, self._several = title, choices, several
        self._picked = list(picked)
        self._fitting = list(choices)
        self._cursor = 0

    def compose(self) -> ComposeResult:
        with Vertical(id="window") as window:
            window.border_title = self._title
            yield Input(select_on_focus=False)
            yield Lines()
            keys = ("tab", " show or hide   ", "enter", " done") if self._several else ("enter", " takes it")
            yield OneLine(tuple(Cell(text, "key" if place % 2 == 0 else "dim") for place, text in enumerate(keys)))

    def on_mount(self) -> None:
        wide = max([len(self._title), *(width(clean(choice)) for choice in self._choices)], default=0)
        self.query_one("#window").styles.width = min(self.app.size.width - 2, max(36, wide + 9))
        self.query_one(Lines).styles.height = min(SHOWN, len(self._choices))
        self._draw()

    def _draw(self) -> None:
        lines: list[Line] = []
        for index, choice in enumerate(self._fitting):
            here, taken = index == self._cursor, choice in self._picked
            mark = f"{self._picked.index(choice) + 1} " if taken and self._several else "● " if taken else "  "
            style = "strong" if here else ""
            lines.append((Cell("▸ " if here else "  ", "key"), Cell(mark, "marked"), Cell(clean(choice), style)))
        pane = self.query_one(Lines)
        pane.show(lines or [(Cell("  nothing is called that", "dim"),)])
        top = pane.scroll_offset.y
        if not top <= self._cursor < top + SHOWN:
            pane.scroll_line(self._cursor if self._cursor < top else self._cursor - SHOWN + 1)

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        found = fuzzy.rank(event.value, self._choices, len(self._choices)) if event.value.strip() else None
        self._fitting = list(self._choices) if found is None else [self._choices[index] for index, _ in found]
        self._cursor = 0
        self._draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if self._several:
            self.dismiss(tuple(self._picked))
        else:
            self.dismiss((self._fitting[self._cursor],) if self._fitting else None)

    def on_key(self, event: events.Key) -> None:
        """Bubbled up here: behind the letters that were typed before it."""
        moves = {"up": -1, "down": 1}
        if event.key in moves and self._fitting:
            self._cursor = (self._cursor + moves[event.key]) % len(self._fitting)
            self._draw()
        elif event.key == "tab":
            self._take()
        else:
            return
        event.stop()
        event.prevent_default()

    def _take(self) -> None:
        if self._several and self._fitting:
            one = self._fitting[self._cursor]
            self._picked.remove(one) if one in self._picked else self._picked.append(one)
            self._draw()
