"""Why a run waits, and what would start it. Pure: reads the scheduler's state."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.domain.resources import Need, format_size
from workbench.domain.run import Run
from workbench.domain.status import Held, Preparing, Queued, Running
from workbench.domain.time import SECOND, Micros, format_duration
from workbench.engine.scheduler import State
from workbench.engine.seam import run_of
from workbench.engine.seats import Seat


@dataclass(frozen=True, slots=True)
class Why:
    kind: str
    """held, dependency, backoff, impossible, machine, resources, order, starting, running."""
    text: str
    """What it waits for, a short phrase."""
    until: str
    """What would start it, a sentence."""
    blockers: tuple[str, ...] = ()
    """Ids of the runs in the way."""


def why(state: State, run: Run, now: Micros) -> Why:
    """Raises nothing: a run that is over has no reason, and says so."""
    match run.status:
        case Held():
            return Why("held", f"held {run.status.reason}", f"workbench release {run.name}")
        case Queued():
            return _queued(state, run, run.status, now)
        case Preparing():
            return Why("starting", f"{run.status.attempt.machine} prepares it", "It starts when that is done.")
        case Running():
            return Why("running", "it is running", "It has started already.")
        case _:
            return Why("over", f"it is over: {run.status.name}", f"workbench rerun {run.name} makes a new run of it.")


def _queued(state: State, run: Run, status: Queued, now: Micros) -> Why:
    waits = state.pending.get(run.id)
    if waits:
        names = ", ".join(sorted(state.runs[id].name for id in waits if id in state.runs))
        return Why("dependency", f"after {names}", f"It may start when {names} finished.", tuple(sorted(waits)))
    if status.not_before > now:
        wait = format_duration((status.not_before - now) / SECOND)
        return Why("backoff", f"retry in {wait}", f"It is tried again in {wait}.")
    need = run.ask.need
    up = [seat for seat in state.seats.values() if seat.up]
    if not up:
        down = "; ".join(f"{seat.name}: {seat.reason}" for seat in state.seats.values()) or "no machine is known yet"
        return Why("machine", f"no machine ({down})", "It starts when a machine answers.")
    large = [seat for seat in up if seat.could_fit(need)]
    if not large:
        return Why("impossible", f"no machine has {describe(need)}", f"workbench edit {run.name}: ask for less.")
    ahead = state.lines.ahead_of(run)
    if ahead > 0 and any(seat.room().fits(need) for seat in large):
        return Why("order", f"{ahead} before it", _after(state, large, need), _holders(state, large))
    seat = max(large, key=lambda seat: (seat.room().gpus, seat.room().cpus, seat.name))
    place = f", {ahead} before it" if ahead > 0 else ""
    return Why("resources", f"{_short(seat, need)}{place}", _after(state, [seat], need), _holders(state, [seat]))


def _short(seat: Seat, need: Need) -> str:
    """What the machine lacks of it."""
    room = seat.room()
    if need.gpus > room.gpus:
        return f"{need.gpus} GPU on {seat.name}, {max(0, room.gpus)} free of {len(seat.capacity.devices)}"
    if need.cpus > room.cpus:
        return f"{need.cpus} CPU on {seat.name}, {max(0, room.cpus)} free of {seat.capacity.cpus}"
    free = format_size(max(0, room.memory))
    return f"{format_size(need.memory)} on {seat.name}, {free} free of {format_size(seat.capacity.memory)}"


def _holders(state: State, seats: list[Seat]) -> tuple[str, ...]:
    names = {seat.name for seat in seats}
    return tuple(run_of(attempt) for attempt, lane in state.lanes.items() if lane.machine in names)[:20]


def _after(state: State, seats: list[Seat], need: Need) -> str:
    holders = [state.runs[id] for id in _holders(state, seats)]
    running = [run for run in holders if isinstance(run.status, Running)]
    if not running:
        return f"It starts when {describe(need)} is free."
    first = min(running, key=lambda run: run.status.started if isinstance(run.status, Running) else 0)
    others = f" or one of {len(running) - 1} others" if len(running) > 1 else ""
    return f"It starts when {first.name} ({first.user}){others} ends and {describe(need)} is free for it."


def describe(need: Need) -> str:
    """`4 CPU, 8.0 GB, 1 GPU`"""
    parts = [f"{need.cpus} CPU"]
    if need.memory:
        parts.append(format_size(need.memory))
    if need.gpus:
        parts.append(f"{need.gpus} GPU")
    return ", ".join(parts)
