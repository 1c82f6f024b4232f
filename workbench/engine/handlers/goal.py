"""goal: what the project that lies in a directory is measured by."""

from __future__ import annotations

import asyncio
from typing import Any

from workbench import settings
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import ConfigError


async def goal(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    try:
        metric = (await asyncio.to_thread(settings.find_project, params.text("directory"))).metric.name
    except (ConfigError, OSError):  # it was changed or removed since its runs were submitted
        metric = ""
    return {"metric": metric}
