"""The order in which facts reach the history: one transaction at a time, everything that waits in each.

What the mind has decided must reach the disk in the order of its decisions, also when the disk is full for a
while: such batches wait and are tried again, and nothing is acknowledged meanwhile. A submit, on which nothing
stands yet, is refused instead.

What can never be written is another matter: no time helps. It is found among those that it was to be written with,
which don't suffer for it. Where the mind stands on it by now, memory and disk can't be brought together here: the
engine ends, and the next one begins from what is on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from dataclasses import dataclass

from workbench.engine import crash
from workbench.engine.store.interface import Batch, History
from workbench.errors import HistoryError, Unwritable

log = logging.getLogger(__name__)

RETRY = 1.0
"""Seconds between tries while the history can't be written."""
MERGE = 2000
"""Changes in one transaction, about."""


@dataclass(slots=True)
class _Waiting:
    batch: Batch
    refusable: bool
    done: asyncio.Future[None]


class Outbox:
    def __init__(self, history: History) -> None:
        self._history = history
        self._waiting: list[_Waiting] = []
        self._singly = 0
        """How many are written one at a time, because one of them can't be."""
        self._news = asyncio.Event()
        self.stalled = ""
        """Why nothing can be written at present, "" when all is well."""

    async def write(self, batch: Batch, *, refusable: bool = False) -> None:
        """Durable when this returns.

        refusable: raise HistoryError at once where it can't be written; otherwise wait until it can. Raises Unwritable
        where it never can.
        """
        if refusable and self.stalled:
            raise HistoryError(self.stalled, hint="free some space; what runs goes on meanwhile")
        item = _Waiting(batch, refusable, asyncio.get_running_loop().create_future())
        self._waiting.append(item)
        self._news.set()
        await item.done

    async def settled(self) -> None:
        """Returns once everything that was decided before is on disk, and what follows from it has begun."""
        await self.write(Batch())

    async def run(self) -> None:
        """Write what waits, for ever. Raises Unwritable where what was decided can't be: then nothing more is."""
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                await self._write_next()

    async def drain(self) -> None:
        """Write what is left, once, at the end."""
        with contextlib.suppress(Unwritable):  # it is in the log
            while self._waiting and not self.stalled:
                await self._write_next()

    async def _write_next(self) -> None:
        taken = self._take()
        try:
            crash.here("before-commit")
            await self._history.commit(_merge([item.batch for item in taken]))
            crash.here("after-commit")
        except Unwritable as problem:
            if len(taken) == 1:
                self._refuse(taken[0], problem)
            else:
                self._waiting, self._singly = taken + self._waiting, len(taken)
            return
        except HistoryError as problem:
            await self._put_back(taken, problem)
            return
        if self.stalled:
            log.warning("the history can be written again")
            self.stalled = ""
        for item in taken:
            if not item.done.done():
                item.done.set_result(None)

    def _take(self) -> list[_Waiting]:
        if self._singly:
            self._singly -= 1
            return [self._waiting.pop(0)]
        size, count = 0, 0
        for item in self._waiting:
            size += len(item.batch.changes) + 1
            count += 1
            if size >= MERGE:
                break
        taken, self._waiting = self._waiting[:count], self._waiting[count:]
        return taken

    def _refuse(self, item: _Waiting, problem: Unwritable) -> None:
        if not item.done.done():
            item.done.set_exception(problem)
        if not item.refusable:
            self.stalled = problem.message
            log.critical("ending, for the next engine to go on from what is on disk: %s", problem.message)
            raise problem
        log.error("refused: %s", problem.message)

    async def _put_back(self, taken: list[_Waiting], problem: HistoryError) -> None:
        if not self.stalled:
            log.error("the history can't be written: %s", problem.message)
        refused = [item for item in taken if item.refusable]
        kept = [item for item in taken if not item.refusable]
        self._waiting = kept + self._waiting
        for item in refused:
            if not item.done.done():
                item.done.set_exception(problem)
        if kept:
            self.stalled = problem.message
            await asyncio.sleep(RETRY)


def _merge(batches: list[Batch]) -> Batch:
    if len(batches) == 1:
        return batches[0]
    return Batch(
        changes=[change for batch in batches for change in batch.changes],
        readings=[reading for batch in batches for reading in batch.readings],
        samples=[sample for batch in batches for sample in batch.samples],
        machines={name: machine for batch in batches for name, machine in batch.machines.items()},
        asides={name: reason for batch in batches for name, reason in batch.asides.items()},
        notices={run: by for batch in batches for run, by in batch.notices.items()},
        collections=[collection for batch in batches for collection in batch.collections],
    )
