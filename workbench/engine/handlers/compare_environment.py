"""compare_environment: the packages of two runs' locked environments that differ."""

from __future__ import annotations

import asyncio
from typing import Any

from workbench.domain.run import Run
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.packages import differences, pinned
from workbench.engine.server import Peer


async def compare_environment(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    before, after = await engine.find(params.text("base")), await engine.find(params.text("run"))
    locks = [await asyncio.to_thread(_pinned, engine, run) for run in (before, after)]
    differing = differences(*locks)
    replaced = sum(old is not None and new is not None for _, old, new in differing)
    return {
        "base": _environment(before),
        "run": _environment(after),
        "packages": [{"name": name, "base": old, "run": new} for name, old, new in differing],
        "same": len(locks[0].keys() & locks[1].keys()) - replaced,
    }


def _pinned(engine: Engine, run: Run) -> dict[str, str]:
    """Nothing for a run on the machine's own PATH: what is there, nobody has locked."""
    lock = run.environment.lock
    return pinned(engine.blobs.get(lock).decode("utf-8", "replace")) if lock else {}


def _environment(run: Run) -> dict[str, Any]:
    environment = run.environment
    return {"id": environment.id, "python": environment.python, "origin": environment.origin}
