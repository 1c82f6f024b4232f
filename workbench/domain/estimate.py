"""How long a run still takes, judged by what runs like it took. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.domain.time import format_about

FEWEST = 3
"""With fewer to go by, history says nothing."""


@dataclass(frozen=True, slots=True)
class Left:
    """How long something still takes."""

    seconds: float
    at_most: bool = False
    """A time limit says so, not what runs like it took."""

    def __str__(self) -> str:
        """`in ~14m`, `in at most 2h 00m`"""
        about = format_about(max(1.0, self.seconds))
        return f"in at most {about}" if self.at_most else f"in ~{about}"


def remaining(took: Sequence[float], elapsed: float, limit: float | None) -> Left | None:
    """Seconds, all of them. took: by runs like it, ascending. elapsed: by itself so far. limit: its time limit.

    The median residual life: half of those that lasted longer than `elapsed` were over by then. Where too few did, its
    time limit is all that is known, and where it has none, nothing is: None.
    """
    first = bisect_right(took, elapsed)
    longer = len(took) - first
    most = None if limit is None else max(0.0, limit - elapsed)
    if longer < FEWEST:
        return None if most is None else Left(most, at_most=True)
    likely = (took[first + (longer - 1) // 2] + took[first + longer // 2]) / 2 - elapsed
    return Left(likely if most is None else min(likely, most))
