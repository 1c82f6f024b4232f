"""explain: why a run waits, what is in its way, and what would start it."""

from __future__ import annotations

from typing import Any

from workbench.domain.estimate import Left
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.engine.waiting import Why
from workbench.protocol.runs import run_out


async def explain(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    (why,) = await engine.reasons([run])
    return {"run": run_out(engine.mind.live(run.id) or run), "why": why_out(why), "progress": engine.progress(run.id)}


def why_out(why: Why) -> dict[str, Any]:
    """As protocol.shapes.Waiting."""
    return {
        "kind": why.kind,
        "text": why.text,
        "until": why.until,
        **_left_out("eta", why.eta),
        "blockers": [
            {
                "id": blocker.run.id,
                "name": blocker.run.name,
                "user": blocker.run.user,
                "machine": blocker.machine or None,
                **_left_out("left", blocker.left),
            }
            for blocker in why.blockers
        ],
    }


def _left_out(name: str, left: Left | None) -> dict[str, Any]:
    return {name: left.seconds if left else None, "at_most": bool(left and left.at_most)}
