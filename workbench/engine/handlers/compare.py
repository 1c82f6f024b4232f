"""compare: runs side by side; what differs, and what is the same."""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import UsageError
from workbench.protocol.messages import number_out
from workbench.protocol.runs import run_out

MOST = 50


async def compare(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    references = params.texts("runs")
    if not 2 <= len(references) <= MOST:
        raise UsageError(f"compare takes 2 to {MOST} runs, not {len(references)}")
    found = [await engine.find(reference) for reference in references]
    metrics = [await engine.history.metrics(run.id) for run in found]
    keys = sorted({key for run in found for key in run.ask.params})
    columns = {key: [run.ask.params.get(key) for run in found] for key in keys}
    names = sorted({name for table in metrics for name in table})
    return {
        "runs": [run_out(run) for run in found],
        "params": {key: values for key, values in columns.items() if not _equal(values)},
        "same": {key: values[0] for key, values in columns.items() if _equal(values)},
        "metrics": {
            name: [number_out(table[name].last) if name in table else None for table in metrics] for name in names
        },
        "code": [{"snapshot": r.code.snapshot, "commit": r.code.commit, "changes": r.code.changes} for r in found],
        "environment": [{"id": run.environment.id, "origin": run.environment.origin} for run in found],
    }


def _equal(values: list[Any]) -> bool:
    return all(value == values[0] and type(value) is type(values[0]) for value in values)
