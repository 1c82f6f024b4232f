"""The line at the bottom where one types: a filter, or where to go. It shows where a filter stops to make sense."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from workbench.present.cells import Cell
from workbench.present.sanitise import clean
from workbench.widgets.line import OneLine


class Prompt(Vertical):
    DEFAULT_CSS = """
    Prompt { height: auto; display: none; background: $panel; }
    Prompt Horizontal { height: 1; }
    Prompt #label { width: 3; }
    Prompt Input { border: none; height: 1; padding: 0; width: 1fr; background: $panel; }
    Prompt Input:focus { border: none; }
    Prompt #trouble { display: none; }
    Prompt.trouble #trouble { display: block; }
    """

    class Submitted(Message):
        """Somebody typed a line and pressed enter. kind: what it was opened for."""

        def __init__(self, kind: str, text: str) -> None:
            super().__init__()
            self.kind, self.text = kind, text

    class Dismissed(Message):
        """Escape: nothing is wanted."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.kind = ""

    def compose(self) -> ComposeResult:
        yield OneLine(id="trouble")
        with Horizontal():
            yield OneLine(id="label")
            yield Input(select_on_focus=False)

    def open(self, kind: str, sign: str, text: str = "", words: Sequence[str] = ()) -> None:
        """Ask for a line. sign: what stands before it; words: what may complete it."""
        self.kind = kind
        self.query_one("#label", OneLine).show((Cell(f" {sign} ", "key"),))
        self.remove_class("trouble")
        self.display = True
        self.screen.add_class("typing")
        field = self.query_one(Input)
        field.suggester = SuggestFromList(words) if words else None
        field.value = text
        field.cursor_position = len(text)
        self.screen.set_focus(field)  # at once: the next key is already on its way

    def close(self) -> None:
        self.kind = ""
        self.display = False
        self.remove_class("trouble")
        self.screen.remove_class("typing")

    @property
    def is_open(self) -> bool:
        return self.display

    def trouble(self, message: str, column: int | None = None) -> None:
        """Say what is wrong, and point at it: the caret stands above the character."""
        caret = f"{' ' * (3 + column)}▼ " if column is not None else "   "
        self.query_one("#trouble", OneLine).show((Cell(caret + clean(message), "bad"),))
        self.add_class("trouble")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(self.kind, event.value.strip()))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.remove_class("trouble")

    def on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.stop()
            event.prevent_default()
            self.post_message(self.Dismissed())
