"""Which rows of a long list of runs are known: the list stays in the engine, and what comes into view is fetched."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from workbench.client.mirror import Row, Window
from workbench.domain.view import View
from workbench.screens.base import Panel
from workbench.screens.errand import errand

PAGE = 100
"""Rows of one fetch."""
MARGIN = 400
"""Rows kept above and below the screen."""
MOST = 1000
"""Rows that the engine gives in one answer."""


class Pages:
    """came: called when a page is known, with its offset, its ids, and the window that it took the place of: None where
    it was added to it, empty where another list was asked for."""

    def __init__(self, panel: Panel, came: Callable[[int, list[str], Window | None], None]) -> None:
        self._panel, self._came = panel, came
        self.view = View()
        self.sound = View()
        """The last one that the engine understood."""
        self.window = Window()
        self.metric = ""
        """What the project of the last page is measured by."""
        self.known = False
        """Whether anything was fetched yet."""
        self._order = -1

    @property
    def outdated(self) -> bool:
        """Whether order, members or counts may have changed since."""
        return self.known and self._panel.desk.snapshot.order != self._order

    def id(self, index: int) -> str:
        return self.window.ids.get(index, "")

    def row(self, index: int) -> Row | None:
        return self._panel.desk.snapshot.rows.get(self.id(index))

    def afresh(self, rows: range) -> None:
        """Fetch what is on screen again."""
        start = max(0, rows.start - PAGE // 4)
        errand(self._panel, partial(self._fetch, start, max(PAGE, len(rows) + PAGE // 2), rows, True), "page")

    def missing(self, rows: range) -> None:
        """Fetch what is on screen and not known yet."""
        if rows and (gap := self.window.missing(rows.start, rows.stop - 1, PAGE)):
            errand(self._panel, partial(self._fetch, *gap, rows, False), "page")

    async def between(self, first: int, last: int) -> dict[str, str] | None:
        """id -> name of all rows of a stretch, on screen or not. None where the engine has no answer."""
        found: dict[str, str] = {}
        for offset in range(first, last + 1, MOST):
            reply = await self._ask(offset, min(MOST, last + 1 - offset))
            if reply is None:
                return None
            found |= {row["run"]["id"]: row["run"]["name"] for row in reply["rows"]}
        return found

    async def _ask(self, offset: int, limit: int) -> dict[str, Any] | None:
        given = {"filter": self.view.filter} if self.view.filter else {}
        reply = await self._panel.fetch("runs", **given, order=self.view.order, limit=limit, offset=offset)
        if reply is not None:
            self._panel.desk.learn(reply)
        return reply

    async def _fetch(self, offset: int, limit: int, rows: range, afresh: bool) -> None:
        order, view = self._panel.desk.snapshot.order, self.view
        reply = await self._ask(offset, limit)
        if reply is None:
            return
        before = self.window if view == self.sound else Window()
        self.sound = view
        ids = [row["run"]["id"] for row in reply["rows"]]
        known = (Window() if afresh else self.window).place(offset, ids, reply["total"])
        self.window = known.near(rows.start, rows.stop + limit, MARGIN)
        self.known, self._order, self.metric = True, order, reply.get("metric", "")
        self._came(offset, ids, before if afresh else None)
