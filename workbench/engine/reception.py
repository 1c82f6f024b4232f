"""What a machine tells, in the words of the seam: its events in, what was seen out."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence

from workbench.engine import crash, seam
from workbench.engine.mind import Seen, now
from workbench.engine.road import Road, Trip
from workbench.engine.seam import AttemptId
from workbench.engine.store.interface import Reading
from workbench.engine.tails import Tails
from workbench.engine.telemetry import Telemetry
from workbench.remote.machines import base

LINGER = 0.03
"""Seconds that a start or some metrics may wait for more to share their transaction."""
WAITING = 4096
"""Events that may wait to be settled before the machine's own output stops being read."""


class Reception:
    """The events of one trip, in the order in which they happened, as many at once as wait."""

    def __init__(self, machine: base.Machine, tails: Tails) -> None:
        self._queue: asyncio.Queue[base.Event] = asyncio.Queue(maxsize=WAITING)
        self._pump = asyncio.create_task(self._run(machine, tails), name=f"events of {machine.name}")

    async def _run(self, machine: base.Machine, tails: Tails) -> None:
        """What is printed waits for no transaction: it is on the machine's record, and only shown here."""
        async for event in machine.events():
            if isinstance(event, base.Output) and event.stream == "log":
                tails.take(event)
            else:
                await self._queue.put(event)

    async def take(self, leading: set[AttemptId]) -> list[base.Event]:
        """What waits, at least one. What nobody waits for lingers: of a short run, the end then shares the transaction
        of the start, and the runs of a lane share one."""
        events = [await self._queue.get(), *self._waiting()]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while not any(_pressing(event, leading) for event in events):
                    events += [await self._queue.get(), *self._waiting()]
        leading.difference_update(event.attempt for event in events if isinstance(event, base.Exited))
        return events

    def _waiting(self) -> list[base.Event]:
        return [self._queue.get_nowait() for _ in range(self._queue.qsize())]

    def close(self) -> None:
        self._pump.cancel()


def _pressing(event: base.Event, leading: set[AttemptId]) -> bool:
    match event:
        case base.Started() | base.Output() | base.Sampled():
            return False
        case base.Exited():
            return event.attempt not in leading
        case _:
            return True


def understand(road: Road, trip: Trip, telemetry: Telemetry, events: Sequence[base.Event]) -> Seen:
    """What these events mean, and what they bring of metrics and samples."""
    seen = Seen()
    for event in events:
        match event:
            case base.Output():
                _read(trip, seen.readings, event)
            case base.Started():
                seen.events.append(seam.AttemptStarted(event.attempt, event.at))
            case base.Exited():
                crash.here("before-settle")
                _finish(trip, seen.readings, event.attempt)
                seen.events.append(_ended(event))
            case base.Fenced():
                if event.taken:
                    seen.events.extend(road.gpus.refuse(road.name, event.taken))
                seen.events.append(seam.AttemptFenced(event.attempt))
            case base.Vanished():
                _finish(trip, seen.readings, event.attempt)
                seen.events.append(seam.AttemptVanished(event.attempt, event.why, event.log_size))
            case base.Absent():
                seen.events.append(seam.AttemptAbsent(event.attempt))
            case base.Sampled():
                seen.events.extend(road.gpus.look(road.name, event))
                if (kept := telemetry.add(road.name, event)) is not None:
                    seen.samples.append(kept)
            case base.Disconnected():
                pass
    return seen


def _read(trip: Trip, readings: list[Reading], event: base.Output) -> None:
    parser = trip.parsers.get(event.attempt)
    reading = parser.feed(event.data, event.offset, now()) if parser is not None else None
    if reading is not None:
        readings.append(reading)


def _finish(trip: Trip, readings: list[Reading], attempt: AttemptId) -> None:
    parser = trip.parsers.pop(attempt, None)
    reading = parser.finish(now()) if parser is not None else None
    if reading is not None:
        readings.append(reading)


def _ended(event: base.Exited) -> seam.AttemptEnded:
    exit = event.exit
    return seam.AttemptEnded(
        event.attempt,
        exit.code,
        exit.reason,
        exit.started,
        exit.ended,
        exit.cpu_seconds,
        exit.peak_memory,
        exit.words,
        event.log_size,
    )
