"""The mind's core: (state, event, now) -> what happened, and what is to be done. No I/O, no clock, no chance.

`step` changes the state in place, because copying a queue of 100,000 for every event would cost more than
deciding; the same state and event always give the same outcome. Nothing that it puts out may be performed
before its changes are on disk.

Order: priority, then position, which is the order of submission until somebody moves a run. A run that has to
wait for more than is free keeps what is free from those behind it (board.Board), so big runs are not starved, and
CPU runs do not wait for GPU runs.

Lanes: where the runs of a sweep take a moment each, one supervisor carries several, one after another. If one
of them turns out long, those behind it are fenced and queue again.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace

from workbench.domain.events import Change, Kind
from workbench.domain.resources import Share
from workbench.domain.run import Run, attempt_of
from workbench.domain.status import (
    Attempt,
    Cancelled,
    Ended,
    Error,
    Failed,
    Finished,
    Held,
    Lost,
    Preparing,
    Queued,
    Running,
    Status,
    TimedOut,
    Usage,
)
from workbench.domain.time import SECOND, Micros
from workbench.engine import seam
from workbench.engine.board import Board
from workbench.engine.conduct import QUICK, kind_of
from workbench.engine.lines import Lines
from workbench.engine.seam import attempt_id, number_of, run_of
from workbench.engine.seats import Seat
from workbench.errors import Refused

LANE_LENGTH = 64
"""Runs that one supervisor carries at most."""
LANE_SECONDS = 0.5
"""How long a lane is meant to last."""
LANE_PATIENCE = 1 * SECOND
"""A lane whose present run lasts longer gives back the others."""
BACKOFF = (5.0, 30.0, 120.0, 600.0)
"""Seconds before each retry; the last for all that follow."""


@dataclass(slots=True)
class Lane:
    """A share of a machine, and the attempts that use it in turn."""

    machine: str
    share: Share
    attempts: list[str]
    """Those that are not over, in order: the first has started or is about to."""
    since: Micros
    """When the first was placed, or the one before it ended."""
    fenced: bool = False


@dataclass(slots=True)
class State:
    """All that the mind knows of what is not over yet."""

    board: Board = field(default_factory=Board)
    runs: dict[str, Run] = field(default_factory=dict)
    """Every run that is not over, by id."""
    lines: Lines = field(default_factory=Lines)
    """The queued ones that wait for nothing but their turn."""
    pending: dict[str, set[str]] = field(default_factory=dict)
    """run -> runs it comes after that are not over yet."""
    dependents: dict[str, set[str]] = field(default_factory=dict)
    delayed: list[tuple[Micros, str]] = field(default_factory=list)
    """A heap of retries that wait for their moment."""
    lanes: dict[str, Lane] = field(default_factory=dict)
    """attempt -> its lane."""
    pace: dict[str, float] = field(default_factory=dict)
    """sweep -> seconds that its runs take, lately."""

    @property
    def seats(self) -> dict[str, Seat]:
        return self.board.seats


@dataclass(slots=True)
class Outcome:
    changes: list[Change] = field(default_factory=list)
    effects: list[seam.Effect] = field(default_factory=list)
    asides: dict[str, str] = field(default_factory=dict)
    """Machine -> what is held against it from now on, "" where nothing is any more."""


def step(state: State, event: seam.Event | seam.Command, now: Micros) -> Outcome:
    """One event. Raises Refused, with nothing changed, where a command does not fit the run's status."""
    out = Outcome()
    match event:
        case seam.Submit():
            _submit(state, event)
        case seam.Withdraw():
            _withdraw(state, event, now)
        case seam.Hold():
            _hold(state, event, now, out)
        case seam.Release():
            _release(state, event, now, out)
        case seam.Cancel():
            _cancel(state, event, now, out)
        case seam.Move():
            run = _waiting(state, event.run, "moved")
            _replace(state, run, replace(run, position=event.position), Kind.MOVED, now, out, event.by)
        case seam.Edit():
            run = _waiting(state, event.run.id, "edited")
            edited = replace(event.run, status=run.status)
            _replace(state, run, edited, Kind.EDITED, now, out, event.by)
        case seam.Enrol():
            _enrol(state, event)
        case seam.Trust():
            _trust(state, event.machine, out)
        case seam.Dismiss():
            _dismiss(state, event.machine, out)
        case seam.MachineUp():
            _machine_up(state, event, now, out)
        case seam.MachineDown():
            _machine_down(state, event, now)
        case seam.DevicesSeen():
            _devices_seen(state, event)
        case seam.AttemptStarted():
            _started(state, event, now, out)
        case seam.AttemptEnded():
            _ended(state, event, now, out)
        case seam.AttemptFenced():
            _fenced(state, event, now, out)
        case seam.AttemptVanished():
            _vanished(state, event, now, out)
        case seam.AttemptAbsent():
            _absent(state, event, out)
        case seam.PrepareFailed():
            _prepare_failed(state, event, now, out)
        case seam.Tick():
            _tick(state, now, out)
    _place(state, now, out)
    return out


def adopt(state: State, runs: Iterable[Run], pending: dict[str, frozenset[str]]) -> None:
    """Take up what the history says is not over: the start of an engine, before any machine is up.

    The attempts of one lane come back as lanes of their own: until each is settled it counts for a share."""
    for run in runs:
        state.runs[run.id] = run
        attempt = attempt_of(run.status)
        if attempt is not None:
            key = attempt_id(run.id, attempt.number)
            state.lanes[key] = Lane(attempt.machine, attempt.share, [key], attempt.placed)
    _depend(state, pending)
    _enqueue(state, [run for run in runs if isinstance(run.status, Queued)])


# Commands


def _submit(state: State, event: seam.Submit) -> None:
    for run in event.runs:
        state.runs[run.id] = run
    _depend(state, event.pending)
    _enqueue(state, [run for run in event.runs if isinstance(run.status, Queued)])


def _withdraw(state: State, event: seam.Withdraw, now: Micros) -> None:
    for id in event.runs:
        run = state.runs.pop(id)
        state.lines.discard(run)
        _forget_dependency(state, id)
        attempt = attempt_of(run.status)
        if attempt is not None:
            _leave_lane(state, attempt_id(id, attempt.number), now)


def _depend(state: State, pending: dict[str, frozenset[str]]) -> None:
    for run, others in pending.items():
        waits = {other for other in others if other in state.runs}
        if waits:
            state.pending[run] = waits
            for other in waits:
                state.dependents.setdefault(other, set()).add(run)


def _enqueue(state: State, runs: list[Run]) -> None:
    ready = []
    for run in runs:
        if run.id in state.pending:
            continue
        if isinstance(run.status, Queued) and run.status.not_before:
            heapq.heappush(state.delayed, (run.status.not_before, run.id))
        else:
            ready.append(run)
    if len(ready) > 1:
        state.lines.extend(ready)
    elif ready:
        state.lines.add(ready[0])


def _waiting(state: State, id: str, verb: str) -> Run:
    run = state.runs.get(id)
    if run is None:
        raise Refused("the run is over", hint="workbench rerun makes a new run of it", run=id)
    if not isinstance(run.status, Queued | Held):
        raise Refused(f"{run.name} is {run.status.name}; only a run that waits can be {verb}", run=id)
    return run


def _replace(state: State, old: Run, new: Run, kind: Kind, now: Micros, out: Outcome, by: str = "") -> None:
    """A waiting run changes: out of its line, into the one where it now belongs."""
    state.lines.discard(old)
    state.runs[new.id] = new
    _enqueue(state, [new] if isinstance(new.status, Queued) else [])
    out.changes.append(Change(kind, now, new, by))


def _hold(state: State, event: seam.Hold, now: Micros, out: Outcome) -> None:
    run = _waiting(state, event.run, "held")
    if isinstance(run.status, Held):
        return
    _replace(state, run, run.to(Held(now, f"by {event.by}")), Kind.HELD, now, out, event.by)


def _release(state: State, event: seam.Release, now: Micros, out: Outcome) -> None:
    run = _waiting(state, event.run, "released")
    if isinstance(run.status, Held):
        _replace(state, run, run.to(Queued(now)), Kind.RELEASED, now, out, event.by)


def _cancel(state: State, event: seam.Cancel, now: Micros, out: Outcome) -> None:
    run = state.runs.get(event.run)
    if run is None:
        raise Refused("the run is over", run=event.run)
    match run.status:
        case Queued() | Held():
            state.lines.discard(run)
            _settle(state, run, Cancelled(now, event.by), now, out, by=event.by)
        case Preparing() | Running() if not run.status.cancelled_by:
            marked = run.to(replace(run.status, cancelled_by=event.by))
            state.runs[run.id] = marked
            out.changes.append(Change(Kind.CANCELLING, now, marked, event.by))
            out.effects.append(seam.Stop(run.status.attempt.machine, attempt_id(run.id, run.status.attempt.number)))
        case _:
            pass  # it is on its way out already


# Machines


def _seat(state: State, name: str) -> Seat:
    """The machine's seat. A new one holds what the attempts that were adopted have of it."""
    seat = state.seats.get(name)
    if seat is None:
        seat = state.seats[name] = Seat(name)
        for lane in {id(lane): lane for lane in state.lanes.values() if lane.machine == name}.values():
            seat.hold(lane.share)
    return seat


def _enrol(state: State, event: seam.Enrol) -> None:
    seat = _seat(state, event.machine.name)
    state.board.close(seat.name)  # its labels decide who may wait for it
    seat.labels, seat.draining = event.machine.labels, event.machine.draining
    seat.aside = event.aside or seat.aside
    state.board.has_room(seat.name)


def _trust(state: State, name: str, out: Outcome) -> None:
    seat = _seat(state, name)
    _put_aside(seat, "", out)
    seat.conduct.forget()
    state.board.has_room(name)


def _put_aside(seat: Seat, reason: str, out: Outcome) -> None:
    if seat.aside != reason:
        seat.aside = out.asides[seat.name] = reason


def _dismiss(state: State, name: str, out: Outcome) -> None:
    there = [state.runs[id].name for id in holders(state, [name])]
    if there:
        others = f" and {len(there) - 5} more" if len(there) > 5 else ""
        raise Refused(
            f"{name} has runs that are not over: {', '.join(there[:5])}{others}",
            hint=f"workbench machines drain {name} lets them finish; workbench cancel stops them",
            runs=there,
        )
    state.board.close(name)
    seat = state.seats.pop(name, None)
    if seat is not None:
        _put_aside(seat, "", out)


def holders(state: State, machines: Collection[str]) -> list[str]:
    """Ids of the runs that have an attempt on one of these machines, or wait in a lane there."""
    return [run_of(attempt) for attempt, lane in state.lanes.items() if lane.machine in machines]


def _machine_up(state: State, event: seam.MachineUp, now: Micros, out: Outcome) -> None:
    seat = _seat(state, event.name)
    state.board.close(seat.name)
    seat.capacity, seat.up, seat.reason, seat.since = event.capacity, True, "", now
    state.board.has_room(seat.name)
    for id in holders(state, [seat.name]):  # what was cancelled while nobody could tell the machine
        status = state.runs[id].status
        if isinstance(status, Preparing | Running) and status.cancelled_by:
            out.effects.append(seam.Stop(seat.name, attempt_id(id, status.attempt.number)))


def _machine_down(state: State, event: seam.MachineDown, now: Micros) -> None:
    seat = _seat(state, event.name)
    seat.reason = event.reason
    if seat.up or not seat.since:
        seat.up, seat.since = False, now
        state.board.close(seat.name)


def _devices_seen(state: State, event: seam.DevicesSeen) -> None:
    seat = _seat(state, event.machine)
    state.board.close(seat.name)
    seat.used = event.used
    state.board.has_room(seat.name)


def _note_conduct(state: State, run: Run, attempt: Attempt, status: Status, now: Micros, out: Outcome) -> None:
    """Set the machine aside if it fails whatever it is given (conduct.py), and is not the only one."""
    seat, kind = state.seats.get(attempt.machine), kind_of(run)
    if seat is None:
        return
    match status:
        case Finished() | TimedOut():
            seat.conduct.did_well(kind, now)
        case Failed(end=end) if end.ended - end.started >= QUICK:
            seat.conduct.did_well(kind, now)
        case Failed() | Error():
            seat.conduct.did_badly(kind, now)
            suspects = seat.conduct.suspects(now)
            if suspects and not seat.aside and _does_well_elsewhere(state, suspects, seat, now):
                count = len(seat.conduct.failed)
                _put_aside(seat, f"the last {count} runs there failed at once, which go well on other machines", out)
                state.board.close(seat.name)


def _does_well_elsewhere(state: State, kinds: set[str], seat: Seat, now: Micros) -> bool:
    others = {other.name: other for other in state.seats.values() if other.open and other is not seat}
    if any(other.conduct.clears(kinds, now) for other in others.values()):
        return True
    running = (state.runs[id] for id in holders(state, others))
    return any(
        isinstance(run.status, Running) and now - run.status.started >= QUICK and kind_of(run) in kinds
        for run in running
    )


# What the hands saw


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
    _leave_lane(state, event.attempt, now)
    out.effects.append(seam.Collect(attempt.machine, event.attempt, event.log_size))
    return run, attempt


def _never_started(state: State, attempt: str, now: Micros, out: Outcome) -> Run | None:
    """The run whose attempt will never start: its share comes free. None where that settles it: it was cancelled."""
    run = _current(state, attempt)
    if run is None or not isinstance(run.status, Preparing):
        return None
    _leave_lane(state, attempt, now)
    if not run.status.cancelled_by:
        return run
    _settle(state, run, Cancelled(now, run.status.cancelled_by), now, out)
    return None


def _started(state: State, event: seam.AttemptStarted, now: Micros, out: Outcome) -> None:
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


def _ended(state: State, event: seam.AttemptEnded, now: Micros, out: Outcome) -> None:
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
        case "cancelled":
            status = Cancelled(event.ended, by or "somebody on the machine", end)
        case _ if event.code is None:
            status = Error(event.ended, "the command could not be started", event.words, attempt)
        case _:
            status = Finished(end) if event.code == 0 else Failed(end, event.code)
    _note_conduct(state, run, attempt, status, now, out)
    if run.sweep and isinstance(status, Finished | Failed):
        seconds = (event.ended - event.started) / SECOND
        state.pace[run.sweep] = 0.7 * state.pace.get(run.sweep, seconds) + 0.3 * seconds
    if isinstance(run.status, Preparing):  # the two were told at once
        run = run.to(Running(attempt, event.started, by))
    _settle(state, run, status, now, out)


def _fenced(state: State, event: seam.AttemptFenced, now: Micros, out: Outcome) -> None:
    run = _never_started(state, event.attempt, now, out)
    if run is not None:
        _requeue(state, run, Queued(now), Kind.FENCED, now, out)


def _vanished(state: State, event: seam.AttemptVanished, now: Micros, out: Outcome) -> None:
    over = _over(state, event, now, out)
    if over is None:
        return
    run, attempt = over
    started = run.status.started if isinstance(run.status, Running) else attempt.placed
    if isinstance(run.status, Preparing | Running) and run.status.cancelled_by:
        status: Status = Cancelled(now, run.status.cancelled_by)
    else:
        status = Lost(now, event.why, attempt, started)
    _settle(state, run, status, now, out)


def _absent(state: State, event: seam.AttemptAbsent, out: Outcome) -> None:
    """The order to start it got lost, or waits in a lane. Fence it: then it can be placed anew, in its turn."""
    run = _current(state, event.attempt)
    if run is not None and isinstance(run.status, Preparing):
        out.effects.append(seam.Fence(run.status.attempt.machine, (event.attempt,)))


def _prepare_failed(state: State, event: seam.PrepareFailed, now: Micros, out: Outcome) -> None:
    run = _never_started(state, event.attempt, now, out)
    attempt = attempt_of(run.status) if run else None
    if run is not None and attempt is not None:
        error = Error(now, event.reason, event.words, attempt)
        _note_conduct(state, run, attempt, error, now, out)
        _settle(state, run, error, now, out)


def _tick(state: State, now: Micros, out: Outcome) -> None:
    due: dict[str, Run] = {}
    while state.delayed and state.delayed[0][0] <= now:
        moment, id = heapq.heappop(state.delayed)
        run = state.runs.get(id)
        # Held, released or edited meanwhile, it may stand elsewhere, or here twice.
        if run is not None and isinstance(run.status, Queued) and run.status.not_before == moment:
            due[id] = run
    state.lines.extend(list(due.values()))
    if state.delayed:
        out.effects.append(seam.Wake(state.delayed[0][0]))
    for key, lane in state.lanes.items():
        if key == lane.attempts[0] and len(lane.attempts) > 1 and not lane.fenced:
            if now - lane.since >= LANE_PATIENCE:
                lane.fenced = True
                out.effects.append(seam.Fence(lane.machine, tuple(lane.attempts[1:])))
            else:
                out.effects.append(seam.Wake(lane.since + LANE_PATIENCE))


# How an attempt leaves, and what follows


def _leave_lane(state: State, attempt: str, now: Micros) -> None:
    lane = state.lanes.pop(attempt, None)
    if lane is None:
        return
    lane.attempts.remove(attempt)
    lane.since = now
    if not lane.attempts and lane.machine in state.seats:
        state.seats[lane.machine].give_back(lane.share)
        state.board.has_room(lane.machine)


def _settle(state: State, run: Run, status: Status, now: Micros, out: Outcome, by: str = "") -> None:
    """It is over, unless it may be tried again."""
    if isinstance(status, Error | Lost) and run.retried < run.ask.retries:
        delay = BACKOFF[min(run.retried, len(BACKOFF) - 1)]
        later = now + int(delay * SECOND)
        again = replace(run, retried=run.retried + 1)
        out.effects.append(seam.Wake(later))
        detail = {"reason": status.reason, "status": status.name}
        avoid = status.attempt.machine if status.attempt else ""
        _requeue(state, again, Queued(now, later, avoid), Kind.RETRIED, now, out, detail)
        return
    ended = run.to(status)
    del state.runs[run.id]
    _forget_dependency(state, run.id)
    out.changes.append(Change(Kind.ENDED, now, ended, by))
    _resolve_dependents(state, ended, now, out)


def _requeue(
    state: State, run: Run, status: Queued, kind: Kind, now: Micros, out: Outcome, detail: dict[str, str] | None = None
) -> None:
    """Back where it stood: its position is untouched."""
    queued = run.to(status)
    state.runs[run.id] = queued
    _enqueue(state, [queued])
    out.changes.append(Change(kind, now, queued, detail=detail or {}))


def _forget_dependency(state: State, id: str) -> None:
    for other in state.pending.pop(id, set()):
        state.dependents.get(other, set()).discard(id)


def _resolve_dependents(state: State, ended: Run, now: Micros, out: Outcome) -> None:
    """Those that come after it: free to go if it finished, held with the reason if it did not."""
    for id in sorted(state.dependents.pop(ended.id, set())):
        waits = state.pending[id]
        waits.discard(ended.id)
        run = state.runs[id]
        if not isinstance(ended.status, Finished) and isinstance(run.status, Queued):
            reason = f"comes after {ended.name}, which {_how(ended.status)}"
            held = run.to(Held(now, reason))
            state.runs[id] = held
            out.changes.append(Change(Kind.HELD, now, held))
        if not waits:
            del state.pending[id]
            _enqueue(state, [state.runs[id]] if isinstance(state.runs[id].status, Queued) else [])


def _how(status: Status) -> str:
    match status:
        case Cancelled():
            return "was cancelled"
        case Error():
            return "ended in error"
        case Lost():
            return "was lost"
        case _:
            return status.name


# Placement


def _place(state: State, now: Micros, out: Outcome) -> None:
    for seat, line in state.board.matches(state.lines):
        ids = [line.pop()]
        first = state.runs[ids[0]]
        length = _lane_length(state, first, len(line))
        while len(ids) < length and line and state.runs[line.first].sweep == first.sweep:
            ids.append(line.pop())
        _launch(state, seat, [state.runs[id] for id in ids], now, out)


def _lane_length(state: State, first: Run, behind: int) -> int:
    """How many runs of a sweep one supervisor shall carry: as many as last half a second, never so many that
    another slot would stand idle."""
    pace = state.pace.get(first.sweep) if first.sweep else None
    if pace is None or first.ask.retries:
        return 1
    length = min(LANE_LENGTH, int(LANE_SECONDS / max(pace, 0.001)), behind + 1)
    if length <= 1:
        return 1
    slots = sum(seat.capacity.cpus // first.ask.need.cpus for seat in state.seats.values() if seat.open)
    return max(1, min(length, (behind + 1) // slots))


def _launch(state: State, seat: Seat, runs: list[Run], now: Micros, out: Outcome) -> None:
    share = seat.take(runs[0].ask.need)
    lane = Lane(seat.name, share, [], now)
    launched = []
    for run in runs:
        number = run.attempts + 1
        placed = run.to(Preparing(Attempt(number, seat.name, share, now)), attempts=number)
        state.runs[run.id] = placed
        key = attempt_id(run.id, number)
        lane.attempts.append(key)
        state.lanes[key] = lane
        launched.append(placed)
        out.changes.append(Change(Kind.PLACED, now, placed))
    out.effects.append(seam.Launch(seat.name, tuple(launched)))
