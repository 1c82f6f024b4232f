"""edit: change what a waiting run asks for. Its code and environment stay what they were at submit."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

from workbench.domain.names import check_tag
from workbench.domain.params import check_command, check_param, fill
from workbench.domain.resources import PRIORITY, RETRIES, Need
from workbench.domain.run import Ask
from workbench.domain.status import WAITING
from workbench.engine import seam
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.handlers.submit import check_fits, check_program
from workbench.engine.server import Peer
from workbench.errors import Refused
from workbench.protocol.runs import run_out

NEED = ("cpus", "memory", "gpus", "gpu_memory", "machine", "labels")
KNOWN = frozenset(("command", "params", *NEED, "time_limit", "priority", "retries", "tags"))


async def edit(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    run = await engine.find(params.text("run"))
    if run.status.name not in WAITING:
        raise Refused(f"{run.name} is {run.status.name}; only a run that waits can be edited")
    ask = _edited(run.ask, Params(params.table("ask")))
    fill(ask.command, ask.params)
    await check_fits(engine, ask.need)
    edited = replace(run, ask=ask)
    if (ask.command, ask.need.machine) != (run.ask.command, run.ask.need.machine):
        check_program(engine, edited, await asyncio.to_thread(engine.snapshots.tree, run.code.snapshot))
    await engine.mind.command(seam.Edit(edited, peer.user))
    return {"run": run_out(await engine.find(run.id))}


def _edited(ask: Ask, changes: Params) -> Ask:
    changes.refuse_others(KNOWN)
    params = changes.table("params", dict(ask.params))
    for key, value in params.items():
        check_param(key, value)
    return replace(
        ask,
        command=check_command(changes.texts("command", list(ask.command))),
        params=params,
        need=Need(
            cpus=changes.whole("cpus", ask.need.cpus, least=1),
            memory=changes.whole("memory", ask.need.memory, least=0),
            gpus=changes.whole("gpus", ask.need.gpus, least=0),
            gpu_memory=changes.whole("gpu_memory", ask.need.gpu_memory, least=0),
            machine=changes.text("machine", ask.need.machine),
            labels=tuple(sorted(set(changes.texts("labels", list(ask.need.labels))))),
        ),
        time_limit=changes.number("time_limit", ask.time_limit or 0.0) or None,
        priority=changes.whole("priority", ask.priority, least=-PRIORITY, most=PRIORITY),
        retries=changes.whole("retries", ask.retries, least=0, most=RETRIES),
        tags=tuple(map(check_tag, changes.texts("tags", list(ask.tags)))),
    )
