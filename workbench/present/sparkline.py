"""A few numbers as one row of blocks, and a fraction as a bar."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], columns: int, low: float | None = None, high: float | None = None) -> str:
    """The last `columns` values, one a column, scaled between `low` and `high` (else their own extremes)."""
    shown = values[-columns:] if columns > 0 else ()
    finite = [value for value in shown if math.isfinite(value)]
    if not finite:
        return ""
    floor = min(finite) if low is None else low
    span = (max(finite) if high is None else high) - floor
    return "".join(_block(value, floor, span) for value in shown)


def _block(value: float, floor: float, span: float) -> str:
    if not math.isfinite(value):
        return " "
    fraction = (value - floor) / span if span > 0 else 0.5
    return BLOCKS[min(7, max(0, int(fraction * 8)))]


def bar(fraction: float, columns: int) -> tuple[str, str]:
    """Its full part and its empty part, together so many columns wide."""
    full, half = divmod(round(min(1.0, max(0.0, fraction)) * columns * 2), 2)
    filled = "━" * full + "╸" * half
    return filled, "─" * (columns - len(filled))


def thin(values: Sequence[float], columns: int) -> list[float]:
    """Means of equal stretches: at most `columns` numbers that keep the shape."""
    if len(values) <= columns:
        return list(values)
    edges = [round(index * len(values) / columns) for index in range(columns + 1)]
    return [_mean(values[start:stop]) for start, stop in pairwise(edges)]


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return sum(finite) / len(finite) if finite else math.nan
