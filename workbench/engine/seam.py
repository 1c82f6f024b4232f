"""The seam between mind and hands: nothing else passes between them.

The mind decides and remembers and touches no machine; it puts out effects. The hands act under one Unix
user's identity and put back events. Both are data, so that one day they may live in two processes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workbench.domain.machines import Enrolled
from workbench.domain.resources import Capacity
from workbench.domain.run import Run
from workbench.domain.time import Micros

AttemptId = str
"""RUN.NUMBER"""


def attempt_id(run: str, number: int) -> AttemptId:
    return f"{run}.{number}"


def run_of(attempt: AttemptId) -> str:
    return attempt.partition(".")[0]


def number_of(attempt: AttemptId) -> int:
    return int(attempt.partition(".")[2])


# Effects: what the mind wants done. All are idempotent, and none is performed before the decision is on disk.


@dataclass(frozen=True, slots=True)
class Launch:
    """Have code and environment on the machine, then start the first; each next one when the one before ended."""

    machine: str
    lane: tuple[Run, ...]
    """Runs in status preparing, all on this machine."""


@dataclass(frozen=True, slots=True)
class Stop:
    """End the attempt, whether it has started or not."""

    machine: str
    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class Fence:
    """Make sure that these never start; one that has started is left alone."""

    machine: str
    attempts: tuple[AttemptId, ...]


@dataclass(frozen=True, slots=True)
class Collect:
    """The attempt is over and on record: bring its log home, then let the machine forget it."""

    machine: str
    attempt: AttemptId
    log_size: int


@dataclass(frozen=True, slots=True)
class Wake:
    """Come back with Tick at this moment."""

    at: Micros


Effect = Launch | Stop | Fence | Collect | Wake


# Events: what the hands saw.


@dataclass(frozen=True, slots=True)
class MachineUp:
    name: str
    capacity: Capacity


@dataclass(frozen=True, slots=True)
class MachineDown:
    """No road to it. Says nothing about the attempts there."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class DevicesSeen:
    """Who uses which GPU of the machine, besides us. Told when that changes."""

    machine: str
    used: Mapping[str, str]
    """UUID -> by whom, a phrase that goes after "is". All others are free for us."""


@dataclass(frozen=True, slots=True)
class AttemptStarted:
    attempt: AttemptId
    at: Micros


@dataclass(frozen=True, slots=True)
class AttemptEnded:
    attempt: AttemptId
    code: int | None
    """None: the command could not be started; `words` says why."""
    reason: str
    """exited, cancelled, time limit, memory limit, not started"""
    started: Micros
    ended: Micros
    cpu_seconds: float
    peak_memory: int
    words: str = ""
    log_size: int = 0


@dataclass(frozen=True, slots=True)
class AttemptFenced:
    """It never started and never will."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class AttemptVanished:
    """It started, and nobody is left who knows how it ended."""

    attempt: AttemptId
    why: str
    log_size: int = 0


@dataclass(frozen=True, slots=True)
class AttemptAbsent:
    """The machine knows nothing of it: the order to start got lost. Safe to send again."""

    attempt: AttemptId


@dataclass(frozen=True, slots=True)
class PrepareFailed:
    """Code or environment could not be brought there, so it was never started."""

    attempt: AttemptId
    reason: str
    words: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed."""


Event = (
    MachineUp
    | MachineDown
    | DevicesSeen
    | AttemptStarted
    | AttemptEnded
    | AttemptFenced
    | AttemptVanished
    | AttemptAbsent
    | PrepareFailed
    | Tick
)


# Commands: what a person wants, already checked for sense.


@dataclass(frozen=True, slots=True)
class Submit:
    runs: tuple[Run, ...]
    """Queued or held."""
    pending: dict[str, frozenset[str]]
    """run -> those of its `after` that are not over yet."""


@dataclass(frozen=True, slots=True)
class Withdraw:
    """A submit that could not be written: nobody was told of it, and nothing was done for it."""

    runs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Hold:
    run: str
    by: str


@dataclass(frozen=True, slots=True)
class Release:
    run: str
    by: str


@dataclass(frozen=True, slots=True)
class Cancel:
    run: str
    by: str


@dataclass(frozen=True, slots=True)
class Move:
    run: str
    position: float
    by: str


@dataclass(frozen=True, slots=True)
class Edit:
    """The run, waiting, as it shall be from now on."""

    run: Run
    by: str


@dataclass(frozen=True, slots=True)
class Enrol:
    """The machine as it is on record from now on: new, or with other labels, or draining."""

    machine: Enrolled
    aside: str = ""
    """What was held against it when an engine last knew it. "" leaves that as it is."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whatever runs suffered on a machine is not held against it any more."""

    machine: str


@dataclass(frozen=True, slots=True)
class Dismiss:
    """The machine is no longer ours. Refused while it has attempts that are not over."""

    machine: str
    lost: bool = False
    """It is gone for good, and what was there with it. Refused while it answers."""


Command = Submit | Withdraw | Hold | Release | Cancel | Move | Edit | Enrol | Trust | Dismiss
