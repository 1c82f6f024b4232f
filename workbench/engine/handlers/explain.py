"""explain: why a run waits, what is in its way, and what would start it."""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.engine.waiting import Why
from workbench.protocol.runs import run_out


async def explain(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    return {"run": run_out(run), "why": why_out(engine.mind.why(run))}


def why_out(why: Why) -> dict[str, Any]:
    return {"kind": why.kind, "text": why.text, "until": why.until, "blockers": list(why.blockers)}
