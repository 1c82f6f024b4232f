"""How busy a machine was, as words, as gauges with their peak marked, and as curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from workbench.domain.load import GPUS, MACHINE, Course, Figures, Load
from workbench.domain.time import SECOND, Micros
from workbench.present.canvas import Series
from workbench.present.cells import Cell, Line, plain, width
from workbench.present.numbers import percent
from workbench.present.sanitise import clean

LIVE = "10m"
SPANS: Mapping[str, int] = {
    LIVE: 600,
    "1h": 3600,
    "6h": 6 * 3600,
    "24h": 86_400,
    "7d": 7 * 86_400,
    "30d": 30 * 86_400,
}
"""Name -> seconds of the stretches of time that one can look at. That of LIVE is in the samples that are told."""
_UNBROKEN = 30 * SECOND
"""Samples so far apart still follow each other: nobody looked, so they were rare."""


def load_in(data: Mapping[str, Any]) -> Load:
    """One part of a `samples` reply."""
    return Load(_course_in(data["use"]), _course_in(data["memory"]))


def _course_in(data: Mapping[str, Any]) -> Course:
    figures = zip(data["avg"], data["peak"], data["p95"], strict=True)
    whole = data["whole"]
    return Course(tuple(data["at"]), tuple(Figures(*one) for one in figures), Figures(**whole) if whole else None)


class Part(NamedTuple):
    """One of a machine's that has a load."""

    id: str
    """As domain.load names it."""
    title: str
    memory_title: str
    memory: float
    """Bytes that it has, 0 where that is not known."""


def parts(machine: Mapping[str, Any]) -> list[Part]:
    """The machine itself, all its GPUs together, and each GPU where there are several."""
    devices = machine["devices"]
    found = [Part(MACHINE, "cpu", "memory", machine["memory"])]
    if devices:
        found.append(Part(GPUS, "GPU use", "GPU memory", sum(device["memory"] for device in devices)))
    if len(devices) > 1:
        found += [Part(one["uuid"], f"GPU {clean(str(one['label']))}", "  memory", one["memory"]) for one in devices]
    return found


def words(whole: Figures | None, now: float | None, of: float = 1.0) -> str:
    """`now 34%  peak 97%  p95 88%  avg 41%`, as parts of `of`; "" where nothing is known."""
    return "  ".join(f"{name} {percent(value)}" for name, value in _told(whole, now, of).items())


def heading(
    title: str, course: Course, now: float | None, of: float, columns: int, style: str, hot: bool = False
) -> Line:
    """A chart's: its title and its figures. Where room is short the average goes first, and the peak never.

    hot: nearly all of it is trouble, as with memory; a busy processor is not."""
    told = _told(course.whole, now, of)
    looks = {"now": "", "peak": (hot and heat(told.get("peak", 0.0))) or "strong", "p95": "", "avg": style}
    for left_out in ((), ("avg",), ("avg", "p95"), ("avg", "p95", "now")):
        cells = [Cell(title, "title")]
        for name, value in told.items():
            if name not in left_out:
                cells += [Cell(f"  {name} ", "dim"), Cell(percent(value), looks[name])]
        if width(plain(cells)) <= columns:
            break
    return tuple(cells)


def _told(whole: Figures | None, now: float | None, of: float) -> dict[str, float]:
    if whole is None or not of:
        return {}
    said = {"now": now, "peak": whole.peak, "p95": whole.p95, "avg": whole.avg}
    return {name: value / of for name, value in said.items() if value is not None}


def curves(course: Course, every: Micros, until: Micros, of: float, style: str) -> list[Series]:
    """The average over time, and a band from there to the peak; in percent of `of`, by seconds before `until`.

    A gap where nothing was sampled."""
    if not of:
        return []
    xs: list[float] = []
    averages: list[float] = []
    peaks: list[float] = []
    before: Micros | None = None
    for at, figures in zip(course.at, course.figures, strict=True):
        if before is not None and at - before > max(every, _UNBROKEN):
            xs.append((before + every - until) / SECOND)
            averages.append(math.nan)
            peaks.append(math.nan)
        xs.append((at - until) / SECOND)
        averages.append(100 * figures.avg / of)
        peaks.append(100 * figures.peak / of)
        before = at
    return [Series("avg", xs, averages, style, lows=averages, highs=peaks, bold=True)]


def gauge(now: float | None, peak: float | None, columns: int, hot: bool = False) -> Line:
    """`━━━╸──┃─`: a fraction as a bar, with its peak marked."""
    full, half = divmod(round(2 * columns * min(1.0, max(0.0, now or 0.0))), 2)
    bar = "━" * full + "╸" * half
    look = (hot and heat(now or 0.0)) or "series1"
    place = None if peak is None else min(columns - 1, int(columns * max(0.0, peak)))
    pieces = [(character, look) for character in bar] + [("─", "dim")] * (columns - len(bar))
    if place is not None:
        pieces[place] = ("┃", (hot and heat(peak or 0.0)) or "strong")
    cells: list[Cell] = []
    for character, style in pieces:
        if cells and cells[-1].style == style:
            cells[-1] = Cell(cells[-1].text + character, style)
        else:
            cells.append(Cell(character, style))
    return tuple(cells)


def heat(fraction: float) -> str:
    """The style of a part that is taken: nearly all of it is worth a look."""
    return "bad" if fraction >= 0.95 else "warn" if fraction >= 0.85 else ""
