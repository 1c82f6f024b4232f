"""Axes: where a value lies on them, and round numbers to write beside them. Pure."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
_TIME_STEPS = (
    *(1.0, 2.0, 5.0, 10.0, 15.0, 30.0),
    *(MINUTE * step for step in (1, 2, 5, 10, 15, 30)),
    *(HOUR * step for step in (1, 2, 3, 6, 12)),
    *(DAY * step for step in (1, 2, 7, 14, 30, 90, 365)),
)
_SIZES = ((1e9, 1e9, "G"), (1e6, 1e6, "M"), (1e4, 1e3, "k"))
"""From where on, by what to divide, and what to write behind it."""
_MOST = 400
"""Ticks that are ever counted out: bounds that nobody thought of must not take for ever."""


class Unit(Enum):
    """What the numbers of an axis are."""

    NUMBER = "number"
    DURATION = "duration"
    """Seconds since something began: `30s`, `2m`, `1h 30m`."""
    AGO = "ago"
    """Seconds until now, below zero: `-10m`, `now`."""
    CLOCK = "clock"
    """Seconds since 1970, drawn as the time of day here: `12:04`; days where steps are that long: `3 Nov`."""


@dataclass(frozen=True, slots=True)
class Tick:
    value: float
    label: str


@dataclass(frozen=True, slots=True)
class Axis:
    """From low to high, low < high; where it is logarithmic both are above zero."""

    low: float
    high: float
    log: bool = False

    def place(self, value: float) -> float:
        """Where a value lies: 0 at the low end, 1 at the high one. NaN where a logarithm has no place for it."""
        if not self.log:
            return (value - self.low) / (self.high - self.low)
        if value <= 0:
            return math.nan
        return (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))

    def at(self, place: float) -> float:
        """The value there: the way back from `place`."""
        if not self.log:
            return self.low + place * (self.high - self.low)
        return math.exp(math.log(self.low) + place * (math.log(self.high) - math.log(self.low)))

    def cut(self, start: float, stop: float) -> Axis:
        """The part from one place to another; beyond 0 and 1 it is longer than this one."""
        low, high = self.at(start), self.at(stop)
        return Axis(low, high, self.log) if low < high else self


def around(low: float, high: float, log: bool = False) -> Axis:
    """An axis that holds both, also where they are one."""
    if low < high:
        return Axis(low, high, log)
    if log:
        return Axis(low / 2, low * 2, log)
    margin = abs(low) * 0.1 or 1.0
    return Axis(low - margin, low + margin)


def rounded(axis: Axis, unit: Unit = Unit.NUMBER, steps: int = 20) -> Axis:
    """The axis with round ends, at most a step longer at each: so that it stays as it is while little is added."""
    if axis.log:
        return axis
    step = _step(axis.high - axis.low, steps, unit)
    low, high = math.floor(axis.low / step + 1e-9) * step, math.ceil(axis.high / step - 1e-9) * step
    return Axis(low, high) if math.isfinite(low) and math.isfinite(high) and low < high else axis


def ticks(axis: Axis, most: int, unit: Unit = Unit.NUMBER) -> list[Tick]:
    """At most about so many round numbers within the axis, in steps of 1, 2 or 5 times a power of ten, or as clocks
    divide time."""
    if most < 1:
        return []
    if axis.log and (found := _powers(axis, most)):
        return [Tick(value, _number(value, value)) for value in found]
    step = _step(axis.high - axis.low, most, unit)
    shift = _local(axis.low) if unit is Unit.CLOCK else 0.0
    first = math.ceil((axis.low + shift) / step - 1e-9)
    last = math.floor((axis.high + shift) / step + 1e-9)
    values = [number * step - shift for number in range(first, min(last, first + _MOST) + 1)]
    if axis.log:
        values = [value for value in values if axis.low * (1 - 1e-9) <= value <= axis.high * (1 + 1e-9)]
    largest = max((abs(value) for value in values), default=0.0)
    return [Tick(value, label(value, unit, step, largest)) for value in values]


def label(value: float, unit: Unit, step: float, largest: float = 0.0) -> str:
    """A value as it is written on an axis with such steps; largest: the largest that is written there."""
    match unit:
        case Unit.NUMBER:
            return _number(value, step, largest)
        case Unit.DURATION:
            return duration(value)
        case Unit.AGO:
            return "now" if abs(value) < 0.5 else duration(value)
        case Unit.CLOCK:
            return clock(value, step)


def duration(seconds: float) -> str:
    """`0s`, `30s`, `2m`, `1h 30m`, `-10m`, `3d`: two units at most, none that is zero."""
    sign, rest = ("-" if seconds < 0 else ""), round(abs(seconds))
    if abs(seconds) < 10 and seconds != round(seconds):
        return f"{seconds:.2g}s"
    parts = []
    for name, size in (("d", DAY), ("h", HOUR), ("m", MINUTE), ("s", 1)):
        count, rest = divmod(rest, int(size))
        if count:
            parts.append(f"{count}{name}")
    return sign + (" ".join(parts[:2]) or "0s")


def clock(at: float, step: float) -> str:
    """The time of day here, with seconds or as a date where steps are that short or long."""
    try:
        moment = time.localtime(at)
    except (OverflowError, ValueError, OSError):
        return "?"
    if step >= DAY:
        return f"{moment.tm_mday} {time.strftime('%b', moment)}"
    return time.strftime("%H:%M" if step >= MINUTE else "%H:%M:%S", moment)


def _local(at: float) -> float:
    """Seconds that clocks here are ahead of UTC: days begin at midnight here."""
    try:
        return float(time.localtime(at).tm_gmtoff)
    except (OverflowError, ValueError, OSError):
        return 0.0


def _step(span: float, most: int, unit: Unit) -> float:
    """The smallest round step of which at most so many fill the span."""
    least = span / max(1, most)
    if unit is not Unit.NUMBER and least > 0.5:
        return next((step for step in _TIME_STEPS if step >= least), math.ceil(least / DAY) * DAY)
    power = 10.0 ** math.floor(math.log10(max(least, 5e-324)))
    return next((factor * power for factor in (1, 2, 5) if factor * power >= least * (1 - 1e-9)), 10 * power) or span


def _powers(axis: Axis, most: int) -> Sequence[float]:
    """Powers of ten, every so many of them; or 1, 2 and 5 times these where there are few. Empty: too few as well."""
    first, last = math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high))
    every = max(1, math.ceil((last - first) / most))
    low, high = axis.low * (1 - 1e-9), axis.high * (1 + 1e-9)
    powers = [10.0**power for power in range(first, last + 1)]
    found = [value for value in powers[::every] if low <= value <= high]
    if len(found) < 3:
        finer = [value for power in powers for by in (1, 2, 5) if low <= (value := by * power) <= high]
        found = finer if len(finer) <= most else found
    return found if len(found) >= 2 else ()


def _number(value: float, step: float, largest: float = 0.0) -> str:
    """`0`, `0.25`, `1200`, `25k`, `1.5M`, `2e-05`: with the decimals that tell neighbours apart, and no more."""
    largest, step = largest or abs(value), abs(step) or 1.0
    if value == 0 or abs(value) < step / 1e6:
        return "0"
    if largest < 1e-3 or largest >= 1e12:
        return f"{value:.{min(6, max(0, _digits(largest, step)))}e}".replace("e-0", "e-").replace("e+0", "e+")
    size, suffix = next(((size, suffix) for least, size, suffix in _SIZES if largest >= least), (1.0, ""))
    decimals = min(9, max(0, -math.floor(math.log10(step / size) + 1e-9)))
    return f"{value / size:.{decimals}f}{suffix}"


def _digits(largest: float, step: float) -> int:
    return math.floor(math.log10(largest) + 1e-9) - math.floor(math.log10(step) + 1e-9)
