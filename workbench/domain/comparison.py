"""Runs side by side: what each measured and logged, and which way is better. Pure data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from workbench.domain.goals import Aim
from workbench.domain.run import Run

T = TypeVar("T")
MOST = 50
"""Runs in one comparison."""


@dataclass(frozen=True, slots=True)
class Measured:
    """One metric of all runs; None where a run has none."""

    last: Sequence[float | None]
    best: Sequence[float | None]
    """As `aim` has it; the last ones where nothing says which way is better."""
    aim: Aim | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    runs: tuple[Run, ...] = ()
    metrics: Mapping[str, Measured] = field(default_factory=dict)
    config: Mapping[str, Sequence[str | None]] = field(default_factory=dict)
    """What the code logged about itself, as text: key -> of each run."""

    def values(self, metric: str, best: bool) -> Sequence[float | None]:
        """Of each run. None throughout for a metric that nobody has."""
        if metric not in self.metrics:
            return [None] * len(self.runs)
        measured = self.metrics[metric]
        return measured.best if best else measured.last

    def of(self, order: Iterable[int]) -> Comparison:
        """The runs at these indices, in this order. A metric or setting that none of them has is gone."""
        chosen = list(order)

        def pick(values: Sequence[T]) -> list[T]:
            return [values[index] for index in chosen]

        metrics = {
            key: replace(one, last=pick(one.last), best=pick(one.best))
            for key, one in self.metrics.items()
            if any(value is not None for value in pick(one.last))
        }
        config = {
            key: pick(values) for key, values in self.config.items() if any(value is not None for value in pick(values))
        }
        return Comparison(tuple(pick(self.runs)), metrics, config)

    def favourite(self) -> str:
        """The metric to look at first: a project's own, else a loss, else one that is known to have a best."""
        by_worth = sorted(self.metrics, key=lambda key: (self._worth(key), key))
        return by_worth[0] if by_worth else ""

    def _worth(self, key: str) -> int:
        aim = self.metrics[key].aim
        if aim is None:
            return 3
        return 0 if aim.declared else 1 if "loss" in key else 2
