"""How an attempt leaves its place, and what follows for its run: over, or back in the queue."""

from __future__ import annotations

from dataclasses import replace

from workbench.domain.events import Change, Kind
from workbench.domain.run import Run
from workbench.domain.status import Error, Lost, Queued, Status
from workbench.domain.time import SECOND, Micros
from workbench.engine import seam
from workbench.engine.scheduler.standing import enqueue, forget_dependency, resolve_dependents
from workbench.engine.scheduler.state import Outcome, State

BACKOFF = (5.0, 30.0, 120.0, 600.0)
"""Seconds before each retry; the last for all that follow."""


def leave_lane(state: State, attempt: str, now: Micros) -> None:
    lane = state.lanes.pop(attempt, None)
    if lane is None:
        return
    lane.attempts.remove(attempt)
    lane.since = now
    if not lane.attempts and lane.machine in state.seats:
        state.seats[lane.machine].give_back(lane.share)
        state.board.has_room(lane.machine)


def settle(state: State, run: Run, status: Status, now: Micros, out: Outcome, by: str = "") -> None:
    """It is over, unless it may be tried again."""
    if isinstance(status, Error | Lost) and run.retried < run.ask.retries:
        delay = BACKOFF[min(run.retried, len(BACKOFF) - 1)]
        later = now + int(delay * SECOND)
        again = replace(run, retried=run.retried + 1)
        out.effects.append(seam.Wake(later))
        detail = {"reason": status.reason, "status": status.name}
        avoid = status.attempt.machine if status.attempt else ""
        requeue(state, again, Queued(now, later, avoid), Kind.RETRIED, now, out, detail)
        return
    ended = run.to(status)
    del state.runs[run.id]
    forget_dependency(state, run.id)
    out.changes.append(Change(Kind.ENDED, now, ended, by))
    resolve_dependents(state, ended, now, out)


def requeue(
    state: State, run: Run, status: Queued, kind: Kind, now: Micros, out: Outcome, detail: dict[str, str] | None = None
) -> None:
    """Back where it stood: its position is untouched."""
    queued = run.to(status)
    state.runs[run.id] = queued
    enqueue(state, [queued])
    out.changes.append(Change(kind, now, queued, detail=detail or {}))
