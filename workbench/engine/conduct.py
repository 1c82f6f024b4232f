"""How runs fare on one machine: what it takes to set a machine aside that fails whatever it is given. Pure.

Code fails everywhere, a bad machine fails whatever comes. So a machine is set aside when the last runs there, of
different kinds, came to grief at once, while a run of one of these kinds does well on another machine.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from workbench.domain.run import Run
from workbench.domain.time import SECOND, Micros

QUICK = 10 * SECOND
"""A run that fails sooner than this says something about its machine."""
WINDOW = 600 * SECOND
"""What is longer ago says nothing."""
FAILURES, KINDS = 3, 2
"""How many in a row, of how many kinds at least."""


def kind_of(run: Run) -> str:
    """Runs of one kind execute the same command."""
    return run.sweep or "\0".join(run.ask.command)


@dataclass(slots=True)
class Conduct:
    failed: deque[tuple[Micros, str]] = field(default_factory=lambda: deque(maxlen=20))
    """When, and what kind: the quick failures since a run did well here."""
    well: dict[str, Micros] = field(default_factory=dict)
    """Kinds that did well here -> when."""

    def did_well(self, kind: str, now: Micros) -> None:
        self.failed.clear()
        self.well.pop(kind, None)
        self.well[kind] = now
        while now - self.well[next(iter(self.well))] > WINDOW:
            del self.well[next(iter(self.well))]

    def did_badly(self, kind: str, now: Micros) -> None:
        self.failed.append((now, kind))

    def suspects(self, now: Micros) -> set[str]:
        """The kinds that failed here, if there were enough of them; empty otherwise."""
        while self.failed and now - self.failed[0][0] > WINDOW:
            self.failed.popleft()
        kinds = {kind for _, kind in self.failed}
        return kinds if len(self.failed) >= FAILURES and len(kinds) >= KINDS else set()

    def clears(self, kinds: set[str], now: Micros) -> bool:
        """One of these kinds did well here lately."""
        return any(now - self.well[kind] <= WINDOW for kind in kinds if kind in self.well)

    def forget(self) -> None:
        self.failed.clear()
