"""rerun: a new run of the same code, environment, params and resources."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.domain.status import Held, Queued
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.handlers.submit import admit, summary
from workbench.engine.mind import now
from workbench.engine.minting import mint
from workbench.engine.server import Peer


async def rerun(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    old = await engine.find(params.text("run"))
    (id,) = await mint(engine.history, 1)
    (seq,) = engine.mint_seqs(1)
    base = old.name.removesuffix(f"-{old.seq}")
    at = now()
    run = replace(
        old,
        id=id,
        seq=seq,
        name=f"{base}-{seq}",
        user=peer.user,
        submitted=at,
        ask=replace(old.ask, after=()),
        position=float(seq),
        status=Held(at, f"by {peer.user}") if params.flag("hold") else Queued(at),
        sweep="",
        rerun_of=old.id,
        attempts=0,
        retried=0,
    )
    await admit(engine, [run], frozenset(), peer.user)
    return summary([run])
