"""`:`, where one types where to go: what fits stands above the line while one types."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, cast

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input

from workbench import jump
from workbench.domain.view import View
from workbench.errors import WorkbenchError
from workbench.jump import Found, Place
from workbench.present.cells import Cell
from workbench.present.places import place_line
from workbench.present.sanitise import clean
from workbench.screens.desk import Desk
from workbench.screens.errand import errand
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines


class Choices(Lines):
    class Picked(Message):
        """A line was clicked."""

        def __init__(self, line: int) -> None:
            super().__init__()
            self.line = line

    def on_click(self, event: events.Click) -> None:
        event.stop()
        self.post_message(self.Picked(event.y))


class JumpScreen(ModalScreen[Place | None]):
    CSS_PATH = "jump.tcss"
    BINDINGS = [  # noqa: RUF012
        Binding("escape", "dismiss(None)", show=False),
        Binding("up", "choose(-1)", show=False),
        Binding("down", "choose(1)", show=False),
        Binding("tab", "complete", show=False, priority=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._projects: list[Mapping[str, Any]] = []
        self._views: Mapping[str, View] = {}
        self._found: list[Found] = []
        self._chosen = 0
        self._asked = {""}

    @property
    def desk(self) -> Desk:
        return cast(Desk, self.app)

    def compose(self) -> ComposeResult:
        with Vertical(id="jump"):
            yield Choices()
            with Horizontal():
                yield OneLine((Cell(" : ", "key"),), id="label")
                yield Input(select_on_focus=False)

    def on_mount(self) -> None:
        self._views = self.desk.views
        self.query_one(Choices).styles.height = jump.SHOWN
        errand(self, self._ask_projects, "projects")
        self._find()

    @property
    def _typed(self) -> str:
        return self.query_one(Input).value

    def _find(self) -> None:
        self._found = jump.find(self._typed, jump.places(self.desk.snapshot, self._projects, self._views))
        self._chosen = 0
        self._draw()

    def _draw(self) -> None:
        lines = [
            place_line(found.place.kind, found.place.name, found.place.about, found.at, index == self._chosen)
            for index, found in enumerate(self._found)
        ]
        nothing = (Cell("   nothing here is called that", "dim"),)
        blank = [()] * (jump.SHOWN - max(1, len(lines)))
        self.query_one(Choices).show([*blank, *reversed(lines or [nothing])])

    async def _ask_projects(self) -> None:
        try:
            self._projects = (await self.desk.ask("projects"))["projects"]
        except WorkbenchError:
            return  # the banner speaks of a lost engine
        self._find()

    async def _ask_runs(self, beginning: str) -> None:
        """Runs that nobody here has looked at yet."""
        if beginning in self._asked:
            return
        named = f"name:{beginning}* OR id:{beginning}*" + (f" OR seq={beginning}" if beginning.isdecimal() else "")
        try:
            reply = await self.desk.ask("runs", filter=named, order="newest", limit=jump.SHOWN)
        except WorkbenchError:
            return
        self._asked.add(beginning)
        self.desk.learn(reply)
        self._find()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._find()
        if beginning := jump.reference(self._typed):
            errand(self, partial(self._ask_runs, beginning), "runs")

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        errand(self, self._go, "go")

    async def _go(self) -> None:
        """To the chosen place, once the engine has said which runs there are of that name."""
        if not self._chosen:
            await self._ask_runs(jump.reference(self._typed))
        if self._found:
            self.dismiss(self._found[self._chosen].place)

    def action_choose(self, by: int) -> None:
        """The best stands next to the line, so up leads to what fits less."""
        self._chosen = max(0, min(self._chosen - by, len(self._found) - 1))
        self._draw()

    def action_complete(self) -> None:
        if self._found:
            field = self.query_one(Input)
            field.value = clean(self._found[self._chosen].place.name)
            field.cursor_position = len(field.value)

    def on_choices_picked(self, message: Choices.Picked) -> None:
        index = jump.SHOWN - 1 - message.line
        if 0 <= index < len(self._found):
            self.dismiss(self._found[index].place)
