"""What a machine can do, whichever road leads there. The same suite of tests passes for every one of them.

A Machine is a live connection to one agent. It is made by `connect()`, ends by itself when the road breaks
(the last event is Disconnected), and knows nothing of runs: only of attempts, by the id that the engine mints.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from workbench.domain.devices import DeviceSample, Process, Tolerance
from workbench.domain.progress import Progress
from workbench.domain.resources import Capacity
from workbench.domain.search import Found, Query
from workbench.domain.time import Micros
from workbench.remote.agent import watching

AttemptId = str
"""RUN.NUMBER, such as k3v9q2xd.1"""

Stream = Literal["log", "metrics"]

WINDOW = watching.WINDOW
"""Bytes of a followed log that a machine tells beyond those that it was told have arrived."""


@dataclass(frozen=True, slots=True)
class Host:
    """What an agent says of its machine at hello."""

    capacity: Capacity
    hostname: str
    boot_id: str
    user: str
    python: str
    kernel: str
    root: str
    """Where the agent keeps attempts, snapshots and environments there."""
    warnings: tuple[str, ...] = ()
    """What would bite later, a sentence each with its remedy."""


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One file of a snapshot."""

    path: str
    """Relative, with slashes, no `..`."""
    kind: Literal["file", "executable", "link"]
    content: str
    """sha256 of the blob in hex; for a link, where it points."""
    size: int


@dataclass(frozen=True, slots=True)
class Platform:
    """What decides which wheels fit a machine."""

    python: str
    """Such as 3.12.4."""
    machine: str
    """The processor as uname has it: x86_64, aarch64."""
    glibc: str
    """Its version, such as 2.36; "" where the C library is musl."""


@dataclass(frozen=True, slots=True)
class Wheel:
    file: str
    """The name that says what it is and where it fits."""
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Build:
    """An environment to build: the machine builds it once, however many ask."""

    id: str
    lock: str
    """The locked requirements, as `uv pip sync` reads them."""
    python: str
    """A version request, "" for the machine's default."""
    wheels: tuple[Wheel, ...] = ()
    """Must have been sent by `supply`; where there are any, the machine asks no index."""


@dataclass(frozen=True, slots=True)
class Spec:
    """Everything an attempt needs to start. Its canonical JSON's sha256 is part of its fate."""

    attempt: AttemptId
    argv: tuple[str, ...]
    snapshot: str
    """Must have been sent by `send`."""
    workdir: str
    environment: str
    """Must have been built by `build`; "" for none."""
    params: Mapping[str, Any]
    variables: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
    devices: tuple[str, ...] = ()
    """GPU UUIDs; the attempt sees these and no others."""
    cpus: int = 1
    memory: int = 0
    """Bytes that all its processes may take together; 0: as much as they like."""
    time_limit: float | None = None
    """Seconds."""
    grace: float = 10.0
    """Seconds between TERM and KILL."""
    log_limit: int = 64 * 1024 * 1024
    """Bytes: the first and the last half are kept, a marked gap between them."""
    outputs: tuple[str, ...] = ()
    """Patterns of files below `workdir` that are kept when it is over."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """A file that an attempt leaves to be kept."""

    name: str
    """What it is called in history: a relative path, with slashes."""
    path: str
    """Where it lies, below the attempt's directory."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Harvest:
    """All that an attempt leaves to be kept."""

    files: tuple[Leaving, ...]
    left_out: tuple[str, ...]
    """What was not taken and why, a sentence each."""


@dataclass(frozen=True, slots=True)
class Exit:
    """How an attempt ended, as its supervisor put it on record."""

    code: int | None
    """Exit code; 128 + N for signal N; None where the command could not be started."""
    reason: Literal["exited", "cancelled", "time limit", "memory limit", "not started"]
    started: Micros
    ended: Micros
    cpu_seconds: float
    peak_memory: int
    words: str = ""
    """Why it could not be started, as the kernel said it; what it used and had asked for, where that was too much."""


# What a machine tells, in the order in which it happened for any one attempt.


@dataclass(frozen=True, slots=True)
class Started:
    attempt: AttemptId
    at: Micros


@dataclass(frozen=True, slots=True)
class Output:
    """More of a stream: the bytes at `offset`."""

    attempt: AttemptId
    stream: Stream
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Exited:
    """It is over, every byte of its metrics has been told before this, and its log lies at its full size."""

    attempt: AttemptId
    exit: Exit
    log_size: int


@dataclass(frozen=True, slots=True)
class Taken:
    """A device that somebody else has: by a lease of their engine, where nothing more is said."""

    device: str
    """UUID."""
    user: str
    """"" where the machine does not say."""
    pid: int = 0
    """0 where the machine does not say."""
    process: Process | None = None
    """What computes there past all engines."""
    lost: str = ""
    """What the driver says, where the device itself is gone."""


@dataclass(frozen=True, slots=True)
class Fenced:
    """It will never start."""

    attempt: AttemptId
    taken: Taken | None = None
    """Why, where it was to have a device that another has."""


@dataclass(frozen=True, slots=True)
class Vanished:
    """It started, its supervisor is gone, and there is no exit code. Leftovers of it were killed."""

    attempt: AttemptId
    why: str
    log_size: int = 0


@dataclass(frozen=True, slots=True)
class Absent:
    """The machine has never started it and knows no fence: it may be started."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class Sampled:
    """What the machine does at this moment."""

    at: Micros
    cpu: float
    """0 to 1, all cores together."""
    memory: int
    """Bytes in use."""
    disk_free: int
    """Bytes, where attempts are kept."""
    network_in: float
    """Bytes a second."""
    network_out: float
    load: float
    devices: tuple[DeviceSample, ...] = ()
    attempts: Mapping[AttemptId, tuple[float, int]] = field(default_factory=dict)
    """Of each attempt's process tree: cores in use, bytes resident."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The last event: the road broke. Says nothing about the attempts."""

    why: str


Event = Started | Output | Exited | Fenced | Vanished | Absent | Sampled | Disconnected


NOBODY = Tolerance()


Say = Callable[[Progress], None]
"""Takes how far something has come."""


def unheard(progress: Progress) -> None:
    """Nobody wants to know."""


class Machine(Protocol):
    """A connected machine. Every call raises Unreachable when the road breaks, AgentError when the far end
    refuses; none is a reason to believe that an attempt has failed."""

    @property
    def name(self) -> str: ...

    @property
    def host(self) -> Host: ...

    def events(self) -> AsyncIterator[Event]:
        """Everything it tells, until Disconnected. One reader."""
        ...

    async def send(
        self,
        snapshot: str,
        tree: Sequence[TreeEntry],
        read: Callable[[str], Awaitable[bytes]],
        say: Say = unheard,
    ) -> None:
        """Have the code there: only what is missing travels. `read` gives a blob by its sha256."""
        ...

    async def build(self, build: Build, progress: Callable[[str], None]) -> str:
        """Have the environment there; its path. One build, however many ask at once. progress: takes uv's lines.

        Whoever is cancelled meanwhile has given it up, and the machine stops what was begun for that question.

        Raises BuildError with uv's words, NoIndex where it takes wheels that only a network could bring."""
        ...

    async def supply(
        self,
        wheels: Sequence[Wheel],
        read: Callable[[str, int, int], Awaitable[bytes]],
        say: Say,
    ) -> None:
        """Have the wheels there. Only what is missing travels, and what a broken road left goes on.

        `read` gives at most so many bytes at an offset of the file with that sha256."""
        ...

    async def start(self, lane: Sequence[Spec], tolerance: Tolerance = NOBODY) -> None:
        """Start the first; each next one when the one before has ended. Returns once a supervisor has them.

        The machine looks at their devices once more. Where one is lost, or a process uses it that is not ours, the
        attempt is Fenced.

        Idempotent: an attempt that has a fate keeps it, and what became of it is told again as an event."""
        ...

    async def cancel(self, attempt: AttemptId) -> None:
        """End it: void if it has not started, else TERM, grace, KILL to its whole tree.

        The outcome comes as Fenced or Exited."""
        ...

    async def fence(self, attempts: Sequence[AttemptId]) -> None:
        """Make sure that these never start. One that has started is left alone; the others come as Fenced."""
        ...

    async def leftovers(self) -> list[AttemptId]:
        """Attempts that are over there and were not told to be forgotten."""
        ...

    async def watch(self, offsets: Mapping[AttemptId, int]) -> None:
        """Tell what became of each, now and from now on, its metrics from this byte offset on.

        For a new connection: the machine answers, whatever the engine believed. An attempt that it knows
        nothing of is told as Absent."""
        ...

    async def follow(self, attempt: AttemptId, offset: int) -> None:
        """Tell its log too, from this byte offset on, and all of it sooner: somebody looks.

        It goes on for WINDOW bytes. To follow again, from further on, says that all before has come. Before the
        attempt starts it waits; where it is over there is nothing to follow, only to `read`."""
        ...

    async def unfollow(self, attempt: AttemptId) -> None:
        """Nobody looks any more."""
        ...

    async def read(self, attempt: AttemptId, stream: Stream, offset: int, limit: int) -> tuple[bytes, int]:
        """At most `limit` bytes at `offset`, and the stream's size now."""
        ...

    async def find(self, attempt: AttemptId, query: Query, offset: int, back: bool, count: int) -> Found:
        """The next step of a search through its log, done there: `count` lines or more, or those that a second
        brings. Forward from `offset`, or back among the lines that begin before it."""
        ...

    async def leaving(self, attempts: Sequence[AttemptId]) -> list[AttemptId]:
        """Those of them that may have left files to be kept. Cheap, however many."""
        ...

    async def harvest(self, attempt: AttemptId) -> Harvest:
        """What it left to be kept: its artifacts, and the outputs that its spec asks for. Reads all of them."""
        ...

    async def fetch(self, attempt: AttemptId, path: str, offset: int, limit: int) -> bytes:
        """At most `limit` bytes at `offset` of a file that it left, fewer only at the file's end."""
        ...

    async def forget(self, attempts: Sequence[AttemptId]) -> None:
        """All that they left is on record elsewhere: their directories may shrink to their fate and the
        files that they wrote."""
        ...

    async def sample(self, interval: float) -> None:
        """Tell Sampled every so many seconds; 0: never."""
        ...

    async def prune(self, keep: Sequence[str]) -> tuple[list[str], int]:
        """Remove environments other than these; their ids and the bytes that came free."""
        ...

    async def close(self) -> None: ...
