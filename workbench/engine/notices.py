"""Who wants to hear of the end of which run, on record until it was told: a restart forgets nobody."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

from workbench.domain.events import Change
from workbench.domain.notice import Notice, notice_of
from workbench.domain.run import Run
from workbench.engine.store.interface import Batch

log = logging.getLogger(__name__)

AT_ONCE = 4
"""Runs that are told of at the same time."""


class Notices:
    """write: into the history. tell: has somebody told, and returns when that is done or given up."""

    def __init__(self, write: Callable[[Batch], Awaitable[None]], tell: Callable[[Notice], Awaitable[None]]) -> None:
        self._write, self._tell = write, tell
        self._wanted: dict[str, str] = {}
        self._over: asyncio.Queue[Run] = asyncio.Queue()

    def wanted(self, run: str) -> bool:
        return run in self._wanted

    def recall(self, wanted: Mapping[str, str], over: Iterable[Run]) -> None:
        """What the history knows at the start. over: those of the wanted runs that have ended meanwhile."""
        self._wanted.update(wanted)
        for run in over:
            self._over.put_nowait(run)

    def expect(self, runs: Iterable[str], by: str) -> dict[str, str]:
        """Wanted from now on; for the batch that puts it on record."""
        asked = dict.fromkeys(runs, by)
        self._wanted |= asked
        return asked

    def drop(self, runs: Iterable[str]) -> dict[str, str]:
        """Wanted no more; for the batch that puts it on record."""
        dropped = dict.fromkeys(runs, "")
        for run in dropped:
            self._wanted.pop(run, None)
        return dropped

    async def ask(self, runs: Sequence[Run], by: str) -> None:
        """They are on record, and none of them was over just now. Raises HistoryError."""
        await self._write(Batch(notices=self.expect([run.id for run in runs], by)))

    async def forget(self, runs: Sequence[Run]) -> None:
        await self._write(Batch(notices=self.drop([run.id for run in runs])))

    def heard(self, changes: Iterable[Change]) -> None:
        """What has just become of runs, on disk already."""
        for change in changes:
            if change.run.id in self._wanted and not change.run.live:
                self._over.put_nowait(change.run)

    async def run(self) -> None:
        """Tell of each, for ever."""
        room = asyncio.Semaphore(AT_ONCE)
        async with asyncio.TaskGroup() as group:
            while True:
                run = await self._over.get()
                await room.acquire()
                group.create_task(self._settle(run, room), name=f"notice {run.id}")

    async def _settle(self, run: Run, room: asyncio.Semaphore) -> None:
        try:
            if self._wanted.pop(run.id, None):
                await self._tell(notice_of(run))
                await self._write(Batch(notices={run.id: ""}))
        finally:
            room.release()
