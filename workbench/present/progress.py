"""Progress as words and a bar."""

from __future__ import annotations

from workbench.domain.progress import BYTES, Progress
from workbench.domain.resources import format_size
from workbench.present.sanitise import clean

BAR = 8
"""Columns."""
_EIGHTHS = " ▏▎▍▌▋▊▉"


def told(progress: Progress, columns: int = BAR) -> str:
    """`building the environment  ███▌····  17 of 42 packages`; without a bar where nobody knows how much there is."""
    what = clean(progress.what)
    if not progress.total:
        return f"{what}  {_amount(progress.done, progress)}" if progress.done else what
    of = f"{_number(progress.done, progress)} of {_amount(progress.total, progress)}"
    return f"{what}  {bar(progress.done / progress.total, columns)}  {of}"


def brief(progress: Progress, columns: int = BAR) -> str:
    """What moves first, where the end may be cut off: `███▌····  17/42  building the environment`."""
    what = clean(progress.what)
    if not progress.total:
        return what
    part = progress.done / progress.total
    of = f"{part:.0%}" if progress.unit == BYTES else f"{progress.done:,}/{progress.total:,}"
    return f"{bar(part, columns)}  {of}  {what}"


def bar(part: float, columns: int = BAR) -> str:
    """part: 0 to 1. In steps of an eighth of a column."""
    eighths = round(min(1.0, max(0.0, part)) * columns * 8)
    whole, rest = divmod(eighths, 8)
    return ("█" * whole + (_EIGHTHS[rest] if rest else "")).ljust(columns, "·")


def _number(value: int, progress: Progress) -> str:
    return format_size(value) if progress.unit == BYTES else f"{value:,}"


def _amount(value: int, progress: Progress) -> str:
    number = _number(value, progress)
    return number if progress.unit in (BYTES, "") else f"{number} {clean(progress.unit)}"
