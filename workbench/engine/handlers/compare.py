"""compare: runs side by side; what differs, what is the same, and what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from workbench import settings
from workbench.domain.comparison import MOST
from workbench.domain.goals import Aim, guess
from workbench.domain.run import Run
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.engine.store.interface import Metric
from workbench.errors import ConfigError, UsageError
from workbench.protocol.messages import number_out
from workbench.protocol.runs import run_out


async def compare(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    references = params.texts("runs")
    if not 2 <= len(references) <= MOST:
        raise UsageError(f"compare takes 2 to {MOST} runs, not {len(references)}")
    named = [await engine.find(reference) for reference in references]
    found = list({run.id: run for run in named}.values())
    if len(found) < 2:
        raise UsageError(f"compare takes two runs or more, and these are all {found[0].name}")
    tables = [await engine.history.metrics(run.id) for run in found]
    configs = [await engine.history.config(run.id) for run in found]
    columns = {key: [run.ask.params.get(key) for run in found] for key in _keys([run.ask.params for run in found])}
    aims = await asyncio.to_thread(_aims, found, _keys(tables))
    return {
        "runs": [run_out(run) for run in found],
        "params": {key: values for key, values in columns.items() if not _equal(values)},
        "same": {key: values[0] for key, values in columns.items() if _equal(values)},
        "metrics": {key: [_number(table, key, None) for table in tables] for key in aims},
        "best": {key: [_number(table, key, aim) for table in tables] for key, aim in aims.items()},
        "goals": {key: asdict(aim) for key, aim in aims.items() if aim},
        "config": {key: [config.get(key) for config in configs] for key in _keys(configs)},
        "code": [{"snapshot": r.code.snapshot, "commit": r.code.commit, "changes": r.code.changes} for r in found],
        "environment": [{"id": run.environment.id, "origin": run.environment.origin} for run in found],
    }


def _keys(tables: Sequence[Mapping[str, Any]]) -> list[str]:
    return sorted({key for table in tables for key in table})


def _number(table: Mapping[str, Metric], key: str, aim: Aim | None) -> float | str | None:
    """The best value where it is known which that is, else the last."""
    if key not in table:
        return None
    metric = table[key]
    return number_out(metric.last if aim is None else metric.max if aim.goal == "max" else metric.min)


def _aims(runs: Sequence[Run], keys: Sequence[str]) -> dict[str, Aim | None]:
    """Which way each metric is better: as the first project says that names it, else by its name."""
    declared: dict[str, Aim] = {}
    for directory in dict.fromkeys(run.directory for run in runs):
        try:
            metric = settings.find_project(directory).metric
        except (ConfigError, OSError):
            continue  # it was changed or removed since: its name is still something to go by
        declared.setdefault(metric.name, Aim(metric.goal, declared=True))
    return {key: declared.get(key) or guess(key) for key in keys}


def _equal(values: list[Any]) -> bool:
    return all(value == values[0] and type(value) is type(values[0]) for value in values)
