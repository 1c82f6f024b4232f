"""Runs that differ only in chance: which belong together, and what they came to. Pure."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workbench.domain.run import Run

_SEED = re.compile(
    r"(?:.*[._/-])?(?:(?:random|rng|np|numpy|torch|data|global)[_-]?)?(?:seed|rng|random[_-]?state)s?", re.I
)


def is_seed(param: str) -> bool:
    """Whether a param is one that only chance depends on, by its name: `seed`, `random_state`, `model.rng_seed`."""
    return _SEED.fullmatch(param) is not None


def seeds(runs: Iterable[Run]) -> tuple[str, ...]:
    """The params of these runs that are seeds, in the order of their first use."""
    return tuple(dict.fromkeys(key for run in runs for key in run.ask.params if is_seed(key)))


def grouped(runs: Sequence[Run], over: Iterable[str]) -> list[tuple[int, ...]]:
    """Indices of runs that are alike in all but the params `over`, in the order of each group's first run.

    Alike: project, command, other params, code and environment.
    """
    left_out = frozenset(over)
    groups: dict[object, list[int]] = {}
    for index, run in enumerate(runs):
        params = {(key, type(value), value) for key, value in run.ask.params.items() if key not in left_out}
        alike = (run.project, run.ask.command, frozenset(params), run.code.snapshot, run.environment.id)
        groups.setdefault(alike, []).append(index)
    return [tuple(group) for group in groups.values()]


@dataclass(frozen=True, slots=True)
class Spread:
    """What some values of one metric come to."""

    n: int
    """How many of them are finite: the others count for nothing."""
    mean: float
    """NaN where there is none."""
    deviation: float | None
    """Of the sample (divided by n - 1, as Bessel has it); None for fewer than two values."""
    low: float
    high: float


def spread(values: Iterable[float | None]) -> Spread:
    """The mean and the deviation of those that are finite. No value, NaN and the infinities are left out."""
    finite = [value for value in values if value is not None and math.isfinite(value)]
    n = len(finite)
    if not n:
        return Spread(0, math.nan, None, math.nan, math.nan)
    mean = math.fsum(finite) / n if n > 1 else finite[0]
    squares = math.fsum((value - mean) ** 2 for value in finite)
    return Spread(n, mean, math.sqrt(squares / (n - 1)) if n > 1 else None, min(finite), max(finite))
