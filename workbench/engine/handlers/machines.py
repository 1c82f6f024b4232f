"""machines: what there is, what it does, who holds what."""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer


async def machines(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    names = [params.text("name")] if params.has("name") else list(engine.fleet)
    return {"machines": [engine.machine_view(name) for name in names]}
