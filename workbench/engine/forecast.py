"""When the next runs are likely to start: the queue played forward, each run lasting as long as runs like it did.

Pure, and no part of any decision. It places as board.Board does, on the machines as they are now: what is submitted
later, comes back from a retry or waits for another run is not foreseen.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.domain.estimate import Left, remaining
from workbench.domain.resources import Need
from workbench.domain.run import Run, seconds_run
from workbench.domain.time import Micros
from workbench.engine.lines import Want, want_of
from workbench.engine.scheduler import Lane, State
from workbench.engine.seam import run_of
from workbench.engine.seats import Room, Seat

FORESEEN = 100
"""Runs at the head of the queue that are looked at."""
MACHINES = 16
"""With more than these nothing is foreseen: it would cost more than it tells."""

Past = Callable[[Run], Sequence[float]]
"""Seconds that runs like this one took, ascending."""


@dataclass(frozen=True, slots=True)
class Start:
    left: Left
    machine: str
    after: str
    """Id of the run whose end makes room for it."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What history lets us expect at one moment."""

    past: Past
    now: Micros
    starts: Mapping[str, Start]
    """By the run's id, of those at the head of the queue: as far as anything can be told."""

    def left(self, run: Run) -> Left | None:
        """How long a run that is on a machine still takes."""
        return remaining(self.past(run), max(0.0, seconds_run(run, self.now) or 0.0), run.ask.time_limit)


def look_ahead(state: State, past: Past, now: Micros) -> Outlook:
    starts: dict[str, Start] = {}
    outlook = Outlook(past, now, starts)
    seats = {seat.name: seat for seat in state.seats.values() if seat.open}
    if len(seats) <= MACHINES and len(state.lines):
        tenants = [tenant for lane in _lanes(state) if (tenant := _tenant(state, lane, seats, outlook))]
        starts.update(_play(seats, tenants, [state.runs[id] for id in state.lines.first(FORESEEN)], past))
    return outlook


@dataclass(frozen=True, slots=True)
class _Tenant:
    """A share of a machine, and for how long it is taken."""

    machine: str
    run: str
    part: Room
    left: Left


@dataclass(eq=False, slots=True)
class _Line:
    """What waiting runs have in common, and the machines that are large enough for it."""

    need: Need
    machines: list[str]


@dataclass(slots=True)
class _Guests:
    """Those that wait, in order."""

    runs: list[tuple[Run, _Line]] = field(default_factory=list)
    lines: dict[Want, _Line] = field(default_factory=dict)


def _lanes(state: State) -> list[Lane]:
    return list({id(lane): lane for lane in state.lanes.values()}.values())


def _tenant(state: State, lane: Lane, seats: Mapping[str, Seat], outlook: Outlook) -> _Tenant | None:
    """None where nobody can tell how long it stays, or where it is of no use to anybody."""
    seat, runs = seats.get(lane.machine), [state.runs[run_of(attempt)] for attempt in lane.attempts]
    lefts = [outlook.left(run) for run in runs]
    known = [left for left in lefts if left is not None]
    if seat is None or not runs or len(known) < len(lefts):
        return None
    left = Left(sum(left.seconds for left in known), any(left.at_most for left in known))
    return _Tenant(seat.name, runs[-1].id, seat.part(lane.share), left)


def _play(
    seats: Mapping[str, Seat], tenants: list[_Tenant], waiting: list[Run], past: Past
) -> Iterator[tuple[str, Start]]:
    """The runs that get a place, in the order in which they do."""
    rooms = {name: seat.room() for name, seat in seats.items()}
    guests = _guests(seats, waiting)
    ends = [(tenant.left.seconds, number, tenant) for number, tenant in enumerate(tenants)]
    heapq.heapify(ends)
    at_most = False
    while ends and guests.runs:
        seconds, _, gone = heapq.heappop(ends)
        rooms[gone.machine].give_back(gone.part)
        at_most = at_most or gone.left.at_most
        placed = list(_place(rooms, guests))
        for run, machine in placed:
            yield run.id, Start(Left(seconds, at_most), machine, gone.run)
            part, lasts = rooms[machine].take(run.ask.need), remaining(past(run), 0.0, run.ask.time_limit)
            if lasts is not None:
                then = Left(seconds + lasts.seconds, lasts.at_most)
                heapq.heappush(ends, (then.seconds, len(tenants) + run.seq, _Tenant(machine, run.id, part, then)))
        if placed:
            started = {run.id for run, _ in placed}
            guests.runs = [guest for guest in guests.runs if guest[0].id not in started]


def _guests(seats: Mapping[str, Seat], waiting: list[Run]) -> _Guests:
    guests = _Guests()
    for run in waiting:
        want = want_of(run)
        line = guests.lines.get(want)
        if line is None:
            large = [name for name, seat in seats.items() if seat.could_fit(want.need)]
            suited = [name for name in large if name != want.avoid] or large
            line = guests.lines[want] = _Line(want.need, suited)
        guests.runs.append((run, line))
    return guests


def _place(rooms: Mapping[str, Room], guests: _Guests) -> Iterator[tuple[Run, str]]:
    """Who fits where, in order: on the fullest machine, and where the first of a line does not fit, the emptiest that
    is large enough keeps what it has for it."""
    free = {name: room.copy() for name, room in rooms.items()}
    kept: set[_Line] = set()
    for run, line in guests.runs:
        if line in kept:
            continue
        fitting = [name for name in line.machines if free[name].fits(line.need)]
        if fitting:
            name = min(fitting, key=lambda name: (*free[name].size, name))
            free[name].take(line.need)
            yield run, name
            continue
        kept.add(line)
        if line.machines:
            free[max(line.machines, key=lambda name: free[name].size)].keep_for(line.need)
        if len(kept) == len(guests.lines):
            return
