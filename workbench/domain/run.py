"""A run: what was asked, what was frozen at submit, and where it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from workbench.domain.resources import Need
from workbench.domain.status import (
    ACTIVE,
    TERMINAL,
    TRANSITIONS,
    Attempt,
    Cancelled,
    Ended,
    Error,
    Failed,
    Finished,
    Held,
    Lost,
    OutOfMemory,
    Preparing,
    Queued,
    Running,
    Status,
    TimedOut,
)
from workbench.domain.time import SECOND, Micros
from workbench.errors import Refused

Param = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Code:
    """The code a run executes, as it was at submit."""

    snapshot: str
    """sha256 of the manifest, hex: the same files give the same snapshot."""
    commit: str = ""
    """HEAD's full hash, "" outside git."""
    branch: str = ""
    changes: int = 0
    """Files that differ from the commit, untracked ones among them."""
    diff: str = ""
    """sha256 of the blob that holds `git diff HEAD --binary`, "" where there is none."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The environment a run executes in, locked at submit."""

    id: str
    """Hash of lock, Python request and platform, hex; "" is the machine's own PATH, with nothing built."""
    lock: str = ""
    """sha256 of the blob that holds the locked requirements."""
    python: str = ""
    """A version request as uv takes it, such as 3.12."""
    origin: str = ""
    """What it was made from: pyproject.toml, uv.lock, requirements.txt, script train.py; and `+ with a, b`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a person asked for, and may still edit while the run waits."""

    command: tuple[str, ...]
    """As written, with `{param}` placeholders."""
    params: Mapping[str, Param]
    need: Need = Need()
    time_limit: float | None = None
    """Seconds."""
    priority: int = 0
    """Higher goes first."""
    retries: int = 0
    """How many new attempts may follow an error or a loss. The code's own failure is never retried."""
    after: tuple[str, ...] = ()
    """Ids of runs that must have finished first."""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Run:
    id: str
    """Eight letters and digits, minted by the engine, never used again."""
    seq: int
    """Its number in this history, counted from 1."""
    name: str
    """adjective-noun-seq, or what the user called it."""
    project: str
    directory: str
    """Absolute path of the project at submit: what `rerun` and `link`ed data refer to."""
    workdir: str
    """Where in the snapshot the command starts: relative, "." for its top."""
    user: str
    submitted: Micros
    ask: Ask
    code: Code
    environment: Environment
    position: float
    """Order within a priority; `seq` until someone moves it."""
    status: Status
    sweep: str = ""
    """Id of the first run of the same submit, "" for a single run."""
    rerun_of: str = ""
    attempts: int = 0
    """How many attempts were placed so far."""
    retried: int = 0
    """How many of them were retries."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Paths in the snapshot -> absolute paths on this machine, linked in place rather than copied."""
    variables: Mapping[str, str] = field(default_factory=dict)
    """Environment variables from workbench.toml. Never secrets: this is kept for ever."""
    outputs: tuple[str, ...] = ()
    """Patterns of files, relative to where the command starts, that are kept when it is over."""

    @property
    def live(self) -> bool:
        """Not over yet."""
        return self.status.name not in TERMINAL

    @property
    def active(self) -> bool:
        """Holds a share of a machine."""
        return self.status.name in ACTIVE

    def to(self, status: Status, **changes: object) -> Run:
        """This run in another status. Raises Refused where TRANSITIONS has no such arrow."""
        if status.name not in TRANSITIONS[self.status.name] and not _same_phase(self.status, status):
            raise Refused(f"{self.name} is {self.status.name} and can't become {status.name}", run=self.id)
        return replace(self, status=status, **changes)  # type: ignore[arg-type]


def _same_phase(old: Status, new: Status) -> bool:
    """A running or preparing run may learn that somebody wants it cancelled."""
    if isinstance(old, Preparing) and isinstance(new, Preparing):
        return old.attempt == new.attempt
    if isinstance(old, Running) and isinstance(new, Running):
        return old.attempt == new.attempt and old.started == new.started
    return False


def attempt_of(status: Status) -> Attempt | None:
    """The attempt that a status speaks of, if any."""
    match status:
        case Preparing() | Running() | Lost() | Error():
            return status.attempt
        case Finished() | Failed() | TimedOut() | OutOfMemory():
            return status.end.attempt
        case Cancelled():
            return status.end.attempt if status.end else None
        case Held() | Queued():
            return None


def end_of(status: Status) -> Ended | None:
    match status:
        case Finished() | Failed() | TimedOut() | OutOfMemory() | Cancelled():
            return status.end
        case _:
            return None


def started_at(status: Status) -> Micros | None:
    match status:
        case Running() | Lost():
            return status.started
        case _:
            end = end_of(status)
            return end.started if end else None


def ended_at(status: Status) -> Micros | None:
    match status:
        case Finished() | Failed() | TimedOut() | OutOfMemory():
            return status.end.ended
        case Cancelled() | Error() | Lost():
            return status.at
        case _:
            return None


def exit_code_of(status: Status) -> int | None:
    """What `workbench wait` ends with: the command's own code; 124 timed out, 125 error or lost,
    130 cancelled, 137 out of memory (the customs of timeout(1), docker and the shell). None while it is not over."""
    match status:
        case Finished():
            return 0
        case Failed():
            return status.exit_code
        case TimedOut():
            return 124
        case OutOfMemory():
            return 137
        case Error() | Lost():
            return 125
        case Cancelled():
            return 130
        case _:
            return None


def seconds_run(run: Run, now: Micros) -> float | None:
    """How long it has run, or ran: None where it never started."""
    started = started_at(run.status)
    if started is None:
        return None
    return ((ended_at(run.status) or now) - started) / SECOND
