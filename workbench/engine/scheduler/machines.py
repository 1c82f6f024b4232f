"""What becomes of machines: known, up, down, set aside, let go."""

from __future__ import annotations

from workbench.domain.run import Run
from workbench.domain.status import Attempt, Error, Failed, Finished, OutOfMemory, Preparing, Running, Status, TimedOut
from workbench.domain.time import Micros
from workbench.engine import seam
from workbench.engine.conduct import QUICK, kind_of
from workbench.engine.scheduler.state import Outcome, State, holders
from workbench.engine.seam import attempt_id
from workbench.engine.seats import Seat
from workbench.errors import Refused


def seat_of(state: State, name: str) -> Seat:
    """The machine's seat. A new one holds what the attempts that were adopted have of it."""
    seat = state.seats.get(name)
    if seat is None:
        seat = state.seats[name] = Seat(name)
        for lane in {id(lane): lane for lane in state.lanes.values() if lane.machine == name}.values():
            seat.hold(lane.share)
    return seat


def enrol(state: State, event: seam.Enrol) -> None:
    seat = seat_of(state, event.machine.name)
    state.board.close(seat.name)  # its labels decide who may wait for it
    seat.labels, seat.draining = event.machine.labels, event.machine.draining
    seat.aside = event.aside or seat.aside
    state.board.has_room(seat.name)


def trust(state: State, name: str, out: Outcome) -> None:
    seat = seat_of(state, name)
    _put_aside(seat, "", out)
    seat.conduct.forget()
    state.board.has_room(name)


def _put_aside(seat: Seat, reason: str, out: Outcome) -> None:
    if seat.aside != reason:
        seat.aside = out.asides[seat.name] = reason


def dismiss(state: State, name: str, out: Outcome) -> None:
    there = [state.runs[id].name for id in holders(state, [name])]
    if there:
        others = f" and {len(there) - 5} more" if len(there) > 5 else ""
        raise Refused(
            f"{name} has runs that are not over: {', '.join(there[:5])}{others}",
            hint=f"workbench machines drain {name} lets them finish; workbench cancel stops them"
            if seat_of(state, name).up
            else f"workbench machines remove {name} --lost, if it is gone for good: they are lost then",
            runs=there,
        )
    state.board.close(name)
    seat = state.seats.pop(name, None)
    if seat is not None:
        _put_aside(seat, "", out)


def machine_up(state: State, event: seam.MachineUp, now: Micros, out: Outcome) -> None:
    seat = seat_of(state, event.name)
    state.board.close(seat.name)
    seat.capacity, seat.up, seat.reason, seat.since = event.capacity, True, "", now
    state.board.has_room(seat.name)
    for id in holders(state, [seat.name]):  # what was cancelled while nobody could tell the machine
        status = state.runs[id].status
        if isinstance(status, Preparing | Running) and status.cancelled_by:
            out.effects.append(seam.Stop(seat.name, attempt_id(id, status.attempt.number)))


def machine_down(state: State, event: seam.MachineDown, now: Micros) -> None:
    seat = seat_of(state, event.name)
    seat.reason = event.reason
    if seat.up or not seat.since:
        seat.up, seat.since = False, now
        state.board.close(seat.name)


def devices_seen(state: State, event: seam.DevicesSeen) -> None:
    seat = seat_of(state, event.machine)
    state.board.close(seat.name)
    seat.used = event.used
    state.board.has_room(seat.name)


def note_conduct(state: State, run: Run, attempt: Attempt, status: Status, now: Micros, out: Outcome) -> None:
    """Set the machine aside if it fails whatever it is given (conduct.py), and is not the only one."""
    seat, kind = state.seats.get(attempt.machine), kind_of(run)
    if seat is None:
        return
    match status:
        case Finished() | TimedOut() | OutOfMemory():
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
