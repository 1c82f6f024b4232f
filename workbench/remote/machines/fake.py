"""A machine in memory, for tests of whatever drives machines. It passes the same suite as the real ones.

Its processes are made up: a command is a sequence of steps, a `;` between them.

    print TEXT      a line for the log
    flood BYTES     so much for the log
    metric JSON     a line for the metrics
    sleep SECONDS   take that long
    wait            last until it is cancelled or its time is over
    keep NAME TEXT  an artifact of the name that holds the text
    write NAME TEXT a file below its working directory
    exit CODE       end here; without one a command ends with 0

Anything else can't be started, as a missing program can't. What a FakeHost holds outlives its connections, as on
a real machine; the road to it can be broken, replies can be lost, the host can be rebooted.
"""

from __future__ import annotations

import asyncio
import fnmatch
import hashlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from workbench.domain.devices import DeviceSample, Lease, Process, Tolerance
from workbench.domain.progress import BYTES, Progress
from workbench.domain.resources import Capacity
from workbench.domain.search import Found, Query
from workbench.domain.time import Micros
from workbench.errors import AgentError, BuildError, NoIndex, Unreachable
from workbench.remote.agent import find
from workbench.remote.machines.asking import asked, found
from workbench.remote.machines.base import (
    NOBODY,
    WINDOW,
    Absent,
    AttemptId,
    Build,
    Disconnected,
    Event,
    Exit,
    Exited,
    Fenced,
    Harvest,
    Host,
    Leaving,
    Output,
    Platform,
    Sampled,
    Say,
    Spec,
    Started,
    Stream,
    Taken,
    TreeEntry,
    Vanished,
    Wheel,
    unheard,
)

PLATFORM = Platform("3.12.4", "x86_64", "2.36")
_CAPACITY = Capacity(cpus=4, memory=8_000_000_000)

Reason = Literal["exited", "cancelled", "time limit", "memory limit", "not started"]


def now() -> Micros:
    return time.time_ns() // 1000


@dataclass
class _Attempt:
    """What a real machine keeps in an attempt's directory."""

    fate: Literal["none", "start", "void"] = "none"
    taken: Taken | None = None
    carried: bool = False
    started: Micros = 0
    exit: Exit | None = None
    vanished: str = ""
    log: bytearray = field(default_factory=bytearray)
    metrics: bytearray = field(default_factory=bytearray)
    cancel: asyncio.Event = field(default_factory=asyncio.Event)
    executions: int = 0
    forgotten: bool = False
    outputs: tuple[str, ...] = ()
    files: dict[str, bytes] = field(default_factory=dict)
    """Path below its directory -> content."""

    @property
    def over(self) -> bool:
        return self.fate == "void" or self.exit is not None or bool(self.vanished)


class FakeHost:
    """The machine itself. `connect` leads to it."""

    def __init__(self, name: str = "fake", capacity: Capacity = _CAPACITY) -> None:
        self.name = name
        self.boot = 1
        self.capacity = capacity
        self.attempts: dict[AttemptId, _Attempt] = {}
        self.snapshots: set[str] = set()
        self.blobs: set[str] = set()
        self.environments: set[str] = set()
        self.builds = 0
        self.build_fails = ""
        """uv's words, where the next builds shall fail."""
        self.offline = False
        self.building = asyncio.Event()
        """Clear it, and builds take until it is set."""
        self.building.set()
        self.given_up = 0
        """Builds that nobody waited for any more."""
        """Whether no package index can be reached from it."""
        self.wheels: dict[str, bytearray] = {}
        """sha256 -> as much as has come."""
        self.strangers: dict[str, tuple[Process, ...]] = {}
        """Device -> what others run on it."""
        self.newcomers: dict[str, tuple[Process, ...]] = {}
        """Device -> what others run on it since the last sample."""
        self.leases: dict[str, Lease] = {}
        """Device -> another's engine that has it."""
        self.lost: dict[str, str] = {}
        """Device -> what the driver says of one that is gone."""
        self.unreachable = False
        self.lose_reply_to: set[str] = set()
        """Verbs whose next reply gets lost: the deed is done, and the road breaks before the answer."""
        self.fetches_left: int | None = None
        """After so many more pieces of files the road breaks; None: it does not."""
        self.fetched: list[tuple[str, int]] = []
        """(path, offset) of every piece of a file that was given out."""
        self._machines: list[FakeMachine] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._building: dict[str, asyncio.Lock] = {}

    async def connect(self) -> FakeMachine:
        """Raises Unreachable while the host is set so."""
        if self.unreachable:
            raise Unreachable(f"no agent answers on {self.name}")
        machine = FakeMachine(self)
        self._machines.append(machine)
        return machine

    def break_road(self, why: str = "the connection was reset") -> None:
        """Every connection ends; what runs goes on."""
        machines, self._machines = self._machines, []
        for machine in machines:
            machine.disconnect(why)

    def reboot(self) -> None:
        """Everything that ran is gone, and so are the connections."""
        self.break_road("the machine went down")
        self.boot += 1
        self._kill_lanes("the machine was rebooted")

    def kill_supervisors(self) -> None:
        self._kill_lanes("its supervisor was killed")
        self.changed()

    def shut_down(self) -> None:
        """End everything, so that no task is left."""
        self.reboot()

    def _kill_lanes(self, why: str) -> None:
        for lane in self._lanes:
            lane.cancel()
        for attempt in self.attempts.values():
            attempt.carried = False
            if attempt.fate == "start" and not attempt.over:
                attempt.vanished = why

    def changed(self) -> None:
        """Something happened that a connection may have to tell."""
        for machine in self._machines:
            machine.look()

    def prints(self, name: AttemptId, text: bytes) -> None:
        """What runs there says something, whatever its steps are."""
        self.attempts[name].log += text
        self.changed()

    @property
    def followed(self) -> set[AttemptId]:
        """Attempts whose log somebody follows."""
        return {name for machine in self._machines for name in machine._followed}

    def attempt(self, name: AttemptId) -> _Attempt:
        return self.attempts.setdefault(name, _Attempt())

    def carry(self, lane: Sequence[Spec]) -> None:
        for spec in lane:
            self.attempt(spec.attempt).carried = True
        task = asyncio.create_task(self._carry(lane), name=f"lane of {lane[0].attempt}")
        self._lanes.add(task)
        task.add_done_callback(self._lanes.discard)

    async def _carry(self, lane: Sequence[Spec]) -> None:
        for spec in lane:
            attempt = self.attempt(spec.attempt)
            leased = next((device for device in sorted(spec.devices) if device in self.leases), None)
            if attempt.fate == "none" and leased:
                attempt.fate, attempt.taken = "void", Taken(leased, self.leases[leased].user, self.leases[leased].pid)
            if attempt.fate == "none":
                attempt.fate, attempt.started = "start", now()
                self.changed()
                code, reason, words = await self._execute(attempt, spec)
                attempt.exit = Exit(code, reason, attempt.started, now(), 0.0, 0, words)
            attempt.carried = False
            self.changed()

    async def _execute(self, attempt: _Attempt, spec: Spec) -> tuple[int | None, Reason, str]:
        """What a supervisor does with a command: its code, why it ended, why it could not be started."""
        steps = list(_steps(spec.argv))
        if steps[0][0] not in ("print", "flood", "metric", "sleep", "wait", "take", "keep", "write", "exit"):
            return None, "not started", f"No such file or directory: {steps[0][0]!r}"
        attempt.executions += 1
        attempt.outputs = spec.outputs
        deadline = time.monotonic() + spec.time_limit if spec.time_limit else None
        for verb, *rest in steps:
            if verb == "exit":
                return int(rest[0]), "exited", ""
            if verb == "print":
                attempt.log += rest[0].encode("utf-8", "surrogateescape") + b"\n"
                self.changed()
            elif verb == "flood":
                attempt.log += b"x" * int(rest[0])
                self.changed()
            elif verb == "metric":
                attempt.metrics += rest[0].encode() + b"\n"
                self.changed()
            elif verb in ("keep", "write"):
                attempt.files[f"{'artifacts' if verb == 'keep' else 'work'}/{rest[0]}"] = rest[1].encode()
            elif verb == "take" and 0 < spec.memory < int(rest[0]):
                return 143, "memory limit", f"used {rest[0]} B, asked for {spec.memory} B"
            else:
                wanted = float(rest[0]) if verb == "sleep" else None
                left = None if deadline is None else deadline - time.monotonic()
                patience = min((seconds for seconds in (wanted, left) if seconds is not None), default=None)
                try:
                    await asyncio.wait_for(attempt.cancel.wait(), patience)
                    return 143, "cancelled", ""
                except TimeoutError:
                    if deadline is not None and time.monotonic() >= deadline:
                        return 143, "time limit", ""
        return 0, "exited", ""


@dataclass
class _Watch:
    offset: int
    started: bool = False


class FakeMachine:
    """One connection to a FakeHost: a Machine."""

    def __init__(self, host: FakeHost) -> None:
        self._to = host
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._watches: dict[AttemptId, _Watch] = {}
        self._followed: dict[AttemptId, tuple[int, int]] = {}
        """What may be told of a log: from where, until where."""
        self._sampling: asyncio.Task[None] | None = None
        self._broken = ""

    @property
    def name(self) -> str:
        return self._to.name

    @property
    def host(self) -> Host:
        to = self._to
        return Host(to.capacity, to.name, f"boot-{to.boot}", "somebody", "3.11", "made up", f"/{to.name}")

    async def events(self) -> AsyncIterator[Event]:
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Disconnected):
                return

    async def send(
        self,
        snapshot: str,
        tree: Sequence[TreeEntry],
        read: Callable[[str], Awaitable[bytes]],
        say: Say = unheard,
    ) -> None:
        await self._travel()
        if snapshot not in self._to.snapshots:
            for blob in sorted({entry.content for entry in tree if entry.kind != "link"} - self._to.blobs):
                if hashlib.sha256(await read(blob)).hexdigest() != blob:
                    raise AgentError(f"{self.name}: the content of blob {blob} arrived damaged")
                self._to.blobs.add(blob)
            self._to.snapshots.add(snapshot)
        self._answer("send")

    async def build(self, build: Build, progress: Callable[[str], None]) -> str:
        await self._travel()
        async with self._to._building.setdefault(build.id, asyncio.Lock()):
            if build.id not in self._to.environments:
                progress("Resolved 1 package in 1ms")
                try:
                    await self._to.building.wait()
                except asyncio.CancelledError:
                    self._to.given_up += 1
                    raise
                if self._to.offline and not build.wheels:
                    words, platform = "Connection refused", asdict(PLATFORM)
                    raise NoIndex(f"no package index can be reached on {self.name}", words=words, platform=platform)
                if absent := [wheel.file for wheel in build.wheels if wheel.sha256 not in self._to.wheels]:
                    raise BuildError(f"uv could not build the environment on {self.name}", words=f"lacks {absent}")
                if self._to.build_fails:
                    raise BuildError(f"uv could not build the environment on {self.name}", words=self._to.build_fails)
                self._to.builds += 1
                self._to.environments.add(build.id)
        self._answer("build")
        return f"/{self.name}/environments/{build.id}"

    async def supply(
        self,
        wheels: Sequence[Wheel],
        read: Callable[[str, int, int], Awaitable[bytes]],
        say: Say,
    ) -> None:
        await self._travel()
        total = sum(wheel.size for wheel in wheels)

        def there() -> int:
            return sum(len(self._to.wheels.get(wheel.sha256, b"")) for wheel in wheels)

        for wheel in wheels:
            come = self._to.wheels.setdefault(wheel.sha256, bytearray())
            if len(come) < wheel.size:
                say(Progress("sending wheels", there(), total, BYTES))
            while len(come) < wheel.size and (data := await read(wheel.sha256, len(come), 1 << 20)):
                await self._travel()
                come += data
                say(Progress("sending wheels", there(), total, BYTES))
            if hashlib.sha256(come).hexdigest() != wheel.sha256:
                del self._to.wheels[wheel.sha256]
                raise AgentError(f"{self.name}: the content of blob {wheel.sha256} arrived damaged")
        self._answer("supply")

    async def start(self, lane: Sequence[Spec], tolerance: Tolerance = NOBODY) -> None:
        await self._travel()
        fresh = []
        for spec in lane:
            if spec.snapshot not in self._to.snapshots:
                raise AgentError(f"{self.name}: the snapshot {spec.snapshot} was never sent")
            if spec.environment and spec.environment not in self._to.environments:
                raise AgentError(f"{self.name}: the environment {spec.environment} is not built here")
            attempt = self._to.attempt(spec.attempt)
            if attempt.fate == "none" and not attempt.carried:
                attempt.taken = next(filter(None, (self._in_the_way(uuid, tolerance) for uuid in spec.devices)), None)
                if attempt.taken:
                    attempt.fate = "void"
                else:
                    fresh.append(spec)
        if fresh:
            self._to.carry(fresh)
        for spec in lane:
            self._watches.setdefault(spec.attempt, _Watch(0))
        self.look()
        self._answer("start")

    async def cancel(self, attempt: AttemptId) -> None:
        await self._travel()
        known = self._to.attempt(attempt)
        if known.fate == "none":
            known.fate = "void"
        known.cancel.set()
        self._watches.setdefault(attempt, _Watch(len(known.metrics)))
        self._to.changed()
        self._answer("cancel")

    async def fence(self, attempts: Sequence[AttemptId]) -> None:
        await self._travel()
        for name in attempts:
            known = self._to.attempt(name)
            if known.fate == "none":
                known.fate = "void"
                self._watches.setdefault(name, _Watch(0))
        self._to.changed()
        self._answer("fence")

    async def leftovers(self) -> list[AttemptId]:
        await self._travel()
        return [name for name, attempt in self._to.attempts.items() if attempt.over and not attempt.forgotten]

    async def watch(self, offsets: Mapping[AttemptId, int]) -> None:
        await self._travel()
        for name, offset in offsets.items():
            self._watches[name] = _Watch(offset)
        self.look()
        self._answer("watch")

    async def follow(self, attempt: AttemptId, offset: int) -> None:
        await self._travel()
        told, _ = self._followed.get(attempt, (offset, 0))
        self._followed[attempt] = (max(told, offset), offset + WINDOW)
        self.look()

    async def unfollow(self, attempt: AttemptId) -> None:
        await self._travel()
        self._followed.pop(attempt, None)

    async def read(self, attempt: AttemptId, stream: Stream, offset: int, limit: int) -> tuple[bytes, int]:
        await self._travel()
        known = self._to.attempts.get(attempt, _Attempt())
        content = known.log if stream == "log" else known.metrics
        return bytes(content[offset : offset + limit]), len(content)

    async def find(self, attempt: AttemptId, query: Query, offset: int, back: bool, count: int) -> Found:
        await self._travel()
        log = bytes(self._to.attempts.get(attempt, _Attempt()).log)
        question = asked(query, offset, back, count)
        return found(find.find(lambda at, most: log[at : at + most], len(log), question))

    async def leaving(self, attempts: Sequence[AttemptId]) -> list[AttemptId]:
        await self._travel()
        known = [(name, self._to.attempt(name)) for name in attempts]
        return [name for name, it in known if it.outputs or any(path.startswith("artifacts/") for path in it.files)]

    async def harvest(self, attempt: AttemptId) -> Harvest:
        await self._travel()
        known = self._to.attempt(attempt)
        files: dict[str, Leaving] = {}
        for path, content in sorted(known.files.items()):  # artifacts come before work
            place, _, name = path.partition("/")
            wanted = place == "artifacts" or any(fnmatch.fnmatchcase(name, pattern) for pattern in known.outputs)
            if wanted and name not in files:
                files[name] = Leaving(name, path, len(content), hashlib.sha256(content).hexdigest())
        return Harvest(tuple(files.values()), ())

    async def fetch(self, attempt: AttemptId, path: str, offset: int, limit: int) -> bytes:
        await self._travel()
        to = self._to
        if to.fetches_left is not None:
            if not to.fetches_left:
                to.fetches_left = None
                to.break_road()
                raise Unreachable(f"{self.name} can't be reached: the connection was reset")
            to.fetches_left -= 1
        content = to.attempt(attempt).files.get(path)
        if content is None:
            raise AgentError(f"{self.name}: there is no {path!r}")
        to.fetched.append((path, offset))
        return content[offset : offset + limit]

    async def forget(self, attempts: Sequence[AttemptId]) -> None:
        await self._travel()
        for name in attempts:
            known = self._to.attempt(name)
            if not known.over:
                raise AgentError(f"{self.name}: {name} has not ended")
            gone = "" if known.fate == "void" else "it ended long ago and its record was cleared away"
            self._to.attempts[name] = _Attempt(known.fate, vanished=gone, executions=known.executions, forgotten=True)
        self._answer("forget")

    async def sample(self, interval: float) -> None:
        await self._travel()
        if self._sampling:
            self._sampling.cancel()
        self._sampling = asyncio.create_task(self._sample(interval), name="samples") if interval else None

    async def prune(self, keep: Sequence[str]) -> tuple[list[str], int]:
        await self._travel()
        gone = sorted(self._to.environments - set(keep))
        self._to.environments -= set(gone)
        return gone, 0

    async def close(self) -> None:
        self.disconnect("it was closed")

    def disconnect(self, why: str) -> None:
        if not self._broken:
            self._broken = why
            if self._sampling:
                self._sampling.cancel()
            self._events.put_nowait(Disconnected(why))

    async def _travel(self) -> None:
        """A request on its way. Raises Unreachable where the road has ended."""
        await asyncio.sleep(0)
        if self._broken:
            raise Unreachable(f"{self.name} can't be reached: {self._broken}")

    def _answer(self, verb: str) -> None:
        if verb in self._to.lose_reply_to:
            self._to.lose_reply_to.discard(verb)
            self._to.break_road("the reply got lost")
            raise Unreachable(f"{self.name} can't be reached: the reply got lost")

    async def _sample(self, interval: float) -> None:
        while True:
            running = {name: (0.0, 0) for name, watch in self._watches.items() if watch.started}
            devices = tuple(self._device(device.uuid) for device in self._to.capacity.devices)
            self._events.put_nowait(Sampled(now(), 0.0, 0, 1 << 40, 0.0, 0.0, 0.0, devices, running))
            await asyncio.sleep(interval)

    def _device(self, uuid: str) -> DeviceSample:
        processes = self._to.strangers.get(uuid, ())
        memory = sum(process.memory for process in processes)
        return DeviceSample(
            uuid, 0.0, memory, 0.0, 0.0, processes, self._to.leases.get(uuid), self._to.lost.get(uuid, "")
        )

    def _in_the_way(self, uuid: str, tolerance: Tolerance) -> Taken | None:
        if uuid in self._to.lost:
            return Taken(uuid, "", lost=self._to.lost[uuid])
        there = (*self._to.strangers.get(uuid, ()), *self._to.newcomers.get(uuid, ()))
        strangers = [process for process in there if not tolerance.allows(uuid, process)]
        first = max(strangers, key=lambda process: process.memory, default=None)
        return Taken(uuid, first.user, first.pid, first) if first else None

    def look(self) -> None:
        """Tell what is new of what is watched."""
        for name, watch in list(self._watches.items()):
            attempt = self._to.attempts.get(name, _Attempt())
            for event in self._news(name, attempt, watch):
                self._events.put_nowait(event)
            if attempt.over or (attempt.fate == "none" and not attempt.carried):
                del self._watches[name]
                self._followed.pop(name, None)

    def _news(self, name: AttemptId, attempt: _Attempt, watch: _Watch) -> Iterator[Event]:
        if attempt.fate == "void":
            yield Fenced(name, attempt.taken)
            return
        if attempt.fate == "none":
            if not attempt.carried:
                yield Absent(name)
            return
        if not watch.started:
            watch.started = True
            yield Started(name, attempt.started)
        if len(attempt.metrics) > watch.offset:
            yield Output(name, "metrics", watch.offset, bytes(attempt.metrics[watch.offset :]))
            watch.offset = len(attempt.metrics)
        if name in self._followed:
            told, until = self._followed[name]
            if data := bytes(attempt.log[told:until]):
                self._followed[name] = (told + len(data), until)
                yield Output(name, "log", told, data)
        if attempt.exit:
            yield Exited(name, attempt.exit, len(attempt.log))
        elif attempt.vanished:
            yield Vanished(name, attempt.vanished, len(attempt.log))


def _steps(argv: Sequence[str]) -> Iterator[list[str]]:
    step: list[str] = []
    for word in (*argv, ";"):
        if word != ";":
            step.append(word)
        elif step:
            yield step
            step = []
