"""replay: what happened to runs between two moments, in the order in which it was written."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer

MOST = 2000
"""Events in one answer."""


async def replay(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    since, until = params.whole("since", least=0), params.whole("until", least=0)
    limit = min(params.whole("limit", MOST, least=1), MOST)
    found = await engine.history.happened(since, until, params.whole("after", 0, least=0), limit)
    return {"events": [asdict(event) for event in found], "next": found[-1].seq if len(found) == limit else None}
