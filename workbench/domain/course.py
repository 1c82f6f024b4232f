"""How a run stood at each moment of its life, drawn from its events and from how it stands by now.

Events say what happened and when, the run as it is now says the rest: machine and share of its last attempt, how it
ended. What neither keeps is left open: the machine of an earlier attempt is "".
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import NamedTuple

from workbench.domain.events import Kind
from workbench.domain.resources import Share
from workbench.domain.run import Run, attempt_of, started_at
from workbench.domain.status import Attempt, Held, Preparing, Queued, Running, Status
from workbench.domain.time import Micros


class Event(NamedTuple):
    at: Micros
    kind: str
    by: str
    """Who asked, "" where the engine did it by itself."""


class Stage(NamedTuple):
    """From this event on, until the next one."""

    event: Event
    status: Status
    attempts: int
    retried: int


@dataclass(frozen=True, slots=True)
class Life:
    """A run and all its stages. Its ask and its place in the queue are those it has by now."""

    run: Run
    stages: tuple[Stage, ...]

    def stage(self, at: Micros) -> Stage | None:
        """The one it is in at a moment; None before it was submitted."""
        index = bisect_right(self.stages, at, key=lambda stage: stage.event.at)
        return self.stages[index - 1] if index else None

    def at(self, at: Micros) -> Run | None:
        stage = self.stage(at)
        return self.in_stage(stage) if stage else None

    def in_stage(self, stage: Stage) -> Run:
        return replace(self.run, status=stage.status, attempts=stage.attempts, retried=stage.retried)


def life(run: Run, events: Iterable[Event]) -> Life:
    """events: all of the run, in order, the first one its submit. One that the run has not followed yet is left out."""
    told = list(events)
    stages: list[Stage] = []
    for place, event in enumerate(told):
        before = stages[-1] if stages else Stage(event, Queued(event.at), 0, 0)
        event = event._replace(at=max(event.at, before.event.at))  # a clock may have been set back
        match event.kind:
            case Kind.SUBMITTED:
                status: Status = Held(event.at, f"by {run.user}") if _held_first(run, told) else Queued(event.at)
            case Kind.HELD:
                last = all(later.kind != Kind.HELD for later in told[place + 1 :])
                reason = (
                    run.status.reason if isinstance(run.status, Held) and last else f"by {event.by or 'the engine'}"
                )
                status = Held(event.at, reason)
            case Kind.RELEASED | Kind.FENCED | Kind.RETRIED:
                status = Queued(event.at)
            case Kind.PLACED:
                status = Preparing(_attempt(run, before.attempts + 1, event.at))
            case Kind.STARTED:
                number = max(1, before.attempts)
                known = attempt_of(before.status) or _attempt(run, number, event.at)
                exact = started_at(run.status) if number == run.attempts else None
                status = Running(known, exact or event.at)
            case Kind.CANCELLING if isinstance(before.status, Preparing | Running):
                status = replace(before.status, cancelled_by=event.by)
            case Kind.ENDED if not run.live:
                status = run.status
            case Kind.ENDED:
                continue
            case _:
                status = before.status
        attempts = before.attempts + (event.kind == Kind.PLACED)
        stages.append(Stage(event, status, attempts, before.retried + (event.kind == Kind.RETRIED)))
    return Life(run, tuple(stages))


def _held_first(run: Run, events: list[Event]) -> bool:
    """Whether it was submitted on hold, which its first event does not say: what followed does."""
    steps = (event.kind for event in events[1:] if event.kind not in (Kind.EDITED, Kind.MOVED))
    after = next(steps, None)
    return after == Kind.RELEASED or (after is None and isinstance(run.status, Held))


def _attempt(run: Run, number: int, placed: Micros) -> Attempt:
    last = attempt_of(run.status)
    if last and last.number == number:
        return last
    return Attempt(number, "", Share(run.ask.need.cpus, run.ask.need.memory), placed)
