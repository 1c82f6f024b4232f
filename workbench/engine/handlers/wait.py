"""wait: answer when the run is over, or when the seconds are."""

from __future__ import annotations

import asyncio
from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.protocol.runs import run_out


async def wait(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    if run.live:
        seconds = params.number("seconds", 0.0) or None
        try:
            run = await asyncio.wait_for(engine.ended(run.id), seconds)
        except TimeoutError:
            run = await engine.find(run.id)
    return {"run": run_out(run), "progress": engine.progress(run.id)}
