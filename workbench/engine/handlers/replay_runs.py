"""replay_runs: the runs that were there in a stretch of time, as they are by now, with all that happened to them."""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.protocol.messages import number_out
from workbench.protocol.runs import run_out

MOST = 1000
"""Runs in one answer."""


async def replay_runs(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    since, until = params.whole("since", least=0), params.whole("until", least=0)
    limit = min(params.whole("limit", MOST, least=1), MOST)
    found, total = await engine.history.pasts(since, until, params.whole("after", 0, least=0), limit)
    runs = [
        {
            "run": run_out(past.row.run),
            "metrics": {key: number_out(value) for key, value in past.row.metrics.items()},
            "events": past.events,
        }
        for past in found
    ]
    return {"total": total, "runs": runs, "next": found[-1].row.run.seq if len(found) == limit else None}
