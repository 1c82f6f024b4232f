"""machines_remove: let go of a machine on which nothing of ours runs, or that is gone with what ran there."""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer


async def machines_remove(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    name = params.text("name")
    await engine.fleet.remove(name, params.flag("lost"))
    engine.server.publish("machines", "machines", {"machines": [], "gone": [name]})
    return {}
