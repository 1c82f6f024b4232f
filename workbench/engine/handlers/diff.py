"""diff: the uncommitted changes that a run was submitted with."""

from __future__ import annotations

import asyncio
from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer

MOST = 2 * 1024 * 1024
"""Bytes of a diff in one answer."""


async def diff(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    if not run.code.diff:
        return {"text": ""}
    data = await asyncio.to_thread(engine.blobs.get, run.code.diff)
    return {"text": data[:MOST].decode("utf-8", "replace")}
