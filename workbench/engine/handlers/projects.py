"""projects: what is worked on, what runs and waits in each, and its best result."""

from __future__ import annotations

import asyncio
from typing import Any

from workbench import settings
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import ConfigError
from workbench.protocol.messages import number_out


async def projects(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    listed = await engine.history.projects()
    return {"projects": [await _view(engine, project) for project in listed]}


async def _view(engine: Engine, project: dict[str, Any]) -> dict[str, Any]:
    goal, metric, best = "", "", None
    try:
        found = await asyncio.to_thread(settings.find_project, project["directory"])
    except (ConfigError, OSError) as problem:
        goal = str(problem)
    else:
        goal, metric = found.goal, found.metric.name
        if metric:
            order = f"-metric.{metric}" if found.metric.goal == "max" else f"metric.{metric}"
            best = await _best(engine, project["name"], metric, order)
    return {**project, "goal": goal, "metric": metric, "best": best}


async def _best(engine: Engine, project: str, metric: str, order: str) -> dict[str, Any] | None:
    page = await engine.history.page("status:finished", order, 1, 0, project)
    if not page.rows or metric not in page.rows[0].metrics:
        return None
    row = page.rows[0]
    return {"run": row.run.id, "name": row.run.name, "value": number_out(row.metrics[metric])}
