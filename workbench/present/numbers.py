"""Numbers and moments as people read them in a narrow column."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from workbench.domain.time import SECOND, Micros, format_duration
from workbench.present.sanitise import clean

if TYPE_CHECKING:  # a prompt that lists runs does without the domain's classes
    from workbench.domain.run import Param


def metric(value: float) -> str:
    """Four significant digits, seven or eight columns: `0.2314`, `12.5`, `1.2e-05`, `nan`."""
    if math.isnan(value):
        return "nan"
    if math.isinf(value):
        return "inf" if value > 0 else "-inf"
    size = abs(value)
    if value == int(value) and size < 100_000:
        return str(int(value))
    if 0.001 <= size < 100_000:
        return f"{value:.{max(0, 3 - math.floor(math.log10(size)))}f}" if size >= 1 else f"{value:.4f}"
    mantissa, exponent = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(exponent)}"


def param(value: Param) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return clean(str(value))


def clock(seconds: float) -> str:
    """`0:12`, `12:04`, `2:07:31`, `3d 04h`: a time that runs."""
    whole = int(max(0.0, seconds))
    if whole >= 86400:
        return format_duration(seconds)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def ago(moment: Micros, now: Micros) -> str:
    """`now`, `12s ago`, `4m ago`, `3h ago`, `5d ago`."""
    seconds = max(0, now - moment) // SECOND
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if seconds >= size:
            return f"{seconds // size}{unit} ago"
    return "now"


def percent(fraction: float) -> str:
    return f"{min(1.0, max(0.0, fraction)) * 100:.0f}%"


def count(number: int) -> str:
    """`999`, `12,345`."""
    return f"{number:,}"
