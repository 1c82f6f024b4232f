"""What past runs took: read from the history when somebody asks, and then at most once a minute for each project."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from workbench.domain.run import Run

FRESH = 60.0
"""Seconds for which an answer is good enough."""
LATEST = 500
"""Runs of a project that are looked at."""


class History(Protocol):
    async def durations(self, project: str, limit: int) -> dict[str, list[float]]: ...


class Pasts:
    def __init__(self, history: History, clock: Callable[[], float] = time.monotonic) -> None:
        self._history = history
        self._clock = clock
        self._asked: dict[str, float] = {}
        self._took: dict[str, Mapping[str, Sequence[float]]] = {}

    async def learn(self, projects: Iterable[str]) -> None:
        """So that `took` knows of their runs. Raises HistoryError."""
        for project in projects:
            if self._clock() - self._asked.get(project, float("-inf")) >= FRESH:
                self._asked[project] = self._clock()
                took = await self._history.durations(project, LATEST)
                self._took[project] = {command: sorted(seconds) for command, seconds in took.items()}

    def took(self, run: Run) -> Sequence[float]:
        """Seconds that the latest runs of the same command took, ascending: of those that came to an end by themselves
        or at their limit. () where nothing was learned of the project."""
        return self._took.get(run.project, {}).get(" ".join(run.ask.command), ())
