"""machines_drain and machines_resume: give a machine nothing new, and give it work again."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workbench.engine import seam
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer


async def machines_drain(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    """What runs there finishes."""
    machine = engine.fleet[params.text("name")]
    await engine.fleet.change(replace(machine, draining=True))
    return {"machine": engine.machine_view(machine.name)}


async def machines_resume(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    """Nothing is held against it any more, and the road is tried again if it is down."""
    machine = engine.fleet[params.text("name")]
    await engine.fleet.change(replace(machine, draining=False))
    await engine.mind.command(seam.Trust(machine.name))
    engine.dispatcher.retry(machine.name)
    return {"machine": engine.machine_view(machine.name)}
