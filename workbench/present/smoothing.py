"""Curves without their noise. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable

WEIGHTS = (0.0, 0.6, 0.9)
"""That a key goes through; 0 is as it is."""


def smoothed(values: Iterable[float], weight: float) -> list[float]:
    """The exponential moving average of the values up to each; what is not finite stays and is not averaged.

    weight: of what came before, 0 <= weight < 1. As TensorBoard's scalar charts draw it (`resmoothDataset`): without
    the pull towards zero that a start from nothing has, which is divided out as in Kingma & Ba, Adam (2015), section 3.
    """
    average, left = 0.0, 1.0
    drawn = []
    for value in values:
        if math.isfinite(value):
            average = weight * average + (1 - weight) * value
            left *= weight
            drawn.append(average / (1 - left))
        else:
            drawn.append(value)
    return drawn
