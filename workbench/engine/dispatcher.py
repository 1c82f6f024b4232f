"""The hands: perform effects on machines, and bring back what was seen there.

One road a machine. While it is up, its events are taken in the order in which they happened, as many at once as
wait, and settled in one transaction before the next are taken: a slow disk slows the reading, not the memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from workbench.domain.params import fill
from workbench.domain.resources import Capacity
from workbench.domain.run import Run, attempt_of
from workbench.domain.time import Micros
from workbench.engine import crash, seam
from workbench.engine.artifacts import Artifacts
from workbench.engine.blobs import Blobs
from workbench.engine.gpus import Gpus
from workbench.engine.ingest import Parser
from workbench.engine.logs import Logs
from workbench.engine.mind import Seen, now
from workbench.engine.seam import attempt_id, number_of, run_of
from workbench.engine.snapshots import Snapshots
from workbench.engine.store.interface import Reading
from workbench.engine.tails import Tail, Tails
from workbench.engine.telemetry import UNWATCHED, Telemetry
from workbench.engine.wheels import Wheels
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
LINGER = 0.03
"""Seconds that a start or some metrics may wait for more to share their transaction."""
FORGET_TOGETHER = 0.25
"""Seconds in which attempts that end are forgotten by one order. What is not told is found among the leftovers."""
COLLECT_PATIENCE = 60.0
"""Seconds in which what ended on a machine may come home before the machine is let go."""
CHUNK = 1 << 20
"""Bytes of a log fetched at once."""


class Record(Protocol):
    """What the hands need to know of history and mind when a road comes up."""

    def on_machine(self, machine: str) -> list[str]:
        """Attempts that are thought to be there, not over yet."""
        ...

    async def marks(self) -> dict[tuple[str, int], tuple[int, int]]: ...

    async def over(self, attempts: Iterable[str]) -> list[str]:
        """Those whose runs are on record as over."""
        ...


@dataclass(slots=True)
class Road:
    """One machine as the hands know it."""

    name: str
    connect: Callable[[], Awaitable[base.Machine]]
    limit: Callable[[Capacity], Capacity] = lambda capacity: capacity
    """What the workbench may use of it."""
    machine: base.Machine | None = None
    reason: str = "connecting"
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is known whether the machine answers."""
    parsers: dict[str, Parser] = field(default_factory=dict)
    ready: set[str] = field(default_factory=set)
    """Snapshots and environments that are there, so that no start asks again."""
    preparing: dict[str, asyncio.Lock] = field(default_factory=dict)
    forgotten: list[str] = field(default_factory=list)
    """Attempts that the machine may forget, waiting to be told together."""
    knock: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever wants it tried now rather than later."""
    searched: bool = False
    """Whether what an earlier road left there was looked for."""
    collecting: set[asyncio.Task[None]] = field(default_factory=set)
    """What brings home the logs and artifacts of attempts that are over."""
    gpus: Gpus = field(default_factory=Gpus, kw_only=True)
    leading: set[str] = field(default_factory=set)
    """Attempts that another one follows in their lane: their end frees nothing."""


class Dispatcher:
    """absorb: takes what was seen, returns when it is on disk. progress: (run, text) for whoever watches."""

    def __init__(
        self,
        blobs: Blobs,
        snapshots: Snapshots,
        wheels: Wheels,
        logs: Logs,
        artifacts: Artifacts,
        telemetry: Telemetry,
        record: Record,
        absorb: Callable[[Seen], Awaitable[None]],
        progress: Callable[[Iterable[str], str], None],
        sampled: Callable[[str], None],
    ) -> None:
        self.roads: dict[str, Road] = {}
        self._blobs = blobs
        self._snapshots = snapshots
        self._wheels = wheels
        self._logs = logs
        self._artifacts = artifacts
        self._telemetry = telemetry
        self._record = record
        self._absorb = absorb
        self._progress = progress
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
                self._artifacts.under_way[effect.attempt] = ""
                self._bring_home(effect.machine, self._collect(effect), f"collect {effect.attempt}")

    def _spawn(self, work: Awaitable[None], name: str) -> asyncio.Task[None]:
        task = asyncio.ensure_future(self._guard(work, name))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _bring_home(self, machine: str, work: Awaitable[None], name: str) -> None:
        task = self._spawn(work, name)
        if road := self.roads.get(machine):
            road.collecting.add(task)
            task.add_done_callback(road.collecting.discard)

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
        if road is None or road.machine is None:
            return  # the road is down: once it is up, these are found absent and placed anew
        machine = road.machine
        try:
            await self._start(road, machine, effect)
        except AgentError as problem:  # no room there, or its supervisor died: some may have started
            log.error("start on %s: %s", road.name, problem.message)
            self._progress([run.id for run in effect.lane], f"{road.name} could not start it yet: {problem.message}")
            await asyncio.sleep(FULL_AGAIN)
            await machine.watch({_attempt(run): 0 for run in effect.lane})
        crash.here("after-start")

    async def _start(self, road: Road, machine: base.Machine, effect: seam.Launch) -> None:
        try:
            for run in effect.lane:
                await self._prepare(road, machine, run)
        except (Unreachable, MachineFull):
            raise
        except BuildError as problem:
            await self._fail(effect, "the environment could not be built", problem.evidence.get("words", str(problem)))
            return
        except Exception as problem:
            log.exception("%s could not be prepared", road.name)
            await self._fail(effect, "the machine could not be prepared", str(problem))
            return
        road.leading.update(_attempt(run) for run in effect.lane[:-1])
        for run in effect.lane:
            road.parsers.setdefault(_attempt(run), Parser(run.id, number_of(_attempt(run))))
        crash.here("before-start")
        lane = [_spec(run) for run in effect.lane]
        devices = {device for spec in lane for device in spec.devices}
        await machine.start(lane, road.gpus.tolerance(devices))

    async def _fail(self, effect: seam.Launch, reason: str, words: str) -> None:
        """It never started, and must not start later: fence it, then say so."""
        machine = self._machine(effect.machine)
        attempts = [_attempt(run) for run in effect.lane]
        if machine is not None:
            await machine.fence(attempts)
        await self._absorb(Seen([seam.PrepareFailed(attempt, reason, words) for attempt in attempts]))

    async def _prepare(self, road: Road, machine: base.Machine, run: Run) -> None:
        snapshot, environment = run.code.snapshot, run.environment
        if snapshot not in road.ready:
            async with road.preparing.setdefault(snapshot, asyncio.Lock()):
                if snapshot not in road.ready:
                    self._progress([run.id], f"sending the code to {road.name}")
                    tree = await asyncio.to_thread(self._snapshots.tree, snapshot)
                    await machine.send(snapshot, tree, self._read_blob)
                    road.ready.add(snapshot)
        if environment.id and environment.id not in road.ready:
            async with road.preparing.setdefault(environment.id, asyncio.Lock()):
                if environment.id not in road.ready:
                    self._progress([run.id], f"building the environment on {road.name}")
                    locked = (await self._read_blob(environment.lock)).decode()
                    build = base.Build(environment.id, locked, environment.python)
                    await self._wheels.build(machine, build, lambda line: self._progress([run.id], line))
                    road.ready.add(environment.id)

    def _machine(self, name: str) -> base.Machine | None:
        """None while no road leads there."""
        road = self.roads.get(name)
        return road.machine if road else None

    async def _read_blob(self, sha: str) -> bytes:
        return await asyncio.to_thread(self._blobs.get, sha)

    async def _stop(self, effect: seam.Stop) -> None:
        crash.here("before-stop")
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

    async def _collect(self, effect: seam.Collect) -> None:
        road = self.roads.get(effect.machine)
        machine = self._machine(effect.machine)
        if road is None or machine is None:
            return  # found among the leftovers when the road is up again
        crash.here("before-collect")
        road.parsers.pop(effect.attempt, None)
        if effect.log_size and self._logs.size(effect.attempt) is None:
            try:
                await self._logs.write(effect.attempt, _chunks(machine, effect.attempt))
            except OSError as problem:  # the disk is full: the machine keeps it meanwhile
                log.error("the log of %s can't be kept yet: %s", effect.attempt, problem)
                await asyncio.sleep(RETRY_MOST)
                self.perform(effect)
                return
        road.forgotten.append(effect.attempt)
        if len(road.forgotten) == 1:
            await asyncio.sleep(FORGET_TOGETHER)
            told, road.forgotten = road.forgotten, []
            leaving = await machine.leaving(told)
            await self._forget(machine, [attempt for attempt in told if attempt not in leaving])
            for attempt in leaving:
                self._bring_home(road.name, self._bring(machine, attempt), f"bring the artifacts of {attempt}")

    async def _bring(self, machine: base.Machine, attempt: str) -> None:
        await self._artifacts.bring(machine, attempt)
        await self._forget(machine, [attempt])

    async def _forget(self, machine: base.Machine, attempts: list[str]) -> None:
        crash.here("before-forget")
        if attempts:
            await machine.forget(attempts)
        for attempt in attempts:
            self._artifacts.under_way.pop(attempt, None)

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
                    road.machine = None
                    road.ready.clear()
                    road.searched = False
                    road.leading.clear()
                    await machine.close()
                log.warning("the road to %s broke: %s", road.name, road.reason)
            await self._absorb(Seen([seam.MachineDown(road.name, road.reason)]))
            self._sampled(road.name)
            road.tried.set()
            if await _knocked(road, pause * random.uniform(0.5, 1.5)):  # noqa: S311  no secret
                delay = RETRY_FIRST

    def retry(self, name: str) -> None:
        """Try the road now, if it is down: `tried` then waits for the answer."""
        road = self.roads[name]
        if road.machine is None:
            road.tried.clear()
            road.knock.set()

    async def collected(self, road: Road) -> None:
        """Returns once nothing is being brought home on this road any more, or that takes too long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(COLLECT_PATIENCE):
                while road.collecting:
                    await asyncio.wait(road.collecting)

    async def _travel(self, road: Road, machine: base.Machine) -> str:
        """While it is up. Returns why it broke."""
        queue: asyncio.Queue[base.Event] = asyncio.Queue(maxsize=4096)
        pump = asyncio.create_task(_pump(machine, queue, self.tails), name=f"events of {road.name}")
        try:
            await self._arrive(road, machine)
            while True:
                events = await _take(queue, road.leading)
                await self._absorb(self._translate(road, events))
                if isinstance(events[-1], base.Disconnected):
                    return events[-1].why
        finally:
            pump.cancel()

    async def _arrive(self, road: Road, machine: base.Machine) -> None:
        """Ask the machine what became of everything, and only then give it new work."""
        marks = await self._record.marks()
        watched: dict[str, int] = {}
        road.parsers.clear()
        for attempt in self._record.on_machine(road.name):
            run, number = run_of(attempt), number_of(attempt)
            watched[attempt], step = marks.get((run, number), (0, 0))
            road.parsers[attempt] = Parser(run, number, watched[attempt], step)
        await machine.watch(watched)
        await machine.sample(self._interval)
        road.machine, road.reason = machine, ""
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
        road.searched = True

    def _translate(self, road: Road, events: list[base.Event]) -> Seen:
        seen = Seen()
        for event in events:
            match event:
                case base.Output():
                    self._read(road, seen.readings, event)
                case base.Started():
                    seen.events.append(seam.AttemptStarted(event.attempt, event.at))
                case base.Exited():
                    crash.here("before-settle")
                    self._finish(road, seen.readings, event.attempt)
                    seen.events.append(_ended(event))
                case base.Fenced():
                    if event.taken:
                        seen.events.extend(road.gpus.refuse(road.name, event.taken))
                    seen.events.append(seam.AttemptFenced(event.attempt))
                case base.Vanished():
                    self._finish(road, seen.readings, event.attempt)
                    seen.events.append(seam.AttemptVanished(event.attempt, event.why, event.log_size))
                case base.Absent():
                    seen.events.append(seam.AttemptAbsent(event.attempt))
                case base.Sampled():
                    seen.events.extend(road.gpus.look(road.name, event))
                    kept = self._telemetry.add(road.name, event)
                    self._sampled(road.name)
                    if kept is not None:
                        seen.samples.append(kept)
                case base.Disconnected():
                    pass
        return seen

    def _read(self, road: Road, readings: list[Reading], event: base.Output) -> None:
        parser = road.parsers.get(event.attempt)
        if parser is not None:
            reading = parser.feed(event.data, event.offset, now())
            if reading is not None:
                readings.append(reading)

    def _finish(self, road: Road, readings: list[Reading], attempt: str) -> None:
        parser = road.parsers.pop(attempt, None)
        reading = parser.finish(now()) if parser is not None else None
        if reading is not None:
            readings.append(reading)

    # What clients ask of machines

    async def read_log(self, machine: str, attempt: str, offset: int, limit: int) -> tuple[bytes, int]:
        """At most `limit` bytes at `offset`, and the log's size now. Raises Unreachable."""
        size = self._logs.size(attempt)
        if size is not None:
            return await asyncio.to_thread(self._logs.read, attempt, offset, limit), size
        return await self._reached(machine).read(attempt, "log", offset, limit)

    def follow(self, machine: str, attempt: str, offset: int) -> AbstractContextManager[Tail]:
        """The end of a log as it grows. Raises Unreachable, unless it was followed already: a road that breaks then is
        waited for."""
        if attempt not in self.tails:
            self._reached(machine)
        return self.tails.follow(machine, attempt, offset)

    def _follow(self, name: str, attempt: str, offset: int | None) -> None:
        machine = self._machine(name)
        if machine is not None:
            told = machine.unfollow(attempt) if offset is None else machine.follow(attempt, offset)
            self._spawn(told, f"follow {attempt}")

    def _reached(self, name: str) -> base.Machine:
        road = self.roads.get(name)
        if road is None or road.machine is None:
            raise Unreachable(f"no road to {name}: {road.reason if road else 'it is not known'}")
        return road.machine

    async def prune(self, keep: Iterable[str]) -> tuple[list[str], int]:
        removed: list[str] = []
        freed = 0
        for road in self.roads.values():
            if road.machine is not None:
                ids, size = await road.machine.prune(list(keep))
                road.ready.difference_update(ids)
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


async def _knocked(road: Road, seconds: float) -> bool:
    """Wait, unless somebody wants the road tried now."""
    try:
        async with asyncio.timeout(seconds):
            return await road.knock.wait()
    except TimeoutError:
        return False
    finally:
        road.knock.clear()


async def _pump(machine: base.Machine, queue: asyncio.Queue[base.Event], tails: Tails) -> None:
    """What is printed waits for no transaction: it is on the machine's record, and only shown here."""
    async for event in machine.events():
        if isinstance(event, base.Output) and event.stream == "log":
            tails.take(event)
        else:
            await queue.put(event)


async def _take(queue: asyncio.Queue[base.Event], leading: set[str]) -> list[base.Event]:
    """What waits, at least one. What nobody waits for lingers: of a short run, the end then shares the transaction
    of the start, and the runs of a lane share one."""
    events = [await queue.get(), *_waiting(queue)]
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER):
            while not any(_pressing(event, leading) for event in events):
                events += [await queue.get(), *_waiting(queue)]
    leading.difference_update(event.attempt for event in events if isinstance(event, base.Exited))
    return events


def _pressing(event: base.Event, leading: set[str]) -> bool:
    match event:
        case base.Started() | base.Output() | base.Sampled():
            return False
        case base.Exited():
            return event.attempt not in leading
        case _:
            return True


def _waiting(queue: asyncio.Queue[base.Event]) -> list[base.Event]:
    return [queue.get_nowait() for _ in range(queue.qsize())]


async def _chunks(machine: base.Machine, attempt: str) -> AsyncIterator[bytes]:
    offset = 0
    while True:
        data, size = await machine.read(attempt, "log", offset, CHUNK)
        yield data
        offset += len(data)
        if not data or offset >= size:
            return


def _attempt(run: Run) -> str:
    attempt = attempt_of(run.status)
    assert attempt is not None
    return attempt_id(run.id, attempt.number)


def _spec(run: Run) -> base.Spec:
    attempt = attempt_of(run.status)
    assert attempt is not None
    return base.Spec(
        attempt=attempt_id(run.id, attempt.number),
        argv=tuple(fill(run.ask.command, run.ask.params)),
        snapshot=run.code.snapshot,
        workdir=run.workdir,
        environment=run.environment.id,
        params=run.ask.params,
        variables=run.variables,
        outputs=run.outputs,
        links=run.links,
        devices=attempt.share.devices,
        cpus=run.ask.need.cpus,
        memory=run.ask.need.memory,
        time_limit=run.ask.time_limit,
    )


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
