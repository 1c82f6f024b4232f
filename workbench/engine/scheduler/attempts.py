"""What the hands saw of attempts. What is told of one long settled is an echo, and changes nothing."""

from __future__ import annotations

from workbench.domain.events import Change, Kind
from workbench.domain.run import Run, attempt_of
from workbench.domain.status import (
    Attempt,
    Cancelled,
    Ended,
    Error,
    Failed,
    Finished,
    Lost,
    OutOfMemory,
    Preparing,
    Queued,
    Running,
    Status,
    TimedOut,
    Usage,
)
from workbench.domain.time import SECOND, Micros
from workbench.engine import seam
from workbench.engine.scheduler.leaving import leave_lane, requeue, settle
from workbench.engine.scheduler.machines import note_conduct, seat_of
from workbench.engine.scheduler.state import LANE_PATIENCE, Outcome, State, holders
from workbench.engine.seam import attempt_id, number_of, run_of
from workbench.errors import Refused


def _current(state: State, attempt: str) -> Run | None:
    """The run, if this is still its attempt: anything else is an echo of something long settled."""
    run = state.runs.get(run_of(attempt))
    known = attempt_of(run.status) if run else None
    return run if known and known.number == number_of(attempt) else None


def _over(
    state: State, event: seam.AttemptEnded | seam.AttemptVanished, now: Micros, out: Outcome
) -> tuple[Run, Attempt] | None:
    """The run and its attempt, which ran and is over: its share comes free, what it left is to be brought home."""
    run = _current(state, event.attempt)
    attempt = attempt_of(run.status) if run else None
    if run is None or attempt is None:
        return None
    leave_lane(state, event.attempt, now)
    out.effects.append(seam.Collect(attempt.machine, event.attempt, event.log_size))
    return run, attempt


def _never_started(state: State, attempt: str, now: Micros, out: Outcome) -> Run | None:
    """The run whose attempt will never start: its share comes free. None where that settles it: it was cancelled."""
    run = _current(state, attempt)
    if run is None or not isinstance(run.status, Preparing):
        return None
    leave_lane(state, attempt, now)
    if not run.status.cancelled_by:
        return run
    settle(state, run, Cancelled(now, run.status.cancelled_by), now, out)
    return None


def started(state: State, event: seam.AttemptStarted, now: Micros, out: Outcome) -> None:
    run = _current(state, event.attempt)
    if run is None or not isinstance(run.status, Preparing):
        return
    running = run.to(Running(run.status.attempt, event.at, run.status.cancelled_by))
    state.runs[run.id] = running
    lane = state.lanes.get(event.attempt)
    if lane is not None:
        lane.since = now
        if len(lane.attempts) > 1:
            out.effects.append(seam.Wake(now + LANE_PATIENCE))
    out.changes.append(Change(Kind.STARTED, now, running))


def ended(state: State, event: seam.AttemptEnded, now: Micros, out: Outcome) -> None:
    over = _over(state, event, now, out)
    if over is None:
        return
    run, attempt = over
    end = Ended(attempt, event.started, event.ended, Usage(event.cpu_seconds, event.peak_memory))
    by = run.status.cancelled_by if isinstance(run.status, Preparing | Running) else ""
    status: Status
    match event.reason:
        case "time limit":
            status = TimedOut(end, run.ask.time_limit or 0.0)
        case "memory limit":
            status = OutOfMemory(end, event.words)
        case "cancelled":
            status = Cancelled(event.ended, by or "somebody on the machine", end)
        case _ if event.code is None:
            status = Error(event.ended, "the command could not be started", event.words, attempt)
        case _:
            status = Finished(end) if event.code == 0 else Failed(end, event.code)
    note_conduct(state, run, attempt, status, now, out)
    if run.sweep and isinstance(status, Finished | Failed):
        seconds = (event.ended - event.started) / SECOND
        state.pace[run.sweep] = 0.7 * state.pace.get(run.sweep, seconds) + 0.3 * seconds
    if isinstance(run.status, Preparing):  # the two were told at once
        run = run.to(Running(attempt, event.started, by))
    settle(state, run, status, now, out)


def fenced(state: State, event: seam.AttemptFenced, now: Micros, out: Outcome) -> None:
    known = _current(state, event.attempt)
    if known is not None and isinstance(known.status, Running) and known.status.cancelled_by:
        # Somebody removed its directory there: the machine has no record of it, and will never tell of an end.
        leave_lane(state, event.attempt, now)
        settle(state, known, Cancelled(now, known.status.cancelled_by), now, out)
        return
    run = _never_started(state, event.attempt, now, out)
    if run is not None:
        requeue(state, run, Queued(now), Kind.FENCED, now, out)


def vanished(state: State, event: seam.AttemptVanished, now: Micros, out: Outcome) -> None:
    over = _over(state, event, now, out)
    if over is None:
        return
    run, attempt = over
    started = run.status.started if isinstance(run.status, Running) else attempt.placed
    if isinstance(run.status, Preparing | Running) and run.status.cancelled_by:
        status: Status = Cancelled(now, run.status.cancelled_by)
    else:
        status = Lost(now, event.why, attempt, started)
    settle(state, run, status, now, out)


def give_up(state: State, machine: str, now: Micros, out: Outcome) -> None:
    """It is gone for good, and nobody is left who knows how its attempts ended."""
    if seat_of(state, machine).up:
        raise Refused(
            f"{machine} answers, and what runs there is not lost",
            hint=f"workbench machines drain {machine} lets it finish; workbench cancel stops it",
        )
    for id in holders(state, [machine]):
        if attempt := attempt_of(state.runs[id].status):
            gone = seam.AttemptVanished(attempt_id(id, attempt.number), f"{machine} is gone for good")
            vanished(state, gone, now, out)


def absent(state: State, event: seam.AttemptAbsent, out: Outcome) -> None:
    """The order to start it got lost, or waits in a lane. Fence it: then it can be placed anew, in its turn."""
    run = _current(state, event.attempt)
    if run is not None and isinstance(run.status, Preparing):
        out.effects.append(seam.Fence(run.status.attempt.machine, (event.attempt,)))


def prepare_failed(state: State, event: seam.PrepareFailed, now: Micros, out: Outcome) -> None:
    run = _never_started(state, event.attempt, now, out)
    attempt = attempt_of(run.status) if run else None
    if run is not None and attempt is not None:
        error = Error(now, event.reason, event.words, attempt)
        note_conduct(state, run, attempt, error, now, out)
        settle(state, run, error, now, out)
