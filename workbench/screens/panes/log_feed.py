"""What of a log is on screen: fetched as the view lacks it, by byte offset, whole or only the lines that fit."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from workbench.present import log_lines
from workbench.present.log_window import LogWindow
from workbench.screens.errand import errand
from workbench.screens.panes.pane import Pane
from workbench.widgets.log_view import LogView

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


class Fed(Pane):
    """A pane that a log is fetched for."""

    def tell(self) -> None:
        """Say anew where in the log one is."""

    def understood(self, wanted: Wanted) -> None:
        """It can be looked for."""

    def unfit(self) -> None:
        """The lines that were to be shown can't be looked for."""


class LogFeed:
    """Keeps the view in lines of one run's log."""

    def __init__(self, owner: Fed, view: LogView) -> None:
        self._owner, self._view = owner, view
        self.run = ""
        self._attempt = 0
        self._feeding = self._waiting = False
        self._moved = asyncio.Event()
        self.over = False
        """Whether the log grows no more."""
        self.only: Wanted | None = None
        """Which lines are shown; None: all."""

    def start(self, run: str, attempt: int) -> None:
        """This log, unless it is being shown; another attempt has another one."""
        if (run, attempt) != (self.run, self._attempt):
            self.run, self._attempt, self._feeding = run, attempt, False
            self._view.size_of_log = 0
            self._view.show(LogWindow(0), following=True)
        if not self._feeding:
            self._feeding = True
            errand(self._owner, self._feed if self._view.window.end else self._open, "log")

    async def _piece(self, offset: int, limit: int, wait: float = 0) -> tuple[int, bytes] | None:
        """What lies there; None where the engine is away."""
        piece = await self._owner.fetch("logs", run=self.run, offset=offset, limit=limit, wait=wait)
        if piece is None:
            return None
        view = self._view
        view.size_of_log = max(piece["size"], view.size_of_log)
        self.over = bool(piece["over"])
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
                view.say_empty("no line fits" if self.only else "the log is empty" if self.over else "nothing yet")
            self._owner.tell()
            if not wants or (wants == "newer" and self.over and all_seen):
                self._moved.clear()
                await self._moved.wait()
                continue
            if not await (self._older() if wants == "older" else self._newer()):
                self._feeding = False
                return

    async def _older(self) -> bool:
        window = self._view.window
        if self.only is not None:
            reply = await self.find(self.only, window.start, back=True, count=PAGE)
            if reply is None:
                return self._unfit()
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
        if self.only is not None and not wait:
            reply = await self.find(self.only, window.end, back=False, count=PAGE)
            if reply is None:
                return self._unfit()
            reach = reply["size"] if reply["done"] else reply["next"]
            gone = window.take([log_lines.hit(*one) for one in reply["hits"]], reply["next"], reach)
        else:
            self._waiting = bool(wait)
            piece = await self._piece(window.reach, 0 if self.only else STEP, wait)
            self._waiting = False
            if piece is None:
                return False
            gone = window.append(piece[1]) if piece[0] == window.end and not self.only else 0
            await asyncio.sleep(PAUSE)  # what is written meanwhile comes in one piece
        if window is view.window:
            view.grew(view.size_of_log, gone=gone)
        return True

    def _unfit(self) -> bool:
        """No answer: the pattern is refused, unless the engine is away."""
        if self._owner.desk.connected:
            self._owner.unfit()
        return False

    async def find(self, wanted: Wanted, offset: int, back: bool, count: int = 1) -> dict[str, Any] | None:
        reply = await self._owner.fetch("logs_find", run=self.run, offset=offset, back=back, count=count, **wanted)
        if reply is not None:
            self._owner.understood(wanted)
            self._view.size_of_log = max(reply["size"], self._view.size_of_log)
        return reply

    def moved(self) -> None:
        """Somebody looks elsewhere."""
        self._moved.set()
        if self._waiting and self._view.wants() == "older":
            self._waiting = False
            errand(self._owner, self._feed, "log")

    # Going elsewhere.

    async def go(self, offset: int) -> bool:
        """Have the line at this byte on screen."""
        view = self._view
        if self.only is not None or not view.window.start <= offset < view.window.end:
            self.only = None
            piece = await self._piece(max(0, offset - AROUND), STEP)
            if piece is None:
                return False
            self.show(LogWindow.onward(*piece), following=False)
        view.reveal(offset)
        return True

    def show(self, window: LogWindow, following: bool) -> None:
        self._view.show(window, following)
        self._feeding = True
        errand(self._owner, self._feed, "log")

    async def to_start(self) -> None:
        if self.only is not None:
            self.show(LogWindow(0), following=False)
        elif self._view.window.start == 0 or await self.go(0):
            self._view.to_top()

    async def to_end(self) -> None:
        view = self._view
        if view.window.reach >= view.size_of_log:
            view.follow()
        elif self.only is not None:
            self.show(LogWindow(view.size_of_log), following=True)
        else:
            await self.load_end()

    async def jump(self, offset: int) -> None:
        """To about this byte; among the lines that fit a filter, whose places nobody knows, only to their ends."""
        if offset <= 0:
            await self.to_start()
        elif offset >= self._view.size_of_log:
            await self.to_end()
        elif self.only is None:
            await self.go(offset)

    async def load_end(self) -> None:
        if piece := await self._piece(-STEP, STEP):
            self.show(LogWindow.of(*piece), following=True)

    def show_only(self, wanted: Wanted) -> None:
        """The lines that fit, from where one is."""
        view = self._view
        self.only = wanted
        self.show(LogWindow(view.window.whole if view.following else view.shown_from), view.following)

    async def show_all(self) -> None:
        """Every line again, where one is."""
        view, at = self._view, self._view.shown_from
        self.only = None
        if view.following:
            await self.load_end()
        elif piece := await self._piece(max(0, at - AROUND), STEP):
            self.show(LogWindow.onward(*piece), following=False)
            view.reveal(at)
