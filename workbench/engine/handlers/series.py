"""series: the values of metrics over steps and time, thinned to what a chart can show.

With `first` and `last` only those steps, so that a stretch of a long run comes point by point. With `bands` a thinned
series has means as values, and beside them the lows and highs of what each stands for.
"""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.engine.store.interface import EVERYTHING, Stretch
from workbench.protocol.messages import number_out

_VALUES = ("values", "lows", "highs")


async def series(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    points = params.whole("points", 1000, least=2)
    stretch = Stretch(_step(params, "first", EVERYTHING.first), _step(params, "last", EVERYTHING.last))
    bands = params.flag("bands")
    found = []
    for reference in params.texts("runs"):
        run = await engine.find(reference)
        for key in params.texts("keys"):
            one = await engine.history.series(run.id, key, points, stretch, bands)
            if one.steps:
                shown = {name: list(map(number_out, getattr(one, name))) for name in _VALUES if getattr(one, name)}
                found.append({"run": run.id, "key": key, "steps": one.steps, "times": one.times, **shown})
    return {"series": found}


def _step(params: Params, name: str, default: int) -> int:
    return min(max(params.whole(name, default), EVERYTHING.first), EVERYTHING.last)
