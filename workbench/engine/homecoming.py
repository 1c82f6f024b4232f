"""The way home of what an attempt leaves: its log, then its artifacts, and only then does the machine forget it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Coroutine
from typing import Any

from workbench.engine import crash, seam
from workbench.engine.artifacts import Artifacts
from workbench.engine.logs import Logs
from workbench.engine.road import Road, Trip
from workbench.engine.seam import AttemptId
from workbench.remote.machines import base

log = logging.getLogger(__name__)

TOGETHER = 0.25
"""Seconds in which attempts that end are forgotten by one order. What is not told is found among the leftovers."""
FULL_AGAIN = 30.0
"""Seconds until a log is tried again that there was no room for here."""
PATIENCE = 60.0
"""Seconds in which what ended on a machine may come home before the machine is let go."""
CHUNK = 1 << 20
"""Bytes of a log fetched at once."""

Spawn = Callable[[Coroutine[Any, Any, None], str], asyncio.Task[None]]


class Homecoming:
    """spawn: has work done beside, under a name, its failures told."""

    def __init__(self, logs: Logs, artifacts: Artifacts, spawn: Spawn) -> None:
        self._logs = logs
        self._artifacts = artifacts
        self._spawn = spawn

    def begin(self, road: Road | None, effect: seam.Collect) -> None:
        """Where the road is down, or breaks, it is found among the leftovers once it is up again."""
        self._artifacts.under_way[effect.attempt] = ""
        if road is not None and road.trip is not None:
            self._set_out(road, self._collect(road, road.trip, effect), f"collect {effect.attempt}")

    async def all(self, road: Road) -> None:
        """Returns once nothing is on its way on this road any more, or that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while road.homebound:
                    await asyncio.wait(road.homebound)

    def _set_out(self, road: Road, work: Coroutine[Any, Any, None], name: str) -> None:
        task = self._spawn(work, name)
        road.homebound.add(task)
        task.add_done_callback(road.homebound.discard)

    async def _collect(self, road: Road, trip: Trip, effect: seam.Collect) -> None:
        crash.here("before-collect")
        trip.parsers.pop(effect.attempt, None)
        if effect.log_size:
            await self._bring_log(trip.machine, effect.attempt)
        trip.forgettable.append(effect.attempt)
        if len(trip.forgettable) > 1:
            return  # whoever was first tells the machine
        await asyncio.sleep(TOGETHER)
        told, trip.forgettable = trip.forgettable, []
        leaving = await trip.machine.leaving(told)
        await self._forget(trip.machine, [attempt for attempt in told if attempt not in leaving])
        for attempt in leaving:
            self._set_out(road, self._bring(trip.machine, attempt), f"bring the artifacts of {attempt}")

    async def _bring_log(self, machine: base.Machine, attempt: AttemptId) -> None:
        while self._logs.size(attempt) is None:
            try:
                await self._logs.write(attempt, _chunks(machine, attempt))
            except OSError as problem:  # the disk is full: the machine keeps it meanwhile
                log.error("the log of %s can't be kept yet: %s", attempt, problem)
                await asyncio.sleep(FULL_AGAIN)

    async def _bring(self, machine: base.Machine, attempt: AttemptId) -> None:
        await self._artifacts.bring(machine, attempt)
        await self._forget(machine, [attempt])

    async def _forget(self, machine: base.Machine, attempts: list[AttemptId]) -> None:
        crash.here("before-forget")
        if attempts:
            await machine.forget(attempts)
        for attempt in attempts:
            self._artifacts.under_way.pop(attempt, None)


async def _chunks(machine: base.Machine, attempt: AttemptId) -> AsyncIterator[bytes]:
    offset = 0
    while True:
        data, size = await machine.read(attempt, "log", offset, CHUNK)
        yield data
        offset += len(data)
        if not data or offset >= size:
            return
