"""notify: tell whoever asks when a run is over, or no more."""

from __future__ import annotations

from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import Refused, UsageError
from workbench.protocol.runs import run_out


async def notify(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    """All of the runs, or none."""
    runs = [await engine.find(reference) for reference in params.texts("runs")]
    if not runs:
        raise UsageError("there are no runs to hear of")
    off = params.flag("off")
    if off:
        await engine.notices.forget(runs)
    else:
        for run in runs:
            if not run.live:
                raise Refused(f"{run.name} is {run.status.name}: there is nothing left to hear of")
        await engine.notices.ask(runs, peer.user)
        now = [await engine.find(run.id) for run in runs]
        engine.notices.recall({}, [run for run in now if not run.live])  # over since we looked
    return {"runs": [run_out(run) for run in runs], "wanted": not off}
