"""What people ask for: submit, hold, release, cancel, move, edit. Raises Refused, with nothing changed."""

from __future__ import annotations

from dataclasses import replace

from workbench.domain.events import Change, Kind
from workbench.domain.run import Run, attempt_of
from workbench.domain.status import Cancelled, Held, Preparing, Queued, Running
from workbench.domain.time import Micros
from workbench.engine import seam
from workbench.engine.scheduler.leaving import leave_lane, settle
from workbench.engine.scheduler.standing import depend, enqueue, forget_dependency
from workbench.engine.scheduler.state import Outcome, State
from workbench.engine.seam import attempt_id
from workbench.errors import Refused


def submit(state: State, event: seam.Submit) -> None:
    for run in event.runs:
        state.runs[run.id] = run
    depend(state, event.pending)
    enqueue(state, [run for run in event.runs if isinstance(run.status, Queued)])


def withdraw(state: State, event: seam.Withdraw, now: Micros) -> None:
    for id in event.runs:
        run = state.runs.pop(id)
        state.lines.discard(run)
        forget_dependency(state, id)
        attempt = attempt_of(run.status)
        if attempt is not None:
            leave_lane(state, attempt_id(id, attempt.number), now)


def hold(state: State, event: seam.Hold, now: Micros, out: Outcome) -> None:
    run = _waiting(state, event.run, "held")
    if isinstance(run.status, Held):
        return
    _replace(state, run, run.to(Held(now, f"by {event.by}")), Kind.HELD, now, out, event.by)


def release(state: State, event: seam.Release, now: Micros, out: Outcome) -> None:
    run = _waiting(state, event.run, "released")
    if isinstance(run.status, Held):
        _replace(state, run, run.to(Queued(now)), Kind.RELEASED, now, out, event.by)


def cancel(state: State, event: seam.Cancel, now: Micros, out: Outcome) -> None:
    run = state.runs.get(event.run)
    if run is None:
        raise Refused("the run is over", run=event.run)
    match run.status:
        case Queued() | Held():
            state.lines.discard(run)
            settle(state, run, Cancelled(now, event.by), now, out, by=event.by)
        case Preparing() | Running() if not run.status.cancelled_by:
            marked = run.to(replace(run.status, cancelled_by=event.by))
            state.runs[run.id] = marked
            out.changes.append(Change(Kind.CANCELLING, now, marked, event.by))
            out.effects.append(seam.Stop(run.status.attempt.machine, attempt_id(run.id, run.status.attempt.number)))
        case _:
            pass  # it is on its way out already


def move(state: State, event: seam.Move, now: Micros, out: Outcome) -> None:
    run = _waiting(state, event.run, "moved")
    _replace(state, run, replace(run, position=event.position), Kind.MOVED, now, out, event.by)


def edit(state: State, event: seam.Edit, now: Micros, out: Outcome) -> None:
    run = _waiting(state, event.run.id, "edited")
    edited = replace(event.run, status=run.status)
    _replace(state, run, edited, Kind.EDITED, now, out, event.by)


def _replace(state: State, old: Run, new: Run, kind: Kind, now: Micros, out: Outcome, by: str = "") -> None:
    """A waiting run changes: out of its line, into the one where it now belongs."""
    state.lines.discard(old)
    state.runs[new.id] = new
    enqueue(state, [new] if isinstance(new.status, Queued) else [])
    out.changes.append(Change(kind, now, new, by))


def _waiting(state: State, id: str, verb: str) -> Run:
    run = state.runs.get(id)
    if run is None:
        raise Refused("the run is over", hint="workbench rerun makes a new run of it", run=id)
    if not isinstance(run.status, Queued | Held):
        raise Refused(f"{run.name} is {run.status.name}; only a run that waits can be {verb}", run=id)
    return run
