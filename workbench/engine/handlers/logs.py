"""logs: a piece of what a run printed, by byte offset; waits for more if asked to.

Who waits is told: the machine pushes what is printed while somebody waits for it, and nobody asks it again and again.

Bytes that are no UTF-8 travel as lone surrogates (PEP 383), so that a client can give back exactly what was printed.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from workbench.domain.run import Run, attempt_of
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.seam import attempt_id
from workbench.engine.server import Peer
from workbench.protocol.runs import run_out

LIMIT = 1 << 20
"""Bytes in one answer at most: a MiB of anything fits a frame, escaped."""
LOOK = 0.1
"""Seconds between looks whether a run that waits is on a machine by now."""

Piece = tuple[bytes, int]
"""Bytes of the log, and its size as far as it is known."""


async def logs(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    offset = params.whole("offset", 0)
    limit = min(params.whole("limit", LIMIT, least=0), LIMIT)
    wait = min(params.number("wait", 0.0), 60.0)
    if offset < 0:
        offset = max(0, (await _read(engine, run, 0, 0))[1] + offset)
    data, size = await _told(engine, run, offset, limit, wait) if wait and run.live else (b"", offset)
    run = engine.mind.live(run.id) or run
    if not data and not (wait and engine.mind.live(run.id)):
        run = await engine.find(run.id)  # before it is read: of one that is over, that is then all there is
        data, size = await _read(engine, run, offset, limit)
    return {
        "run": run_out(run),
        "offset": offset,
        "next": offset + len(data),
        "size": size,
        "text": data.decode("utf-8", "surrogateescape"),
        "over": not run.live and offset + len(data) >= size,
    }


async def _told(engine: Engine, run: Run, offset: int, limit: int, seconds: float) -> Piece:
    """What lies at `offset`, as soon as the machine tells it; nothing where the time or the run is over before."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (now := engine.mind.live(run.id)) is not None:
                attempt = attempt_of(now.status)
                if attempt is None:
                    await asyncio.sleep(LOOK)
                    continue
                name = attempt_id(run.id, attempt.number)
                with await engine.dispatcher.follow(attempt.machine, name, offset) as tail:
                    await tail.grown(offset)
                    data = tail.read(offset, limit)
                if data is None:  # it lies further back than what is told
                    return await _read(engine, now, offset, limit)
                if data or not limit:
                    return data, tail.end
    return b"", offset


async def _read(engine: Engine, run: Run, offset: int, limit: int) -> Piece:
    """Nothing, of nothing, while no attempt was started yet."""
    attempt = attempt_of(run.status)
    if attempt is None:
        return b"", 0
    return await engine.dispatcher.read_log(attempt.machine, attempt_id(run.id, attempt.number), offset, limit)
