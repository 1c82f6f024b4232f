"""Where a run that waits stands: in its line, behind the runs it comes after, or until its moment."""

from __future__ import annotations

import heapq

from workbench.domain.events import Change, Kind
from workbench.domain.run import Run
from workbench.domain.status import Cancelled, Error, Finished, Held, Lost, Queued, Status
from workbench.domain.time import Micros
from workbench.engine import seam
from workbench.engine.scheduler.state import Outcome, State


def depend(state: State, pending: dict[str, frozenset[str]]) -> None:
    for run, others in pending.items():
        waits = {other for other in others if other in state.runs}
        if waits:
            state.pending[run] = waits
            for other in waits:
                state.dependents.setdefault(other, set()).add(run)


def enqueue(state: State, runs: list[Run]) -> None:
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


def due(state: State, now: Micros, out: Outcome) -> None:
    """Those whose moment has come stand in line again."""
    ready: dict[str, Run] = {}
    while state.delayed and state.delayed[0][0] <= now:
        moment, id = heapq.heappop(state.delayed)
        run = state.runs.get(id)
        # Held, released or edited meanwhile, it may stand elsewhere, or here twice.
        if run is not None and isinstance(run.status, Queued) and run.status.not_before == moment:
            ready[id] = run
    state.lines.extend(list(ready.values()))
    if state.delayed:
        out.effects.append(seam.Wake(state.delayed[0][0]))


def forget_dependency(state: State, id: str) -> None:
    for other in state.pending.pop(id, set()):
        state.dependents.get(other, set()).discard(id)


def resolve_dependents(state: State, ended: Run, now: Micros, out: Outcome) -> None:
    """Those that come after it: free to go if it finished, held with the reason if it did not."""
    for id in sorted(state.dependents.pop(ended.id, set())):
        waits = state.pending[id]
        waits.discard(ended.id)
        run = state.runs[id]
        if not isinstance(ended.status, Finished) and isinstance(run.status, Queued):
            reason = f"because it comes after {ended.name}, which {_how(ended.status)}"
            held = run.to(Held(now, reason))
            state.runs[id] = held
            out.changes.append(Change(Kind.HELD, now, held))
        if not waits:
            del state.pending[id]
            enqueue(state, [state.runs[id]] if isinstance(state.runs[id].status, Queued) else [])


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
