"""Bring home what attempts leave: by content, only what the store lacks, and on record once all of it is there.

A run is over long before this is done. Where the road breaks, the engine ends or the disk is full, what has come of a
file stays (a full disk gets its room back), the machine forgets nothing, and the next try goes on from there.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Awaitable, Callable
from weakref import WeakValueDictionary

from workbench.engine import crash
from workbench.engine.blobs import Blobs
from workbench.engine.seam import AttemptId, number_of, run_of
from workbench.engine.store.interface import Artifact, Batch, Collected
from workbench.errors import AgentError, HistoryError
from workbench.remote import transfer
from workbench.remote.machines.base import Leaving, Machine

log = logging.getLogger(__name__)

ATTEMPTS = 2
"""Attempts of one machine collected at once."""
FILES = 8
"""Files of one attempt on the road at once."""
TRIES = 3
"""How often a file is read that changes while it is read; as it was the last time it is kept."""
RETRY_FIRST, RETRY_MOST = 1.0, 60.0
"""Seconds between tries while the store can't be written, or the machine can't tell what there is."""


class Artifacts:
    """write: has a batch on disk when it returns."""

    def __init__(self, blobs: Blobs, write: Callable[[Batch], Awaitable[None]]) -> None:
        self._blobs = blobs
        self._write = write
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(ATTEMPTS))
        self._gates: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(transfer.AHEAD))
        """By machine."""
        self._fetching: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        """By content: what several runs left alike comes once."""
        self.under_way: dict[AttemptId, str] = {}
        """Attempts that are over and may have left what is not home yet; why it does not go on, "" where it does."""

    async def bring(self, machine: Machine, attempt: AttemptId) -> None:
        """In store and on record when this returns: it is tried again for as long as the disk, or the machine, refuses.

        Raises Unreachable."""
        delay = RETRY_FIRST
        while True:
            try:
                async with self._turns[machine.name]:
                    collected = await self._gather(machine, attempt)
                break
            except (HistoryError, AgentError) as problem:
                log.error("artifacts of %s: %s", attempt, problem.message)
                self.under_way[attempt] = problem.message
            await asyncio.sleep(delay)
            delay = min(RETRY_MOST, delay * 2)
        self.under_way[attempt] = ""
        crash.here("before-record")
        await self._write(Batch(collections=[collected]))

    async def _gather(self, machine: Machine, attempt: AttemptId) -> Collected:
        for tries_left in reversed(range(TRIES)):
            harvest = await machine.harvest(attempt)
            kept: list[Artifact] = []
            changed: list[str] = []
            for start in range(0, len(harvest.files), FILES):
                some = harvest.files[start : start + FILES]
                fetched = await asyncio.gather(*(self._have(machine, attempt, f, not tries_left) for f in some))
                for file, artifact in zip(some, fetched, strict=True):
                    if artifact:
                        kept.append(artifact)
                    if not artifact or artifact.sha256 != file.sha256:
                        changed.append(f"{file.name!r}: changed while it was read")
            if not changed:
                break
        return Collected(run_of(attempt), number_of(attempt), kept, [*harvest.left_out, *changed])

    async def _have(self, machine: Machine, attempt: AttemptId, file: Leaving, any_content: bool) -> Artifact | None:
        """The file, in store. None where it is not what it was when it was told of, unless any content will do."""
        path = f"{machine.host.root}/attempts/{attempt}/{file.path}"
        lock = self._fetching.setdefault(file.sha256, asyncio.Lock())
        try:
            async with lock:
                if await asyncio.to_thread(self._blobs.has, file.sha256):
                    return Artifact(file.name, path, file.size, file.sha256)
                return await self._fetch(machine, attempt, file, path, any_content)
        except AgentError as problem:
            log.warning("artifact %s of %s: %s", file.name, attempt, problem.message)
            return None

    async def _fetch(
        self, machine: Machine, attempt: AttemptId, file: Leaving, path: str, any_content: bool
    ) -> Artifact | None:
        part = await asyncio.to_thread(self._blobs.part, file.sha256, file.size)
        try:
            async for data in transfer.pieces(machine, attempt, file, part.size, self._gates[machine.name]):
                await asyncio.to_thread(part.add, data)
                crash.here("amid-artifact")
            if part.sha256 != file.sha256 and not any_content:
                part.drop()
                return None
            return Artifact(file.name, path, part.size, await asyncio.to_thread(part.keep))
        finally:
            part.leave()
