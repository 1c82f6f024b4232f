"""hold and release: keep a waiting run from starting, and let it go again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.domain.status import WAITING
from workbench.engine import seam
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import Refused
from workbench.protocol.runs import run_out


async def hold(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    return await _each(engine, peer, params, seam.Hold)


async def release(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    return await _each(engine, peer, params, seam.Release)


async def _each(
    engine: Engine, peer: Peer, params: Params, command: Callable[[str, str], seam.Hold | seam.Release]
) -> dict[str, Any]:
    found = [await engine.find(reference) for reference in params.texts("runs")]
    for run in found:  # all or none
        if run.status.name not in WAITING:
            hint = "" if run.live else f"workbench rerun {run.name} makes a new run of it"
            raise Refused(f"{run.name} is {run.status.name}: only a run that waits can be held or released", hint=hint)
    for run in found:
        await engine.mind.command(command(run.id, peer.user))
    return {"runs": [run_out(await engine.find(run.id)) for run in found]}
