"""usage: what a run took while it ran, and takes now: cores, memory, GPUs; of its last attempt, thinned for a chart."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from workbench.domain.run import attempt_of, ended_at, started_at
from workbench.domain.time import SECOND
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.mind import now
from workbench.engine.seam import attempt_id
from workbench.engine.server import Peer

AROUND = 10 * SECOND
"""A machine's clock may be off by so much."""


async def usage(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    points = params.whole("points", 1000, least=2)
    attempt, started = attempt_of(run.status), started_at(run.status)
    found = []
    if attempt is not None and started is not None:
        name, devices = attempt_id(run.id, attempt.number), attempt.share.devices
        span = (started - AROUND, (ended_at(run.status) or now()) + AROUND)
        found = await engine.history.usage(attempt.machine, name, devices, *span, points)
        latest = engine.use(run)
        if latest and (not found or found[-1].at < latest.at):
            found.append(latest)
    return {"run": run.id, "usage": [asdict(use) for use in found]}
