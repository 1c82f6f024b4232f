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

from collections.abc import Iterable

from workbench.domain.run import Run, attempt_of
from workbench.domain.status import Queued
from workbench.domain.time import Micros
from workbench.engine import seam
from workbench.engine.scheduler import attempts, commands, machines, placing, standing
from workbench.engine.scheduler.state import LANE_PATIENCE, Lane, Outcome, State, holders
from workbench.engine.seam import attempt_id

__all__ = ["LANE_PATIENCE", "Lane", "Outcome", "State", "adopt", "holders", "step"]


def step(state: State, event: seam.Event | seam.Command, now: Micros) -> Outcome:
    """One event. Raises Refused, with nothing changed, where a command does not fit the run's status."""
    out = Outcome()
    match event:
        case seam.Submit():
            commands.submit(state, event)
        case seam.Withdraw():
            commands.withdraw(state, event, now)
        case seam.Hold():
            commands.hold(state, event, now, out)
        case seam.Release():
            commands.release(state, event, now, out)
        case seam.Cancel():
            commands.cancel(state, event, now, out)
        case seam.Move():
            commands.move(state, event, now, out)
        case seam.Edit():
            commands.edit(state, event, now, out)
        case seam.Enrol():
            machines.enrol(state, event)
        case seam.Trust():
            machines.trust(state, event.machine, out)
        case seam.Dismiss():
            if event.lost:
                attempts.give_up(state, event.machine, now, out)
            machines.dismiss(state, event.machine, out)
        case seam.MachineUp():
            machines.machine_up(state, event, now, out)
        case seam.MachineDown():
            machines.machine_down(state, event, now)
        case seam.DevicesSeen():
            machines.devices_seen(state, event)
        case seam.AttemptStarted():
            attempts.started(state, event, now, out)
        case seam.AttemptEnded():
            attempts.ended(state, event, now, out)
        case seam.AttemptFenced():
            attempts.fenced(state, event, now, out)
        case seam.AttemptVanished():
            attempts.vanished(state, event, now, out)
        case seam.AttemptAbsent():
            attempts.absent(state, event, out)
        case seam.PrepareFailed():
            attempts.prepare_failed(state, event, now, out)
        case seam.Tick():
            standing.due(state, now, out)
            placing.part_lanes(state, now, out)
    placing.place(state, now, out)
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
    standing.depend(state, pending)
    standing.enqueue(state, [run for run in runs if isinstance(run.status, Queued)])
