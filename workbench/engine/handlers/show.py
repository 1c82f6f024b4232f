"""show: all that is known of one run."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Any

from workbench import paths
from workbench.domain.run import attempt_of
from workbench.domain.status import WAITING
from workbench.engine.engine import Engine
from workbench.engine.handlers.explain import why_out
from workbench.engine.handlers.params import Params
from workbench.engine.handlers.pull import collecting, listed
from workbench.engine.handlers.runs import measured_by, names_before
from workbench.engine.seam import attempt_id
from workbench.engine.server import Peer
from workbench.protocol.messages import number_out
from workbench.protocol.runs import run_out


async def show(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    count, first = await engine.history.malformed(run.id)
    metrics = await engine.history.metrics(run.id)
    collected = await engine.history.collected(run.id)  # first: what is on record as collected is then listed whole
    artifacts = await listed(engine, run)
    missing = not all(artifact["stored"] for artifact in artifacts) or (bool(run.outputs) and not collected)
    attempt = attempt_of(run.status)
    files = ""
    if attempt is not None:
        files = os.path.join(paths.state(), "machine", "attempts", attempt_id(run.id, attempt.number))
    waiting = await engine.reasons([run]) if run.status.name in WAITING else []
    return {
        "run": run_out(run),
        "metrics": {
            key: {
                "last": number_out(metric.last),
                "min": number_out(metric.min),
                "max": number_out(metric.max),
                "step": metric.step,
                "count": metric.count,
            }
            for key, metric in metrics.items()
        },
        "metric": await measured_by([run]),
        "after": await names_before(engine, [run]),
        "use": asdict(use) if (use := engine.use(run)) else None,
        "events": await engine.history.events(run.id),
        "artifacts": artifacts,
        "collecting": await collecting(engine, run, expected=missing),
        "malformed": count,
        "notify": engine.notices.wanted(run.id),
        "files": files if os.path.isdir(os.path.join(files, "work")) else "",
        "progress": engine.progress(run.id),
        "waiting": why_out(waiting[0]) if waiting else None,
        "warnings": [
            *([f"{count} metric lines made no sense, the first: {first}"] if count else []),
            *(f"not kept: {said}" for left_out in collected.values() for said in left_out),
        ],
    }
