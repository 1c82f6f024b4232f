"""Log: its end first, then what is added, until the run is over."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

from textual.app import ComposeResult

from workbench.client.mirror import Row
from workbench.screens.errand import errand
from workbench.screens.panes.pane import Pane
from workbench.widgets.lines import Lines
from workbench.widgets.log_view import LogView

FIRST = 256 * 1024
"""Bytes of the log's end that are fetched first."""
STEP = 256 * 1024
WAIT = 20.0
"""Seconds that the engine may keep us waiting for more of the log."""

SECONDS = 0.04
"""Between two pieces of the log: as fast as an eye can tell, and a torrent is not drawn line by line."""


class LogPane(Pane):
    TITLE = "log"

    def __init__(self) -> None:
        super().__init__()
        self._next = -FIRST
        self._following = False

    def compose(self) -> ComposeResult:
        yield LogView()

    @property
    def scrolled(self) -> Lines:
        return self.query_one(LogView)

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        if shown and not self._following:
            self._following = True
            errand(self, partial(self._follow, row.run.id), "log")

    async def _follow(self, run: str) -> None:
        view = self.query_one(LogView)
        while True:
            wait = WAIT if self._next >= 0 else 0
            piece = await self.fetch("logs", run=run, offset=self._next, limit=STEP, wait=wait)
            if piece is None:
                self._following = False  # the engine is away: the next drawing tries again
                return
            if piece["text"]:
                view.append(piece["text"])
            self._next = piece["next"]
            if piece["over"] and piece["next"] >= piece["size"]:
                view.end()
                return
            await asyncio.sleep(SECONDS)  # what is written meanwhile comes in one piece
