"""series: the values of metrics over steps and time, thinned to what a chart can show."""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.protocol.messages import number_out


async def series(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    points = params.whole("points", 1000, least=2)
    found = []
    for reference in params.texts("runs"):
        run = await engine.find(reference)
        for key in params.texts("keys"):
            steps, times, values = await engine.history.series(run.id, key, points)
            if steps:
                shown = [number_out(value) for value in values]
                found.append({"run": run.id, "key": key, "steps": steps, "times": times, "values": shown})
    return {"series": found}
