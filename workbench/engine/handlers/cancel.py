"""cancel: end runs, whether they wait or run. One that is over already is left as it is."""

from __future__ import annotations

from typing import Any

from workbench.engine import seam
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.protocol.runs import run_out


async def cancel(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    found = [await engine.find(reference) for reference in params.texts("runs")]
    for run in found:
        if engine.mind.live(run.id):  # it may have ended while others were cancelled, and the rest still must be
            await engine.mind.command(seam.Cancel(run.id, peer.user))
    return {"runs": [run_out(await engine.find(run.id)) for run in found]}
