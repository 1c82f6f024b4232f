"""Log: its end first and what is added, older parts as one scrolls there; searched where it lies, and filtered."""

from __future__ import annotations

import asyncio
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
from workbench.present.log_window import LogWindow
from workbench.present.sanitise import clean
from workbench.screens.errand import errand
from workbench.screens.panes.pane import Pane, Turning
from workbench.widgets.line import OneLine
from workbench.widgets.log_view import LogView
from workbench.widgets.prompt import Prompt

STEP = 256 * 1024
"""Bytes of the log that are fetched at once."""
AROUND = 16 * 1024
"""Bytes before a line that one jumps to."""
PAGE = 200
"""Lines that fit a filter, fetched at once if they lie close."""
WAIT = 20.0
"""Seconds that the engine may keep us waiting for more of the log."""
PAUSE = 0.04
"""Seconds between two pieces of the log: as fast as an eye can tell, and a torrent is not drawn line by line."""

Wanted = Mapping[str, Any]
"""What is looked for, as the verb `logs_find` takes it."""
TROUBLE: Wanted = {"trouble": True}


class LogPane(Pane):
    TITLE = "log"
    SCOPE = "log"
    BINDINGS = commands.bindings("log")

    def __init__(self) -> None:
        super().__init__()
        self._view, self._place = LogView(), OneLine()
        self._run = self._called = ""
        self._feeding = self._waiting = False
        self._over = False
        """Whether all that there will be is in the window."""
        self._moved = asyncio.Event()
        self._only: Wanted | None = None
        """Which lines are shown; None: all."""
        self._sought: Wanted | None = None
        self._at: int | None = None
        """The line that was found last."""
        self._steps: list[bool] = []
        """Searches that were asked for: the one under way, and those behind it."""

    def compose(self) -> ComposeResult:
        yield self._view
        yield self._place

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        self._run, self._called = row.run.id, clean(row.run.name)
        if shown and not self._feeding:
            self._feeding = True
            errand(self, self._open if self._view.window.end == 0 else self._feed, "log")

    # What is fetched.

    async def _piece(self, offset: int, limit: int, wait: float = 0) -> tuple[int, bytes] | None:
        """What lies there; None where the engine is away."""
        piece = await self.fetch("logs", run=self._run, offset=offset, limit=limit, wait=wait)
        if piece is None:
            return None
        view = self._view
        view.size_of_log = max(piece["size"], view.size_of_log)
        self._over = bool(piece["over"])
        return piece["offset"], piece["text"].encode("utf-8", "surrogateescape")

    async def _open(self) -> None:
        """The end of the log, and on from there."""
        piece = await self._piece(-STEP, STEP)
        if piece is None:
            self._feeding = False  # the next drawing tries again
            return
        self._view.show(LogWindow.of(*piece), following=True)
        await self._feed()

    async def _feed(self) -> None:
        """Whatever the view lacks, for as long as it is there."""
        view = self._view
        while True:
            wants = view.wants()
            all_seen = view.window.reach >= view.size_of_log
            if wants != "older" and all_seen:
                view.say_empty("no line fits" if self._only else "the log is empty" if self._over else "nothing yet")
            self._tell()
            if not wants or (wants == "newer" and self._over and all_seen):
                self._moved.clear()
                await self._moved.wait()
                continue
            if not await (self._older() if wants == "older" else self._newer()):
                self._feeding = False
                return

    async def _older(self) -> bool:
        window = self._view.window
        if self._only is not None:
            reply = await self._find(self._only, window.start, back=True, count=PAGE)
            if reply is None:
                return False
            found = [log_lines.hit(*one) for one in reversed(reply["hits"])]
            added = window.take_older(found, reply["next"])
        else:
            start = max(0, window.start - STEP)
            piece = await self._piece(start, window.start - start)
            if piece is None:
                return False
            added = window.prepend(*piece)
        if window is self._view.window:
            self._view.grew(self._view.size_of_log, added=added)
        return True

    async def _newer(self) -> bool:
        view = self._view
        window = view.window
        wait = WAIT if window.reach >= view.size_of_log else 0.0
        if self._only is not None and not wait:
            reply = await self._find(self._only, window.end, back=False, count=PAGE)
            if reply is None:
                return False
            reach = reply["size"] if reply["done"] else reply["next"]
            gone = window.take([log_lines.hit(*one) for one in reply["hits"]], reply["next"], reach)
        else:
            self._waiting = bool(wait)
            piece = await self._piece(window.reach, 0 if self._only else STEP, wait)
            self._waiting = False
            if piece is None:
                return False
            gone = window.append(piece[1]) if piece[0] == window.end and not self._only else 0
            await asyncio.sleep(PAUSE)  # what is written meanwhile comes in one piece
        if window is view.window:
            view.grew(view.size_of_log, gone=gone)
        return True

    async def _find(self, wanted: Wanted, offset: int, back: bool, count: int = 1) -> dict[str, Any] | None:
        reply = await self.fetch("logs_find", run=self._run, offset=offset, back=back, count=count, **wanted)
        if reply is not None:
            self._view.size_of_log = max(reply["size"], self._view.size_of_log)
        return reply

    def on_log_view_moved(self) -> None:
        self._moved.set()
        self._tell()
        if self._waiting and self._view.wants() == "older":
            self._waiting = False
            errand(self, self._feed, "log")

    # Going elsewhere.

    async def _go(self, offset: int) -> bool:
        """Have the line at this byte on screen."""
        view = self._view
        if self._only is not None or not view.window.start <= offset < view.window.end:
            self._only = None
            piece = await self._piece(max(0, offset - AROUND), STEP)
            if piece is None:
                return False
            self._show(LogWindow.onward(*piece), following=False)
        view.reveal(offset)
        return True

    def _show(self, window: LogWindow, following: bool) -> None:
        self._view.show(window, following)
        self._feeding = True
        errand(self, self._feed, "log")

    async def _to_start(self) -> None:
        if self._only is not None:
            self._show(LogWindow(0), following=False)
        elif self._view.window.start == 0 or await self._go(0):
            self._view.to_top()

    async def _to_end(self) -> None:
        view = self._view
        if view.window.reach >= view.size_of_log:
            view.follow()
        elif self._only is not None:
            self._show(LogWindow(view.size_of_log), following=True)
        else:
            await self._load_end()

    async def _load_end(self) -> None:
        if piece := await self._piece(-STEP, STEP):
            self._show(LogWindow.of(*piece), following=True)

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
            self._tell()

    async def _step(self, wanted: Wanted, back: bool) -> bool:
        """Whether there is one. The search of each second is one question."""
        at = self._from(back)
        while True:
            self._say_hunt(at, back)
            reply = await self._find(wanted, at, back)
            if reply is None:
                return False
            if reply["hits"]:
                break
            if reply["done"]:
                self.desk.say(f"{_words(wanted)}: nothing {'above' if back else 'below'}")
                return False
            at = reply["next"]
        offset = reply["hits"][0][0]
        if not await self._go(offset):
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
        self.panel.query_one(Prompt).open("filter", "&", _words(self._only).removeprefix("/") if self._only else "")

    def prompted(self, kind: str, text: str) -> None:
        if kind == "search" and text:
            self.desk.note_command(f"logs {self._called} --grep {shlex.quote(clean(text))}")
            self._sought, self._at = {"pattern": text}, None
            self._seek(self._view.following)
        elif kind == "filter":
            self._filter(text)

    def _filter(self, text: str) -> None:
        """Show only the lines that fit, where one is; all of them without a text."""
        view = self._view
        pattern, invert = text.removeprefix("!"), text.startswith("!")
        self._only = {"pattern": pattern, "invert": invert} if pattern else None
        if self._only is None:
            errand(self, self._load_end if view.following else partial(self._back_to, view.shown_from), "hunt")
            return
        self.desk.note_command(f"logs {self._called} --grep {shlex.quote(clean(text))}")
        self._show(LogWindow(view.window.whole if view.following else view.shown_from), view.following)

    async def _back_to(self, offset: int) -> None:
        if piece := await self._piece(max(0, offset - AROUND), STEP):
            self._show(LogWindow.onward(*piece), following=False)
            self._view.reveal(offset)

    def action_wrap(self) -> None:
        self._view.wrap(not self._view.wrapped)

    def step_back(self) -> bool:
        """End the search that is under way, else the filter, else the marks."""
        if self._steps:
            errand(self, self._stay, "hunt")
        elif self._only is not None:
            self._filter("")
        elif self._sought is not None:
            self._sought = self._at = None
            self._view.mark({}, None)
            self._tell()
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
        errand(self, self._to_end if end else self._to_start, "hunt")

    def _tell(self) -> None:
        if self._steps:
            return
        view = self._view
        line = list(log_lines.place(view.shown_to, view.size_of_log, view.following and not self._over))
        if self._only is not None:
            line.append(Cell(f"  only {_words(self._only)}", "accent"))
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
