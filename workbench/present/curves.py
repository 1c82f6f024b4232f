"""What was measured, as series over steps, time or epochs, smoothed. Pure."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.domain.time import SECOND, Micros
from workbench.present.canvas import Series
from workbench.present.smoothing import smoothed
from workbench.present.view import OVER, View

EPOCH = "epoch"
"""The metric that says at which epoch a step is."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of a run, in order of step: as many of each, but lows and highs only where values are means of
    several."""

    steps: Sequence[int] = ()
    times: Sequence[Micros] = ()
    values: Sequence[float] = ()
    lows: Sequence[float] = ()
    highs: Sequence[float] = ()


@dataclass(frozen=True, slots=True)
class Pace:
    """What turns the steps of a run into time and epochs."""

    started: Micros = 0
    epochs: Measured = Measured()
    """Its metric EPOCH; without one there is nothing by epoch."""

    def over(self, one: Measured, over: str) -> Sequence[float]:
        """Where each point of a metric lies; NaN where that is unknown."""
        if over == "step":
            return one.steps
        if over == "time":
            return [(at - self.started) / SECOND for at in one.times]
        return [self._epoch(step) for step in one.steps]

    def _epoch(self, step: int) -> float:
        """In proportion to the steps between the two epochs that were said before and after."""
        steps, values = self.epochs.steps, self.epochs.values
        after = bisect_left(steps, step)
        if after in (0, len(steps)):
            return values[min(after, len(steps) - 1)] if steps else math.nan
        part = (step - steps[after - 1]) / (steps[after] - steps[after - 1])
        return values[after - 1] + part * (values[after] - values[after - 1])


def drawn(
    one: Measured, label: str, style: str, view: View, pace: Pace, *, bold: bool = False, last: float | None = None
) -> list[Series]:
    """A curve as the view wants it; where that is smooth, what was measured faintly behind it.

    last: what was measured last, which a mean of several points or a smooth curve does not tell.
    """
    over = pace.over(one, view.over)
    places = sorted((index for index, x in enumerate(over) if math.isfinite(x)), key=over.__getitem__)
    xs, ys, lows, highs = (
        [values[index] for index in places] if values else () for values in (over, one.values, one.lows, one.highs)
    )
    if not xs:
        return []
    curve = Series(label, xs, ys, style, lows, highs, bold=bold, last=last)
    if not view.smoothing:
        return [curve]
    return [
        Series(label, xs, smoothed(ys, view.smoothing), style, bold=bold, last=last),
        replace(curve, label="", faint=True, bold=False),
    ]


def steps_within(one: Measured, view: View, pace: Pace, margin: float = 1.0) -> tuple[int, int]:
    """The first and the last step in the view's window and so much of it again at either side, as far as that can be
    told from what is known of the metric. The view has a window, and the metric points."""
    low, high = view.window or (0.0, 0.0)
    low, high = low - margin * (high - low), high + margin * (high - low)
    if view.over == "step":
        return math.floor(low), math.ceil(high)
    over = pace.over(one, view.over)
    before = [step for x, step in zip(over, one.steps, strict=True) if x <= low]
    after = [step for x, step in zip(over, one.steps, strict=True) if x >= high]
    return (before[-1] if before else one.steps[0]), (after[0] if after else one.steps[-1])


def offered(epochs: bool) -> tuple[str, ...]:
    """What x can be, with and without a metric EPOCH."""
    return OVER if epochs else OVER[:2]
