"""Statuses of a run as variants: each carries only what is true in it.

A run's attempt number, machine and times live in the variant, so a queued run cannot have an exit code
and a finished one cannot lack its end. Which status may follow which is the table TRANSITIONS.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from workbench.domain.resources import Share
from workbench.domain.time import Micros


@dataclass(frozen=True, slots=True)
class Usage:
    """What an attempt took, as the kernel counted it for the whole process tree."""

    cpu_seconds: float
    """User and system, summed over every process of the attempt."""
    peak_memory: int
    """Bytes; the largest resident set of any one process, or of the tree where it was sampled."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a run, on one machine."""

    number: int
    """1 for the first."""
    machine: str
    share: Share
    placed: Micros


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt that ran and is over."""

    attempt: Attempt
    started: Micros
    ended: Micros
    usage: Usage | None
    """None where nobody was left to count."""


@dataclass(frozen=True, slots=True)
class Held:
    name: ClassVar[str] = "held"
    since: Micros
    reason: str
    """Why, in words: "by alice", "over budget"."""


@dataclass(frozen=True, slots=True)
class Queued:
    name: ClassVar[str] = "queued"
    since: Micros
    not_before: Micros = 0
    """A retry waits for this moment; 0: now."""
    avoid: str = ""
    """The machine where the last attempt came to grief: another one goes first."""


@dataclass(frozen=True, slots=True)
class Preparing:
    """Placed: the machine gets code and environment, then starts it. May be asked to start more than once,
    starts at most once."""

    name: ClassVar[str] = "preparing"
    attempt: Attempt
    cancelled_by: str = ""


@dataclass(frozen=True, slots=True)
class Running:
    name: ClassVar[str] = "running"
    attempt: Attempt
    started: Micros
    cancelled_by: str = ""
    """Who asked to cancel it; "" while nobody did. The machine has the last word on how it ended."""


@dataclass(frozen=True, slots=True)
class Finished:
    """Exit code 0."""

    name: ClassVar[str] = "finished"
    end: Ended


@dataclass(frozen=True, slots=True)
class Failed:
    """The code's own failure: an exit code other than 0, or a signal."""

    name: ClassVar[str] = "failed"
    end: Ended
    exit_code: int
    """As a shell shows it: 128 + N for signal N."""


@dataclass(frozen=True, slots=True)
class Error:
    """The platform's failure: it never got to run, or could not be kept running."""

    name: ClassVar[str] = "error"
    at: Micros
    reason: str
    words: str = ""
    """What the tool that failed said (uv's complaint, the kernel's), as it said it."""
    attempt: Attempt | None = None


@dataclass(frozen=True, slots=True)
class Cancelled:
    name: ClassVar[str] = "cancelled"
    at: Micros
    by: str
    end: Ended | None = None
    """None: it never started."""


@dataclass(frozen=True, slots=True)
class TimedOut:
    name: ClassVar[str] = "timed out"
    end: Ended
    limit: float
    """Seconds."""


@dataclass(frozen=True, slots=True)
class OutOfMemory:
    """It took more memory than it had asked for, and was stopped."""

    name: ClassVar[str] = "oom"
    end: Ended
    reason: str
    """`used 9.1 GB, asked for 8 GB`."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Its supervisor is gone and left no exit code: a reboot, or a kill -9 of the supervisor."""

    name: ClassVar[str] = "lost"
    at: Micros
    reason: str
    attempt: Attempt
    started: Micros


Status = Held | Queued | Preparing | Running | Finished | Failed | Error | Cancelled | TimedOut | OutOfMemory | Lost

VARIANTS: Mapping[str, type[Status]] = {
    variant.name: variant
    for variant in (Held, Queued, Preparing, Running, Finished, Failed, Error, Cancelled, TimedOut, OutOfMemory, Lost)
}

TRANSITIONS: Mapping[str, frozenset[str]] = {
    "held": frozenset({"queued", "cancelled"}),
    "queued": frozenset({"held", "preparing", "cancelled", "error"}),
    # Back to queued: a fenced attempt (it never started), or a retry as a new attempt.
    "preparing": frozenset({"running", "queued", "error", "cancelled", "lost"}),
    "running": frozenset({"finished", "failed", "error", "cancelled", "timed out", "oom", "lost", "queued"}),
    "finished": frozenset(),
    "failed": frozenset(),
    "error": frozenset(),
    "cancelled": frozenset(),
    "timed out": frozenset(),
    "oom": frozenset(),
    "lost": frozenset(),
}
"""A terminal status never changes: a second try at ended work is a new run."""

TERMINAL = frozenset(name for name, after in TRANSITIONS.items() if not after)
WAITING = frozenset({"held", "queued"})
ACTIVE = frozenset({"preparing", "running"})
