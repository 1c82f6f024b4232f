"""runs: a page of runs that fit a filter."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from workbench import settings
from workbench.domain.run import Run
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import ConfigError
from workbench.protocol.messages import number_out
from workbench.protocol.runs import run_out

MOST = 1000
"""Rows in one answer."""


async def runs(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    page = await engine.history.page(
        params.text("filter", ""),
        params.text("order", "queue"),
        min(params.whole("limit", 100, least=0), MOST),
        params.whole("offset", 0, least=0),
        params.text("project", ""),
    )
    queued = [row.run for row in page.rows if row.run.status.name == "queued"]
    waits = {run.id: why.text for run, why in zip(queued, await engine.reasons(queued), strict=True)}
    names = await names_before(engine, [row.run for row in page.rows])
    rows = [
        {
            "run": run_out(row.run),
            "metrics": {key: number_out(value) for key, value in row.metrics.items()},
            **({"notify": True} if engine.notices.wanted(row.run.id) else {}),
            **({"progress": progress} if (progress := engine.progress(row.run.id)) else {}),
            **({"after": after} if (after := {id: names[id] for id in row.run.ask.after if id in names}) else {}),
            **({"waits": waits[row.run.id]} if row.run.id in waits else {}),
        }
        for row in page.rows
    ]
    metric = await measured_by([row.run for row in page.rows])
    return {"total": page.total, "counts": page.counts, "metric": metric, "rows": rows}


async def names_before(engine: Engine, runs: Sequence[Run]) -> dict[str, str]:
    """id -> name of the runs that any of these come after."""
    ids = {id for run in runs for id in run.ask.after}
    return await engine.history.names(sorted(ids)) if ids else {}


async def measured_by(runs: Sequence[Run]) -> str:
    """The metric of their project, "" where it names none, or where there are several."""
    if len({run.project for run in runs}) != 1:
        return ""
    try:
        return (await asyncio.to_thread(settings.find_project, runs[0].directory)).metric.name
    except (ConfigError, OSError):  # it was changed or removed since its runs were submitted
        return ""
