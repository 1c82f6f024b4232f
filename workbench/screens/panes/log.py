"""Log: its end first and what is added, older parts as one scrolls there; searched where it lies, and filtered."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from functools import partial
from typing import Any

from textual.actions import SkipAction
from textual.app import ComposeResult

from workbench import commands
from workbench.client.mirror import Row
from workbench.present import log_lines
from workbench.present.cells import Cell
from workbench.present.sanitise import clean
from workbench.screens.errand import errand
from workbench.screens.panes.log_feed import Fed, LogFeed, Wanted
from workbench.screens.panes.pane import Turning
from workbench.widgets.line import OneLine
from workbench.widgets.log_view import LogView
from workbench.widgets.prompt import Prompt

TROUBLE: Wanted = {"trouble": True}


class LogPane(Fed):
    TITLE = "log"
    SCOPE = "log"
    BINDINGS = commands.bindings("log")

    def __init__(self) -> None:
        super().__init__()
        self._view, self._place = LogView(), OneLine()
        self._feed = LogFeed(self, self._view)
        self._called = ""
        self._sought: Wanted | None = None
        self._typed: Wanted | None = None
        """A pattern of which nobody knows yet whether it makes sense: only then it is a command to copy."""
        self._at: int | None = None
        """The line that was found last."""
        self._steps: list[bool] = []
        """Searches that were asked for: the one under way, and those behind it."""

    def compose(self) -> ComposeResult:
        yield self._view
        yield self._place

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        self._called = clean(row.run.name)
        if shown:
            self._feed.start(row.run.id, row.run.attempts)

    def on_log_view_moved(self) -> None:
        self.tell()
        self._feed.moved()

    def on_log_view_sought(self, message: LogView.Sought) -> None:
        errand(self, partial(self._feed.jump, message.offset), "hunt")

    def understood(self, wanted: Wanted) -> None:
        if self._typed is wanted:
            pattern = ("!" if wanted.get("invert") else "") + str(wanted["pattern"])
            self.desk.note_command(f"logs {self._called} --grep {shlex.quote(clean(pattern))}")
            self._typed = None

    def unfit(self) -> None:
        """The filter can't be used."""
        self._filter("")

    # Searching.

    def _seek(self, back: bool) -> None:
        self._steps.append(back)
        if len(self._steps) == 1:
            errand(self, self._hunt, "hunt")

    async def _hunt(self) -> None:
        """Step after step as keys were pressed, from one line that is sought to the next."""
        try:
            while self._steps and self._sought and await self._step(self._sought, self._steps[0]):
                self._steps.pop(0)
        finally:
            self._steps.clear()
            self.tell()

    async def _step(self, wanted: Wanted, back: bool) -> bool:
        """Whether there is one. The search of each second is one question."""
        at = self._from(back)
        while True:
            self._say_hunt(at, back)
            reply = await self._feed.find(wanted, at, back)
            if reply is None:
                return False
            if reply["hits"]:
                break
            if reply["done"]:
                self.desk.say(f"{_words(wanted)}: nothing {'above' if back else 'below'}")
                return False
            at = reply["next"]
        offset = reply["hits"][0][0]
        if not await self._feed.go(offset):
            return False
        self._at = offset
        self._view.mark({one[0]: log_lines.hit(*one) for one in reply["hits"]}, offset)
        return True

    def _from(self, back: bool) -> int:
        """Beyond the line that was found last, where it is on screen; else from what is."""
        view, lines = self._view, self._view.window.lines
        index = view.window.index(self._at) if self._at is not None else -1
        if index in view.on_screen and lines[index].offset == self._at:
            if back:
                return lines[index].offset
            return lines[index + 1].offset if index + 1 < len(lines) else view.window.end
        return view.shown_to if back else view.shown_from

    def action_seek(self, back: bool) -> None:
        if self._sought is None:
            self.desk.say("/ looks for something, e for errors")
        else:
            self._seek(back)

    def action_trouble(self, back: bool) -> None:
        if not self._view.size_of_log:
            raise SkipAction  # what waits has no log yet, and may be edited
        self.desk.note_command(f"logs {self._called} --errors")
        self._sought = TROUBLE
        self._seek(back)

    def action_search(self) -> None:
        self.panel.query_one(Prompt).open("search", "/")

    def action_filter(self) -> None:
        only = self._feed.only
        self.panel.query_one(Prompt).open("filter", "&", _words(only).removeprefix("/") if only else "")

    def prompted(self, kind: str, text: str) -> None:
        if kind == "search" and text:
            self._sought = self._typed = {"pattern": text}
            self._at = None
            self._seek(self._view.following)
        elif kind == "filter":
            self._filter(text)

    def _filter(self, text: str) -> None:
        """Show only the lines that fit, where one is; all of them without a text."""
        pattern, invert = text.removeprefix("!"), text.startswith("!")
        if pattern:
            self._typed = {"pattern": pattern, "invert": invert}
            self._feed.show_only(self._typed)
        else:
            errand(self, self._feed.show_all, "hunt")

    def action_wrap(self) -> None:
        self._view.wrap(not self._view.wrapped)

    def step_back(self) -> bool:
        """End the search that is under way, else the filter, else the marks."""
        if self._steps:
            errand(self, self._stay, "hunt")
        elif self._feed.only is not None:
            self._filter("")
        elif self._sought is not None:
            self._sought = self._at = None
            self._view.mark({}, None)
            self.tell()
        else:
            return False
        return True

    async def _stay(self) -> None:
        """In place of a search: it ends."""

    # Scrolling, and where one is.

    @property
    def turning(self) -> Turning:
        return self

    def turn(self, lines: int) -> None:
        self._view.turn(lines)

    def turn_page(self, direction: int) -> None:
        self._view.turn_page(direction)

    def turn_to(self, end: int) -> None:
        errand(self, self._feed.to_end if end else self._feed.to_start, "hunt")

    def tell(self) -> None:
        if self._steps:
            return
        view = self._view
        line = list(log_lines.place(view.shown_to, view.size_of_log, view.following and not self._feed.over))
        if self._feed.only is not None:
            line.append(Cell(f"  only {_words(self._feed.only)}", "accent"))
        if self._sought is not None:
            line.append(Cell(f"  {_words(self._sought)}", "accent"))
        if view.wrapped:
            line.append(Cell("  wrapped", "dim"))
        self._place.show(tuple(line))

    def _say_hunt(self, at: int, back: bool) -> None:
        words = _words(self._sought or TROUBLE)
        self._place.show(log_lines.searching(words, at, self._view.size_of_log, back))


def _words(wanted: Wanted) -> str:
    """As it was typed."""
    if wanted is TROUBLE:
        return "errors"
    return clean(("!" if wanted.get("invert") else "/") + str(wanted["pattern"]))
