"""logs: a piece of what a run printed, by byte offset; waits for more if asked to.

Bytes that are no UTF-8 travel as lone surrogates (PEP 383), so that a client can give back exactly what was printed.
"""

from __future__ import annotations

import asyncio
from typing import Any

from workbench.domain.run import Run, attempt_of
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.seam import attempt_id
from workbench.engine.server import Peer
from workbench.protocol.runs import run_out

LIMIT = 1 << 20
"""Bytes in one answer at most: a MiB of anything fits a frame, escaped."""
LOOK = 0.05
"""Seconds between looks for more."""


async def logs(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    offset = params.whole("offset", 0)
    limit = min(params.whole("limit", LIMIT, least=0), LIMIT)
    loop = asyncio.get_running_loop()
    until = loop.time() + min(params.number("wait", 0.0), 60.0)
    while True:
        over = not run.live
        data, size = await _read(engine, run, max(offset, 0), limit if offset >= 0 else 0)
        if offset < 0:
            offset = max(0, size + offset)
            continue
        if data or over or loop.time() >= until:
            break
        await asyncio.sleep(LOOK)
        run = await engine.find(run.id) if engine.mind.live(run.id) is None else engine.mind.state.runs[run.id]
    return {
        "run": run_out(run),
        "offset": offset,
        "next": offset + len(data),
        "size": size,
        "text": data.decode("utf-8", "surrogateescape"),
        "over": over and offset + len(data) >= size,
    }


async def _read(engine: Engine, run: Run, offset: int, limit: int) -> tuple[bytes, int]:
    """Nothing, of nothing, while no attempt was started yet."""
    attempt = attempt_of(run.status)
    if attempt is None:
        return b"", 0
    return await engine.dispatcher.read_log(attempt.machine, attempt_id(run.id, attempt.number), offset, limit)
