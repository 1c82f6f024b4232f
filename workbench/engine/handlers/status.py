"""status and stop: the engine itself."""

from __future__ import annotations

from typing import Any

from workbench import paths
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer


async def status(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    page = await engine.history.page("", "newest", 0, 0)
    return {
        "pid": engine.hello["pid"],
        "version": engine.hello["version"],
        "started": engine.hello["started"],
        "socket": paths.socket(),
        "history": engine.history_path,
        "history_bytes": engine.history_bytes(),
        "health": engine.health(),
        "counts": page.counts,
        "clients": len(engine.server.peers),
    }


async def stop(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    """What runs goes on; the next client starts the next engine, which takes it up."""
    engine.stop()
    return {}
