"""How busy a machine was: over a stretch of time its average, its peak, and what it stayed below for 95 % of the time.

Capacity is judged by peaks: a machine that is full for five minutes of every hour is full, whatever its average says.
So a moment is a unit of time, never one sample: its value is the mean over the unit, its peak the highest sample in
it. The 95th percentile is that of the units' peaks, and what was sampled more often counts for no more than the rest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from workbench.domain.time import SECOND, Micros

MACHINE, GPUS = "machine", "gpus"
"""Parts of a machine that have a load: its cores and memory, all its GPUs together, and each GPU by its UUID."""
UNIT: Micros = 10 * SECOND
"""Of what is younger than a day."""
RANK = 0.95


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one quantity over a stretch of time: 0 to 1 where it is a use, bytes where it is memory."""

    avg: float
    peak: float
    p95: float


@dataclass(frozen=True, slots=True)
class Course:
    """One quantity over time, as buckets; where nothing was sampled there is none."""

    at: tuple[Micros, ...] = ()
    """When each bucket begins, rising."""
    figures: tuple[Figures, ...] = ()
    whole: Figures | None = None
    """Of the whole stretch; None where nothing was sampled."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one part of a machine did."""

    use: Course = Course()
    memory: Course = Course()


def loads(samples: Iterable[Mapping[str, Any]], since: Micros, every: Micros, unit: Micros = UNIT) -> dict[str, Load]:
    """part -> its load, out of samples of the form that the protocol calls Sample, in order of time.

    `since` and `every` are multiples of `unit`."""
    uses: dict[str, list[tuple[Micros, float]]] = defaultdict(list)
    memories: dict[str, list[tuple[Micros, float]]] = defaultdict(list)
    for sample in samples:
        for part, (use, memory) in taken(sample).items():
            uses[part] += [] if use is None else [(sample["at"], use)]
            memories[part] += [] if memory is None else [(sample["at"], memory)]
    return {
        part: Load(course(uses[part], since, every, unit), course(memories[part], since, every, unit)) for part in uses
    }


def taken(sample: Mapping[str, Any]) -> dict[str, tuple[float | None, float | None]]:
    """part -> (use, memory) at one moment; None is what is not known of it."""
    devices = sample["devices"]
    found = {MACHINE: (sample["cpu"], sample["memory"])}
    if devices:
        uses = [device["use"] for device in devices if device["use"] is not None]
        memories = [device["memory"] for device in devices if device["memory"] is not None]
        found[GPUS] = (sum(uses) / len(uses) if uses else None, sum(memories) if memories else None)
    return found | {device["uuid"]: (device["use"], device["memory"]) for device in devices}


def course(values: Iterable[tuple[Micros, float]], since: Micros, every: Micros, unit: Micros = UNIT) -> Course:
    """Of (time, value) in order of time."""
    units = []
    for start, stretch in groupby(values, lambda value: value[0] // unit * unit):
        seen = [value for _, value in stretch]
        units.append((start, sum(seen) / len(seen), max(seen)))
    if not units:
        return Course()
    buckets = [
        (since + place * every, _figures([(mean, peak) for _, mean, peak in stretch]))
        for place, stretch in groupby(units, lambda unit: (unit[0] - since) // every)
    ]
    whole = _figures([(mean, peak) for _, mean, peak in units])
    return Course(tuple(at for at, _ in buckets), tuple(figures for _, figures in buckets), whole)


def percentile(values: Sequence[float], rank: float = RANK) -> float:
    """Between the two values nearest to that rank (type 7 of Hyndman and Fan, 1996). There is at least one value."""
    ordered = sorted(values)
    place = rank * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def _figures(units: Sequence[tuple[float, float]]) -> Figures:
    means, peaks = [mean for mean, _ in units], [peak for _, peak in units]
    return Figures(sum(means) / len(means), max(peaks), percentile(peaks))
