"""What the engine asks of its history."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from workbench.domain.course import Event
from workbench.domain.events import Change
from workbench.domain.load import Load
from workbench.domain.machines import Enrolled
from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.domain.use import Use


@dataclass(frozen=True, slots=True)
class Artifact:
    name: str
    path: str
    """Where it lies, on the machine that made it."""
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What was read of an attempt's metrics file, and how far: written together, so nothing is stored twice."""

    run: str
    attempt: int
    offset: int
    """Bytes of the file that are in history after this."""
    points: Sequence[tuple[str, int, Micros, float]]
    """(key, step, at, value): tuples, because there are millions."""
    config: dict[str, Any] = field(default_factory=dict)
    artifacts: Sequence[Artifact] = ()
    malformed: int = 0
    first_malformed: str = ""
    """The first malformed line, cut to 200 characters."""
    step: int = 0
    """What the next line gets that has no step of its own."""


@dataclass(frozen=True, slots=True)
class Collected:
    """What an attempt left and is in store now: instead of what it said of its artifacts while it ran.

    Written once for an attempt, however often it comes."""

    run: str
    attempt: int
    artifacts: Sequence[Artifact]
    left_out: Sequence[str] = ()
    """What was not taken and why, a sentence each."""


@dataclass(frozen=True, slots=True)
class MachineSample:
    machine: str
    at: Micros
    body: dict[str, Any]
    """As `Sampled` has it, JSON-able."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction writes. Everything in it, or nothing."""

    changes: Sequence[Change] = ()
    readings: Sequence[Reading] = ()
    samples: Sequence[MachineSample] = ()
    machines: Mapping[str, Enrolled | None] = field(default_factory=dict)
    """name -> the machine as it is from now on, None where it is no longer ours."""
    collections: Sequence[Collected] = ()
    asides: Mapping[str, str] = field(default_factory=dict)
    """machine -> what is held against it from now on, "" where nothing is any more."""
    notices: Mapping[str, str] = field(default_factory=dict)
    """run -> who wants to be told of its end, "" where nobody does any more."""


@dataclass(frozen=True, slots=True)
class Metric:
    """What history keeps of one metric of one run, beside its points."""

    last: float
    min: float
    """Of the finite values; NaN where there is none."""
    max: float
    step: int
    """Of the last value."""
    count: int


@dataclass(frozen=True, slots=True)
class Stretch:
    """Of the steps of a run, from the first to the last of these."""

    first: int = -(1 << 63)
    last: int = (1 << 63) - 1


EVERYTHING = Stretch()


class Series(NamedTuple):
    """A metric in order of step: as many of each, but for lows and highs, which only means of several points have."""

    steps: Sequence[int]
    times: Sequence[Micros]
    values: Sequence[float]
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Row:
    run: Run
    metrics: dict[str, float]
    """key -> last value."""


@dataclass(frozen=True, slots=True)
class Loads:
    """How busy a machine was."""

    since: Micros
    """What was asked for, rounded down to a unit of what is kept."""
    every: Micros
    """Length of a bucket."""
    parts: Mapping[str, Load]
    """As domain.load names them."""


@dataclass(frozen=True, slots=True)
class Page:
    rows: Sequence[Row]
    total: int
    """How many fit the filter."""
    counts: dict[str, int]
    """status -> how many fit the filter."""


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened to a run, and what is known of that run by now."""

    seq: int
    at: Micros
    kind: str
    by: str
    run: str
    name: str
    project: str
    user: str
    status: str
    exit_code: int | None
    machine: str | None
    """None, too, where it had several attempts: which of them this was about is not on record."""


@dataclass(frozen=True, slots=True)
class Past:
    """A run as it is by now, and all that happened to it, in order."""

    row: Row
    events: Sequence[Event]


@dataclass(frozen=True, slots=True)
class Table:
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    truncated: bool


class History(Protocol):
    """The one way to the history. Safe to call from the event loop: one writer thread, a few readers.

    Raises HistoryFull when there is no room (nothing of the batch is written), HistoryError otherwise; Unwritable where
    no room and no time would help.
    """

    async def commit(self, batch: Batch) -> None:
        """Durable when this returns. Concurrent calls share a transaction; if one batch is bad, only it fails."""
        ...

    async def live(self) -> list[Run]:
        """Every run that is not over: what the engine starts from."""
        ...

    async def marks(self) -> dict[tuple[str, int], tuple[int, int]]:
        """(run, attempt) -> how far its metrics file was read: (bytes, step of the next line without one), for the
        runs that are not over."""
        ...

    async def last_seq(self) -> int: ...

    async def taken(self, ids: Sequence[str]) -> set[str]:
        """Those of these ids that are in use."""
        ...

    async def names(self, ids: Sequence[str]) -> dict[str, str]:
        """id -> name of those of these runs that there are."""
        ...

    async def find(self, reference: str) -> Run:
        """By id, name, number, or unambiguous prefix. Raises NotFound, Ambiguous."""
        ...

    async def page(self, filter: str, order: str, limit: int, offset: int, project: str = "") -> Page:
        """order: `queue` (running, preparing, queued in order, held, then what is over, newest first),
        `newest`, or a field, `-` before it for descending (`-metric.acc`). Raises FilterError."""
        ...

    async def metrics(self, run: str) -> dict[str, Metric]: ...

    async def config(self, run: str) -> dict[str, str]:
        """What its code logged about itself: key -> value as text."""
        ...

    async def series(
        self, run: str, key: str, points: int, stretch: Stretch = EVERYTHING, bands: bool = False
    ) -> Series:
        """Thinned to about `points`: first, last and extremes kept, or with `bands` means between lows and highs."""
        ...

    async def events(self, run: str) -> list[dict[str, Any]]:
        """[{at, kind, by, detail}] in order."""
        ...

    async def happened(self, since: Micros, until: Micros, after: int, limit: int) -> list[Happening]:
        """From `since` on and before `until`, in order; after: the `seq` of the last one that is known."""
        ...

    async def pasts(self, since: Micros, until: Micros, after: int, limit: int) -> tuple[list[Past], int]:
        """The runs that were there at some moment from `since` on and before `until`, in order of `seq`, and how many
        these are in all. after: the `seq` of the last one that is known."""
        ...

    async def artifacts(self, run: str) -> list[Artifact]:
        """The latest of each name, of the last attempt that left one."""
        ...

    async def artifact(self, run: str, name: str) -> Artifact | None: ...

    async def collected(self, run: str) -> dict[int, list[str]]:
        """attempt -> what was left out, for attempts whose artifacts are in store."""
        ...

    async def malformed(self, run: str) -> tuple[int, str]:
        """How many metric lines made no sense, and the first of them."""
        ...

    async def machines(self) -> list[Enrolled]:
        """By name. Of the local one only if something was said of it."""
        ...

    async def asides(self) -> dict[str, str]:
        """machine -> what is held against it, where something is."""
        ...

    async def notices(self) -> dict[str, str]:
        """run -> who wants to be told of its end, until that was done."""
        ...

    async def samples(self, machine: str, since: Micros, limit: int) -> list[tuple[Micros, dict[str, Any]]]: ...

    async def sampled(
        self, machine: str, since: Micros, until: Micros, every: Micros
    ) -> list[tuple[Micros, dict[str, Any]]]:
        """From `since` on and before `until`, in order of time: the first of each stretch `every` long."""
        ...

    async def loads(
        self, machine: str, since: Micros, until: Micros, points: int, latest: Sequence[Mapping[str, Any]]
    ) -> Loads:
        """How busy a machine was between two moments, in at most `points` buckets, peaks kept however old they are.
        latest: the samples in memory, in order of time."""
        ...

    async def usage(
        self, machine: str, attempt: str, devices: Collection[str], since: Micros, until: Micros, points: int
    ) -> list[Use]:
        """What an attempt took on its machine between two moments, in order of time; thinned to at most `points`,
        peaks kept. devices: UUIDs that it held."""
        ...

    async def projects(self) -> list[dict[str, Any]]:
        """[{name, directory, counts: {status: n}, last: Micros, seconds: float}] by last activity."""
        ...

    async def environments(self) -> set[str]:
        """Ids that runs which are not over need."""
        ...

    async def sql(self, query: str, seconds: float, rows: int) -> Table:
        """Read-only, no files, no settings, ended after so many seconds. Raises UsageError with DuckDB's words."""
        ...

    async def durations(self, project: str, limit: int) -> dict[str, list[float]]:
        """command -> seconds, newest first, that the latest runs of a project took which came to an end by themselves
        or at their limit: what an estimate stands on."""
        ...

    @property
    def full(self) -> str:
        """Why nothing can be written at present, "" when all is well."""
        ...

    async def close(self) -> None: ...
