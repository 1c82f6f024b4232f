"""The hands: perform effects on machines, and bring back what was seen there.

One road a machine. While it is up, its events are taken in the order in which they happened, as many at once as
wait, and settled in one transaction before the next are taken: a slow disk slows the reading, not the memory.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from workbench.domain.progress import Progress
from workbench.domain.run import Run, attempt_of
from workbench.domain.search import Found, Query
from workbench.domain.time import Micros
from workbench.engine import crash, seam
from workbench.engine.artifacts import Artifacts
from workbench.engine.homecoming import Homecoming
from workbench.engine.ingest import Parser
from workbench.engine.logs import Logs
from workbench.engine.mind import Seen, now
from workbench.engine.reception import Reception, understand
from workbench.engine.road import Road, Tell, Trip
from workbench.engine.seam import attempt_id, number_of, run_of
from workbench.engine.supplies import Supplies, spec
from workbench.engine.tails import Tail, Tails
from workbench.engine.telemetry import UNWATCHED, Telemetry
from workbench.errors import (
    AgentError,
    BuildError,
    HostKeyChanged,
    HostKeyUnknown,
    LoginRefused,
    MachineError,
    MachineFull,
    Unreachable,
)
from workbench.remote.machines import base

log = logging.getLogger(__name__)

RETRY_FIRST, RETRY_MOST = 0.5, 30.0
"""Seconds between tries to reach a machine, more or less: many that went down together come back one by one."""
RETRY_LATER = 600.0
"""Seconds until a machine is asked again that refused us: too many such tries look like an attack."""
FULL_AGAIN = 2.0
"""Seconds until a machine without room is told again; what it did not start is placed anew."""


@dataclass(slots=True)
class Bringing:
    """What brings a lane's code and environments, for as long as one of its attempts is still wanted."""

    task: asyncio.Task[None]
    wanted: set[str]

    def give_up(self, attempt: str) -> None:
        self.wanted.discard(attempt)
        if not self.wanted:
            self.task.cancel()


class Record(Protocol):
    """What the hands need to know of history and mind when a road comes up."""

    def on_machine(self, machine: str) -> list[str]:
        """Attempts that are thought to be there, not over yet."""
        ...

    async def marks(self) -> dict[tuple[str, int], tuple[int, int]]: ...

    async def over(self, attempts: Iterable[str]) -> list[str]:
        """Those whose runs are on record as over."""
        ...


class Dispatcher:
    """absorb: takes what was seen, returns when it is on disk. tell: (runs, progress) for whoever watches."""

    def __init__(
        self,
        supplies: Supplies,
        logs: Logs,
        artifacts: Artifacts,
        telemetry: Telemetry,
        record: Record,
        absorb: Callable[[Seen], Awaitable[None]],
        tell: Tell,
        sampled: Callable[[str], None],
    ) -> None:
        self.roads: dict[str, Road] = {}
        self._supplies = supplies
        self._logs = logs
        self._homecoming = Homecoming(logs, artifacts, self._spawn)
        self._telemetry = telemetry
        self._record = record
        self._absorb = absorb
        self._tell_watchers = tell
        self._bringing: dict[str, Bringing] = {}
        self._sampled = sampled
        self.tails = Tails(self._follow)
        self._tasks: set[asyncio.Task[None]] = set()
        self._wake: asyncio.TimerHandle | None = None
        self._interval = UNWATCHED

    # Effects

    def perform(self, effect: seam.Effect) -> None:
        """Begin it; what comes of it is an event."""
        match effect:
            case seam.Wake():
                self._wake_at(effect.at)
            case seam.Launch():
                self._spawn(self._launch(effect), f"launch on {effect.machine}")
            case seam.Stop():
                self._spawn(self._stop(effect), f"stop {effect.attempt}")
            case seam.Fence():
                self._spawn(self._fence(effect), f"fence on {effect.machine}")
            case seam.Collect():
                self._homecoming.begin(self.roads.get(effect.machine), effect)

    def _spawn(self, work: Awaitable[None], name: str) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._guard(work, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _guard(self, work: Awaitable[None], name: str) -> None:
        """A broken road is no failure: when it is up again, the machine is asked what became of everything."""
        try:
            await work
        except Unreachable as problem:
            log.info("%s: %s", name, problem.message)
        except MachineError as problem:
            log.error("%s: %s", name, problem.message)
        except Exception:
            log.exception("%s", name)

    def _wake_at(self, at: Micros) -> None:
        loop = asyncio.get_running_loop()
        when = loop.time() + max(0.0, (at - now()) / 1e6) + 0.001
        if self._wake is not None and not self._wake.cancelled() and loop.time() < self._wake.when() <= when:
            return
        if self._wake is not None:
            self._wake.cancel()
        self._wake = loop.call_at(when, lambda: self._spawn(self._absorb(Seen([seam.Tick()])), "tick"))

    async def _launch(self, effect: seam.Launch) -> None:
        road = self.roads.get(effect.machine)
        crash.here("before-launch")
        if road is None or road.trip is None:
            return  # the road is down: once it is up, these are found absent and placed anew
        trip = road.trip
        try:
            await self._start(road, trip, effect)
        except AgentError as problem:  # no room there, or its supervisor died: some may have started
            log.error("start on %s: %s", road.name, problem.message)
            self._tell_watchers(
                [run.id for run in effect.lane], Progress(f"could not be started yet: {problem.message}")
            )
            await asyncio.sleep(FULL_AGAIN)
            await trip.machine.watch({_attempt(run): 0 for run in effect.lane})
        crash.here("after-start")

    async def _start(self, road: Road, trip: Trip, effect: seam.Launch) -> None:
        try:
            await self._bring(trip, effect.lane)
        except (Unreachable, MachineFull):
            raise
        except BuildError as problem:
            await self._fail(effect, "the environment could not be built", problem.evidence.get("words", str(problem)))
            return
        except Exception as problem:
            log.exception("%s could not be prepared", road.name)
            await self._fail(effect, "the machine could not be prepared", str(problem))
            return
        trip.leading.update(_attempt(run) for run in effect.lane[:-1])
        for run in effect.lane:
            trip.parsers.setdefault(_attempt(run), Parser(run.id, number_of(_attempt(run))))
        crash.here("before-start")
        lane = [spec(run) for run in effect.lane]
        devices = {device for one in lane for device in one.devices}
        await trip.machine.start(lane, road.gpus.tolerance(devices))

    async def _bring(self, trip: Trip, lane: Sequence[Run]) -> None:
        """What they need, unless all of them are cancelled first."""
        attempts = [_attempt(run) for run in lane]
        bringing = Bringing(asyncio.create_task(self._supplies.bring(trip, lane)), set(attempts))
        self._bringing.update(dict.fromkeys(attempts, bringing))
        try:
            await bringing.task
        finally:
            bringing.task.cancel()
            for attempt in attempts:
                self._bringing.pop(attempt, None)

    async def _fail(self, effect: seam.Launch, reason: str, words: str) -> None:
        """It never started, and must not start later: fence it, then say so."""
        machine = self._machine(effect.machine)
        attempts = [_attempt(run) for run in effect.lane]
        if machine is not None:
            await machine.fence(attempts)
        await self._absorb(Seen([seam.PrepareFailed(attempt, reason, words) for attempt in attempts]))

    def _machine(self, name: str) -> base.Machine | None:
        """None while no road leads there."""
        road = self.roads.get(name)
        return road.machine if road else None

    async def _stop(self, effect: seam.Stop) -> None:
        crash.here("before-stop")
        if bringing := self._bringing.get(effect.attempt):
            bringing.give_up(effect.attempt)
        machine = self._machine(effect.machine)
        if machine is not None:
            await self._tell(effect, machine.cancel(effect.attempt))

    async def _fence(self, effect: seam.Fence) -> None:
        machine = self._machine(effect.machine)
        if machine is not None:
            await self._tell(effect, machine.fence(effect.attempts))

    async def _tell(self, effect: seam.Stop | seam.Fence, order: Awaitable[None]) -> None:
        """Once more, for as long as there is no room to put it on record."""
        try:
            await order
        except MachineFull as problem:
            log.error("%s", problem.message)
            await asyncio.sleep(FULL_AGAIN)
            self.perform(effect)

    # Roads

    async def keep(self, road: Road) -> None:
        """Keep the road to one machine up, for ever."""
        delay = RETRY_FIRST
        while True:
            pause = delay
            try:
                machine = await road.connect()
            except (MachineError, OSError) as problem:
                road.reason = str(problem)
                log.error("no road to %s: %s", road.name, road.reason)
                if isinstance(problem, HostKeyUnknown | HostKeyChanged | LoginRefused):
                    pause = RETRY_LATER
                delay = min(RETRY_MOST, delay * 2)
            else:
                pause = delay = RETRY_FIRST
                try:
                    road.reason = await self._travel(road, machine)
                except MachineError as problem:
                    road.reason = problem.message
                except Exception as problem:  # ask again from what is on disk rather than bring the engine down
                    log.exception("on the road to %s", road.name)
                    road.reason = repr(problem)
                finally:
                    road.trip = None
                    await machine.close()
                log.warning("the road to %s broke: %s", road.name, road.reason)
            await self._absorb(Seen([seam.MachineDown(road.name, road.reason)]))
            self._sampled(road.name)
            road.tried.set()
            if await road.knocked(pause * random.uniform(0.5, 1.5)):  # noqa: S311  no secret
                delay = RETRY_FIRST

    def retry(self, name: str) -> None:
        """Try the road now, if it is down: `tried` then waits for the answer."""
        road = self.roads[name]
        if road.trip is None:
            road.tried.clear()
            road.knock.set()

    async def collected(self, road: Road) -> None:
        """Returns once nothing is on its way home on this road any more, or that takes too long."""
        await self._homecoming.all(road)

    async def _travel(self, road: Road, machine: base.Machine) -> str:
        """While it is up. Returns why it broke."""
        trip, reception = Trip(machine), Reception(machine, self.tails)
        try:
            await self._arrive(road, trip)
            while True:
                events = await reception.take(trip.leading)
                await self._absorb(understand(road, trip, self._telemetry, events))
                if any(isinstance(event, base.Sampled) for event in events):
                    self._sampled(road.name)
                if isinstance(events[-1], base.Disconnected):
                    return events[-1].why
        finally:
            reception.close()

    async def _arrive(self, road: Road, trip: Trip) -> None:
        """Ask the machine what became of everything, and only then give it new work."""
        machine, marks = trip.machine, await self._record.marks()
        watched: dict[str, int] = {}
        for attempt in self._record.on_machine(road.name):
            run, number = run_of(attempt), number_of(attempt)
            watched[attempt], step = marks.get((run, number), (0, 0))
            trip.parsers[attempt] = Parser(run, number, watched[attempt], step)
        await machine.watch(watched)
        await machine.sample(self._interval)
        road.trip, road.reason = trip, ""
        self.tails.arrive(road.name)
        capacity = road.limit(machine.host.capacity)
        devices = road.gpus.arrive(road.name, tuple(device.uuid for device in capacity.devices))
        await self._absorb(Seen([devices, seam.MachineUp(road.name, capacity)]))
        self._sampled(road.name)
        road.tried.set()
        leftovers = [attempt for attempt in await machine.leftovers() if attempt not in watched]
        for attempt in await self._record.over(leftovers):
            size = (await machine.read(attempt, "log", 0, 0))[1]
            self.perform(seam.Collect(road.name, attempt, size))
        trip.searched = True

    # What clients ask of machines

    async def read_log(self, machine: str, attempt: str, offset: int, limit: int) -> tuple[bytes, int]:
        """At most `limit` bytes at `offset`, and the log's size now. Raises Unreachable."""
        size = self._logs.size(attempt)
        if size is not None:
            return await asyncio.to_thread(self._logs.read, attempt, offset, limit), size
        return await (await self._reached(machine)).read(attempt, "log", offset, limit)

    async def find_log(self, machine: str, attempt: str, query: Query, offset: int, back: bool, count: int) -> Found:
        """The next step of a search through it, done where it lies. Raises Unreachable."""
        if self._logs.size(attempt) is not None:
            return await self._logs.find(attempt, query, offset, back, count)
        return await (await self._reached(machine)).find(attempt, query, offset, back, count)

    async def follow(self, machine: str, attempt: str, offset: int) -> AbstractContextManager[Tail]:
        """The end of a log as it grows. Raises Unreachable, unless it was followed already: a road that breaks then is
        waited for."""
        if attempt not in self.tails:
            await self._reached(machine)
        return self.tails.follow(machine, attempt, offset)

    def _follow(self, name: str, attempt: str, offset: int | None) -> None:
        machine = self._machine(name)
        if machine is not None:
            told = machine.unfollow(attempt) if offset is None else machine.follow(attempt, offset)
            self._spawn(told, f"follow {attempt}")

    async def _reached(self, name: str) -> base.Machine:
        """The machine, once it is known whether it answers: an engine that has just begun does not know yet."""
        road = self.roads.get(name)
        if road is not None:
            await road.tried.wait()
        if road is None or road.machine is None:
            raise Unreachable(f"no road to {name}: {road.reason if road else 'it is no machine of ours any more'}")
        return road.machine

    async def prune(self, keep: Iterable[str]) -> tuple[list[str], int]:
        removed: list[str] = []
        freed = 0
        for road in self.roads.values():
            if road.trip is not None:
                ids, size = await road.trip.machine.prune(list(keep))
                road.trip.stock.there.difference_update(ids)
                removed += ids
                freed += size
        return removed, freed

    def sample(self, interval: float) -> None:
        """How often machines tell what they do, in seconds: often while somebody looks."""
        if interval == self._interval:
            return
        self._interval = interval
        for road in self.roads.values():
            if road.machine is not None:
                self._spawn(road.machine.sample(interval), f"sample {road.name}")

    async def tried(self, name: str) -> None:
        """Returns once the machine has answered, or was found not to."""
        await self.roads[name].tried.wait()

    async def close(self) -> None:
        """Let go of the machines. What runs there goes on."""
        if self._wake is not None:
            self._wake.cancel()
        for task in list(self._tasks):
            task.cancel()
        for road in self.roads.values():
            if road.machine is not None:
                await road.machine.close()


def _attempt(run: Run) -> str:
    attempt = attempt_of(run.status)
    assert attempt is not None
    return attempt_id(run.id, attempt.number)
