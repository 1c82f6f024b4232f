"""At the start of an engine, and whenever a road comes up: what history says against what the machine says.

History is only ever ahead in what was decided, the machine in what happened. So runs that are not over are
taken up as they stand in history, and each machine is asked about every attempt that is thought to be there;
its answers are events like any others. Asking twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Container, Iterable

from workbench.domain.run import attempt_of
from workbench.engine.scheduler import State, adopt
from workbench.engine.seam import AttemptVanished, attempt_id, run_of
from workbench.engine.store.interface import History


class Recovery:
    """What the dispatcher asks of mind and history (dispatcher.Record)."""

    def __init__(self, state: State, history: History) -> None:
        self._state = state
        self._history = history

    async def adopt(self) -> None:
        runs = await self._history.live()
        live = {run.id for run in runs}
        pending = {run.id: frozenset(set(run.ask.after) & live) for run in runs if set(run.ask.after) & live}
        adopt(self._state, runs, pending)

    def on_machine(self, machine: str) -> list[str]:
        found = []
        for run in self._state.runs.values():
            attempt = attempt_of(run.status)
            if attempt is not None and attempt.machine == machine:
                found.append(attempt_id(run.id, attempt.number))
        return found

    def orphans(self, machines: Container[str]) -> list[AttemptVanished]:
        """What becomes of attempts on machines that are not among these, where nobody can be asked."""
        return [
            AttemptVanished(attempt_id(run.id, attempt.number), f"the machine {attempt.machine} is not ours any more")
            for run in self._state.runs.values()
            if (attempt := attempt_of(run.status)) is not None and attempt.machine not in machines
        ]

    async def marks(self) -> dict[tuple[str, int], tuple[int, int]]:
        return await self._history.marks()

    async def over(self, attempts: Iterable[str]) -> list[str]:
        listed = [attempt for attempt in attempts if run_of(attempt) not in self._state.runs]
        known = await self._history.taken([run_of(attempt) for attempt in listed])
        return [attempt for attempt in listed if run_of(attempt) in known]
