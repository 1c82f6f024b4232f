"""The line at the bottom where one types: a filter, or where to go.

The line above it is there as long as the prompt is, so that nothing else is laid out anew while somebody types: it
shows what may come next, and where a filter stops to make sense.
"""

from __future__ import annotations

from collections.abc import Callable

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.widgets import Input

from workbench.domain.completion import Completion
from workbench.present.cells import Cell, Line
from workbench.present.sanitise import clean, one_line
from workbench.widgets.line import OneLine

Complete = Callable[[str, int], Completion]
"""(text, cursor) -> what may come next."""


class Prompt(Vertical):
    DEFAULT_CSS = """
    Prompt { height: auto; display: none; background: $panel; }
    Prompt Horizontal { height: 1; }
    Prompt #label { width: 3; }
    Prompt Input { border: none; height: 1; padding: 0; width: 1fr; background: $panel; }
    Prompt Input:focus { border: none; }
    Prompt #above { display: none; }
    Prompt.two-lines #above { display: block; }
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
        self._complete: Complete | None = None
        self._hint: Line = ()
        self._offered = Completion()
        self._chosen = 0
        self._wrong: str | None = None

    def compose(self) -> ComposeResult:
        yield OneLine(id="above")
        with Horizontal():
            yield OneLine(id="label")
            yield Input(select_on_focus=False)

    def open(
        self,
        kind: str,
        sign: str,
        text: str = "",
        complete: Complete | None = None,
        hint: Line = (),
    ) -> None:
        """Ask for a line. sign: what stands before it; complete: what may come next in it, offered above; hint: what
        stands there where nothing is offered."""
        self.kind, self._complete, self._hint = kind, complete, hint
        self.query_one("#label", OneLine).show((Cell(f" {sign} ", "key"),))
        self.set_class(complete is not None or bool(hint), "two-lines")
        self.display = True
        self.screen.add_class("typing")
        field = self.query_one(Input)
        field.value = one_line(text)
        field.cursor_position = len(field.value)
        self._offer()
        self.screen.set_focus(field)  # at once: the next key is already on its way

    def close(self) -> None:
        self.kind = ""
        self.display = False
        self.screen.remove_class("typing")

    def trouble(self, message: str, column: int | None = None) -> None:
        """Say what is wrong, and point at it: the caret stands above the character."""
        caret = f"{' ' * (3 + column)}▼ " if column is not None else "   "
        self._offered, self._wrong = Completion(), self.query_one(Input).value
        self.query_one("#above", OneLine).show((Cell(caret + clean(message), "bad"),))
        self.add_class("two-lines")

    def _offer(self) -> None:
        """What may come next where the cursor stands."""
        field = self.query_one(Input)
        known = self._complete(field.value, field.cursor_position) if self._complete else Completion()
        self._offered, self._chosen, self._wrong = known, 0, None
        self._show_offered()

    def _show_offered(self) -> None:
        if not self._offered.words:
            self.query_one("#above", OneLine).show((Cell("   "), *self._hint))
            return
        line = [Cell("   ")]
        for index, word in enumerate(self._offered.words):
            line += [Cell(clean(word), "key" if index == self._chosen else ""), Cell("   ")]
        self.query_one("#above", OneLine).show((*line, Cell("tab takes it", "dim")))

    def _accept(self) -> None:
        field, word = self.query_one(Input), self._offered.words[self._chosen]
        after = field.value[field.cursor_position :]
        field.value = field.value[: self._offered.start] + word + after
        field.cursor_position = len(field.value) - len(after)
        self._offer()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Submitted(self.kind, event.value.strip()))

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value != self._wrong:
            self._offer()

    def on_key(self, event: events.Key) -> None:
        offered = len(self._offered.words)
        match event.key:
            case "escape":
                self.post_message(self.Dismissed())
            case "tab" if offered:
                self._accept()
            case "right" if offered and self._at_end:
                self._accept()
            case "down" | "up" if offered:
                self._chosen = (self._chosen + (1 if event.key == "down" else -1)) % offered
                self._show_offered()
            case "tab":  # never out of the line by accident
                pass
            case _:
                return
        event.stop()
        event.prevent_default()

    @property
    def _at_end(self) -> bool:
        field = self.query_one(Input)
        return field.cursor_position == len(field.value)
