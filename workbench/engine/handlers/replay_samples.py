"""replay_samples: what a machine was seen to do, sample by sample, no two of them closer than one cares for."""

from __future__ import annotations

from typing import Any

from workbench.domain.time import SECOND
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import UsageError

MOST = 1000
"""Stretches in one answer."""


async def replay_samples(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    machine = engine.fleet[params.text("machine")].name
    since, until = params.whole("since", least=0), params.whole("until", least=0)
    every = params.whole("every", 10 * SECOND, least=1)
    if (until - since) // every > MOST:
        raise UsageError(f"that is more than {MOST:,} samples", hint="ask for a shorter time, or a longer `every`")
    found = await engine.history.sampled(machine, since, until, every)
    return {"machine": machine, "samples": [{**body, "at": at} for at, body in found]}
