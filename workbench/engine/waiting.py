"""Why a run waits, and what would start it. Pure: reads the scheduler's state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.estimate import Left
from workbench.domain.resources import Need, format_size
from workbench.domain.run import Run, attempt_of
from workbench.domain.status import Held, Preparing, Queued, Running
from workbench.domain.time import SECOND, format_duration
from workbench.engine.forecast import Outlook, Start
from workbench.engine.lines import Want, want_of
from workbench.engine.scheduler import State, holders
from workbench.engine.seats import Seat

BLOCKERS = 20
"""Runs in the way that are named."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """A run that is in the way."""

    run: Run
    left: Left | None
    """How long it still takes. None: nobody can tell."""

    @property
    def machine(self) -> str:
        """Where it is, "" where it waits itself."""
        attempt = attempt_of(self.run.status)
        return attempt.machine if attempt else ""


@dataclass(frozen=True, slots=True)
class Why:
    kind: str
    """held, dependency, backoff, impossible, machine, resources, order, starting, running, unreachable."""
    text: str
    """What it waits for, a short phrase."""
    until: str
    """What would start it, a sentence."""
    blockers: tuple[Blocker, ...] = ()
    eta: Left | None = None
    """When it starts. None: nobody can tell."""


def why(state: State, run: Run, outlook: Outlook) -> Why:
    """Raises nothing: a run that is over has no reason, and says so."""
    now = outlook.now
    match run.status:
        case Held():
            return Why("held", f"held {run.status.reason}", f"workbench release {run.name}")
        case Queued():
            return _queued(state, run, run.status, outlook)
        case Preparing():
            return Why("starting", f"{run.status.attempt.machine} prepares it", "It starts when that is done.")
        case Running():
            seat = state.seats.get(run.status.attempt.machine)
            if seat is not None and not seat.up:
                how_long = format_duration((now - seat.since) / SECOND)
                then = "It is stopped" if run.status.cancelled_by else "What became of it is told"
                return Why(
                    "unreachable",
                    f"it was running when {seat.name} went out of reach, {how_long} ago",
                    f"{then} when {seat.name} answers again.",
                )
            if run.status.cancelled_by:
                return Why("running", f"{run.status.cancelled_by} cancels it", "It is over once it has stopped.")
            return Why("running", "it is running", "It has started already.")
        case _:
            return Why("over", f"it is over: {run.status.name}", f"workbench rerun {run.name} makes a new run of it.")


def _queued(state: State, run: Run, status: Queued, outlook: Outlook) -> Why:
    waits = state.pending.get(run.id)
    if waits:
        names = ", ".join(sorted(state.runs[id].name for id in waits if id in state.runs))
        blockers = _blockers(state, sorted(waits), outlook)
        return Why("dependency", f"after {names}", f"It may start when {names} finished.", blockers)
    if status.not_before > outlook.now:
        seconds = (status.not_before - outlook.now) / SECOND
        wait = format_duration(seconds)
        return Why("backoff", f"retry in {wait}", f"It is tried again in {wait}.", eta=Left(seconds))
    return _looking(state, run, want_of(run), outlook)


def _looking(state: State, run: Run, want: Want, outlook: Outlook) -> Why:
    """Nothing but machines and other runs are in its way."""
    need, line = want.need, state.lines.of(run)
    kept = state.seats.get(line.kept) if line and line.kept else None
    if kept is not None and kept.open:
        return _crowded(state, run, [kept], outlook)
    suited = [seat for seat in state.seats.values() if seat.suits(need)]
    if not suited:
        return Why("impossible", _nowhere(need), f"workbench machines; workbench cancel {run.name}")
    usable = [seat for seat in suited if seat.open]
    if not usable:
        shut = "; ".join(f"{seat.name} {_shut(seat)}" for seat in suited[:5])
        return Why("machine", f"no machine ({shut})", _reopening(suited))
    large = [seat for seat in usable if seat.could_fit(need)]
    if not large:
        later = [seat for seat in suited if not seat.open and (seat.could_fit(need) or not seat.capacity.cpus)]
        if later:
            names = "; ".join(f"{seat.name} {_shut(seat)}" for seat in later[:5])
            return Why("machine", f"{describe(need)} on none that is open ({names})", _reopening(later))
        return Why("impossible", f"no machine has {describe(need)}", f"workbench edit {run.name}: ask for less.")
    if len(large) > 1:
        large = [seat for seat in large if seat.name != want.avoid]
    return _crowded(state, run, large, outlook)


def _crowded(state: State, run: Run, large: list[Seat], outlook: Outlook) -> Why:
    """Others have what it needs of these machines, or go before it."""
    need, ahead = run.ask.need, state.lines.ahead_of(run)
    start = outlook.starts.get(run.id)
    if start:
        large = [state.seats[start.machine]]
    rooms = {seat.name: seat.room() for seat in large}
    place, when = f"{ahead} before it", _when(state, start)
    if ahead > 0 and any(room.fits(need) for room in rooms.values()):
        kind, seats, parts = "order", large, [place, when]
    else:
        seat = max(large, key=lambda seat: (rooms[seat.name].size, seat.name))
        what, free = _short(seat, need)
        parts = [f"{what} {when}" if when else f"{what}, {free}", place if ahead > 0 else ""]
        kind, seats = "resources", [seat]
    ids = holders(state, {seat.name for seat in seats})
    if start:
        ids = [start.after, *(id for id in ids if id != start.after)]
    blockers = _blockers(state, ids, outlook)
    return Why(
        kind, ", ".join(filter(None, parts)), _after(need, blockers, start), blockers, start.left if start else None
    )


def _when(state: State, start: Start | None) -> str:
    """`in ~14m (bob's calm-river-13)`, "" where nobody can tell."""
    if start is None:
        return ""
    last = state.runs[start.after]
    return f"{start.left} ({last.user}'s {last.name})"


def _nowhere(need: Need) -> str:
    labels = " and ".join(need.labels)
    if need.machine and labels:
        return f"there is no machine {need.machine} with label {labels}"
    return f"there is no machine {need.machine}" if need.machine else f"no machine has label {labels}"


def _shut(seat: Seat) -> str:
    if not seat.up:
        return f"is out of reach: {seat.reason}" if seat.reason else "has not answered yet"
    return f"is set aside: {seat.aside}" if seat.aside else "is draining"


def _reopening(seats: list[Seat]) -> str:
    waiting = [seat.name for seat in seats if not seat.up]
    if waiting:
        return f"It starts when {' or '.join(waiting[:5])} answers."
    return f"It starts after workbench machines resume {seats[0].name}."


def _short(seat: Seat, need: Need) -> tuple[str, str]:
    """What the machine lacks of it, and how much of that is free."""
    room = seat.room()
    if need.gpus > room.fitting(need):
        size = f" of {format_size(need.gpu_memory)}" if need.gpu_memory else ""
        free = f"{room.fitting(need)} free of {len(seat.capacity.devices)}{_used(seat)}"
        return f"{need.gpus} GPU{size} on {seat.name}", free
    if need.cpus > room.cpus:
        return f"{need.cpus} CPU on {seat.name}", f"{max(0, room.cpus)} free of {seat.capacity.cpus}"
    free = format_size(max(0, room.memory))
    return f"{format_size(need.memory)} on {seat.name}", f"{free} free of {format_size(seat.capacity.memory)}"


def _used(seat: Seat) -> str:
    """`; GPU 2 is used by bob (python, 31 GB)`, for each that others have."""
    used = [device for device in seat.capacity.devices if device.uuid in seat.used and device.uuid not in seat.devices]
    shown = [f"; GPU {device.label} is {seat.used[device.uuid]}" for device in used[:4]]
    return "".join(shown) + (f"; and {len(used) - 4} more" if len(used) > 4 else "")


def _blockers(state: State, ids: Sequence[str], outlook: Outlook) -> tuple[Blocker, ...]:
    runs = [state.runs[id] for id in ids[:BLOCKERS]]
    return tuple(Blocker(run, outlook.left(run) if run.active else None) for run in runs)


def _after(need: Need, blockers: Sequence[Blocker], start: Start | None) -> str:
    if start:
        last = blockers[0].run
        return f"It starts when {last.name} ({last.user}) ends, {start.left}."
    running = [(run.status.started, run) for run in (b.run for b in blockers) if isinstance(run.status, Running)]
    if not running:
        return f"It starts when {describe(need)} is free."
    _, first = min(running, key=lambda item: item[0])
    more = len(running) - 1
    others = f" or {'another' if more == 1 else f'one of {more} others'}" if more else ""
    return f"It starts when {first.name} ({first.user}){others} ends and {describe(need)} is free for it."


def describe(need: Need) -> str:
    """`4 CPU, 8.0 GB, 1 GPU of 24 GB`"""
    parts = [f"{need.cpus} CPU"]
    if need.memory:
        parts.append(format_size(need.memory))
    if need.gpus:
        parts.append(f"{need.gpus} GPU" + (f" of {format_size(need.gpu_memory)}" if need.gpu_memory else ""))
    return ", ".join(parts)
