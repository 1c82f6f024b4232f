"""logs_find: one step of a search through what a run printed, done where the log lies.

Whoever asks goes on from `next` until he has what he wants, and stops by asking no more.
"""

from __future__ import annotations

from typing import Any

from workbench.domain.run import attempt_of
from workbench.domain.search import TROUBLE, query
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.seam import attempt_id
from workbench.engine.server import Peer
from workbench.errors import UsageError


async def logs_find(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    wanted = TROUBLE if params.flag("trouble") else query(params.text("pattern"), params.flag("invert"))
    offset = params.whole("offset", least=0)
    attempt = attempt_of(run.status)
    if attempt is None:
        return {"hits": [], "next": 0, "size": 0, "done": True}
    found = await engine.dispatcher.find_log(
        attempt.machine,
        attempt_id(run.id, attempt.number),
        wanted,
        offset,
        params.flag("back"),
        params.whole("count", 1, least=1),
    )
    if found.stuck:
        raise UsageError(
            f"the pattern takes too long on what lies at byte {found.next:,}",
            hint="a repeat within a repeat, like (a+)+, never comes to an end on some lines",
        )
    hits = [list(hit) for hit in found.hits]
    return {"hits": hits, "next": found.next, "size": found.size, "done": found.done}
