"""pull: a piece of an artifact that is in store."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from typing import Any

from workbench.domain.run import Run, attempt_of
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.seam import attempt_id
from workbench.engine.server import Peer
from workbench.engine.store.interface import Artifact
from workbench.errors import NotFound, Refused, WorkbenchError

LIMIT = 4 << 20
"""Bytes in one answer at most: in base64 they fit a frame."""


async def pull(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    name = params.text("name")
    offset = params.whole("offset", 0, least=0)
    limit = min(params.whole("limit", LIMIT, least=0), LIMIT)
    artifact = await engine.history.artifact(run.id, name)
    if artifact is None or not await asyncio.to_thread(engine.blobs.has, artifact.sha256):
        raise await _absent(engine, run, name, artifact)
    data = await asyncio.to_thread(engine.blobs.read, artifact.sha256, offset, limit)
    return {
        "name": artifact.name,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "offset": offset,
        "data": b64encode(data).decode("ascii"),
    }


async def _absent(engine: Engine, run: Run, name: str, artifact: Artifact | None) -> WorkbenchError:
    reason = await collecting(engine, run, expected=True)
    if artifact is None:
        hint = reason["text"] if reason else f"`workbench pull {run.name} --list` has those that there are"
        return NotFound(f"{run.name} has no artifact {name!r}", hint=hint)
    hint = reason["text"] if reason else "the run told of it, and it was not there when the run was over"
    return Refused(f"{name} of {run.name} is not in store", hint=hint)


async def collecting(engine: Engine, run: Run, *, expected: bool) -> dict[str, Any] | None:
    """{text, moving}: why something that the run leaves may not be in store yet, and whether it is on its way.

    expected: something is missing, as far as one can know here. None where all that there is is in store."""
    attempt = attempt_of(run.status)
    if run.live:
        text = f"{run.name} is {run.status.name}: what it leaves is collected when it is over"
        return {"text": text, "moving": False} if expected else None
    if attempt is None:
        return None
    trouble = engine.artifacts.under_way.get(attempt_id(run.id, attempt.number))
    if not expected and not trouble:
        return None
    road = engine.dispatcher.roads.get(attempt.machine)
    if road is None:
        return {"text": f"{attempt.machine} is no machine of the workbench any more", "moving": False}
    if road.trip is None:
        return {"text": f"{attempt.machine} can't be reached: {road.reason}", "moving": False}
    if trouble is None and road.trip.searched:
        return None
    return {"text": trouble or f"being collected from {attempt.machine}", "moving": not trouble}


async def listed(engine: Engine, run: Run) -> list[dict[str, Any]]:
    """The run's artifacts, each with whether it is in store."""
    artifacts = await engine.history.artifacts(run.id)

    def look() -> list[dict[str, Any]]:
        return [_out(artifact, engine.blobs.has(artifact.sha256)) for artifact in artifacts]

    return await asyncio.to_thread(look)


def _out(artifact: Artifact, stored: bool) -> dict[str, Any]:
    return {
        "name": artifact.name,
        "path": artifact.path,
        "size": artifact.size,
        "sha256": artifact.sha256,
        "stored": stored,
    }
