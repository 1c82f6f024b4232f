"""move: another place in the queue, among runs of the same priority."""

from __future__ import annotations

from typing import Any

from workbench.domain.run import Run
from workbench.domain.status import WAITING
from workbench.engine import seam
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import Refused, UsageError
from workbench.protocol.runs import run_out


async def move(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    where, _, reference = params.text("to").partition(" ")
    peers = _peers(engine, run)
    if where == "top":
        position = min((other.position for other in peers), default=run.position + 1) - 1
    elif where == "bottom":
        position = max((other.position for other in peers), default=run.position - 1) + 1
    elif where in ("before", "after") and reference:
        position = _beside(run, peers, await engine.find(reference), after=where == "after")
    else:
        raise UsageError("to must be: top, bottom, before RUN or after RUN")
    await engine.mind.command(seam.Move(run.id, position, peer.user))
    return {"run": run_out(await engine.find(run.id))}


def _peers(engine: Engine, run: Run) -> list[Run]:
    """The others that wait in the same priority, in order."""
    runs = engine.mind.state.runs.values()
    waiting = [other for other in runs if other.status.name in WAITING and other.id != run.id]
    return sorted((o for o in waiting if o.ask.priority == run.ask.priority), key=lambda other: other.position)


def _beside(run: Run, peers: list[Run], other: Run, *, after: bool) -> float:
    if other.id == run.id:
        return run.position
    if other not in peers:
        raise Refused(
            f"{other.name} does not wait in the same priority as {run.name}",
            hint="workbench edit changes a run's priority",
        )
    at = peers.index(other)
    neighbour = at + 1 if after else at - 1
    if 0 <= neighbour < len(peers):
        return (other.position + peers[neighbour].position) / 2
    return other.position + (1 if after else -1)
