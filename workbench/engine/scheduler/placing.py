"""Who starts where: runs onto machines, several of a sweep onto one supervisor where each takes a moment."""

from __future__ import annotations

from workbench.domain.events import Change, Kind
from workbench.domain.run import Run
from workbench.domain.status import Attempt, Preparing
from workbench.domain.time import Micros
from workbench.engine import seam
from workbench.engine.scheduler.state import LANE_PATIENCE, Lane, Outcome, State
from workbench.engine.seam import attempt_id
from workbench.engine.seats import Seat

LANE_LENGTH = 64
"""Runs that one supervisor carries at most."""
LANE_SECONDS = 0.5
"""How long a lane is meant to last."""


def place(state: State, now: Micros, out: Outcome) -> None:
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


def part_lanes(state: State, now: Micros, out: Outcome) -> None:
    """Where the present run of a lane takes long, those behind it are to queue again."""
    for key, lane in state.lanes.items():
        if key == lane.attempts[0] and len(lane.attempts) > 1 and not lane.fenced:
            if now - lane.since >= LANE_PATIENCE:
                lane.fenced = True
                out.effects.append(seam.Fence(lane.machine, tuple(lane.attempts[1:])))
            else:
                out.effects.append(seam.Wake(lane.since + LANE_PATIENCE))
