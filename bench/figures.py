"""Figures, as they are measured and as they are shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

OURS = "workbench"


def spin() -> float:
    """Milliseconds that a fixed loop takes now: how much of a core there is to be had."""
    took = []
    for _ in range(5):
        began = time.perf_counter()
        total = 0
        for number in range(300_000):
            total += number
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


@dataclass(frozen=True)
class Figure:
    who: str
    """The first of a table that begins with OURS is what the others are compared to."""
    value: float | None
    """None: it could not be measured, and `note` says why."""
    note: str = ""
    spin: float = 1.0
    """What the loop took around it: the mean of before and after."""


@dataclass
class Table:
    """One thing measured, of everybody who does it."""

    title: str
    unit: str
    """ms, us, s; runs/s; bytes."""
    goal: str = ""
    figures: list[Figure] = field(default_factory=list)
    spun: float = field(default_factory=spin)

    def add(self, who: str, value: float, note: str = "") -> None:
        """Keep what was measured since the last one."""
        before, self.spun = self.spun, spin()
        self.figures.append(Figure(who, value, note, (before + self.spun) / 2))
        print(f"  {who}: {value:,.4g} {self.unit}", flush=True)

    def missing(self, who: str, why: object) -> None:
        self.figures.append(Figure(who, None, str(why)))
        print(f"  {who}: not measured: {why}", flush=True)

    def ratio(self, figure: Figure) -> float | None:
        """How many times our figure this is, were the machine as idle for both."""
        ours = next((f for f in self.figures if f.who.startswith(OURS) and f.value), None)
        if ours is None or not ours.value or figure.value is None:
            return None
        ratio = figure.value / ours.value
        if self.unit.endswith("/s"):
            return ratio * figure.spin / ours.spin
        return ratio if self.unit == "bytes" else ratio * ours.spin / figure.spin

    def lines(self) -> Iterator[str]:
        yield f"{self.title}, {self.unit}" + (f"   (goal: {self.goal})" if self.goal else "")
        width = max((len(figure.who) for figure in self.figures), default=0)
        for figure in self.figures:
            if figure.value is None:
                yield f"  {figure.who:{width}}  {'-':>10}           not measured: {figure.note}"
                continue
            ratio = self.ratio(figure)
            times = "" if ratio is None else f"x {_short(ratio)}"
            yield f"  {figure.who:{width}}  {_short(figure.value):>10}  {times:<9}{figure.note}".rstrip()

    def data(self) -> dict[str, Any]:
        return {
            "title": self.title,
            "unit": self.unit,
            "goal": self.goal,
            "figures": [{**asdict(figure), "ratio": self.ratio(figure)} for figure in self.figures],
        }


def _short(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
