"""An engine whose runs tell of new values all the time, for a screen to keep up with.

    busy_engine.py SOCKET CELLS SECONDS

Sixty runs have gone on for days, so that no clock of theirs moves; CELLS of them have another loss every SECONDS.
"""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.screens.fake_engine import FakeEngine, serving
from tests.screens.made_up import World, attempt, machine, run
from workbench.domain.status import Running
from workbench.domain.time import SECOND

RUNS = 60


async def main(socket: str, cells: int, seconds: float) -> None:
    world = World(machines=[machine("gpu3")])
    began = time.time_ns() // 1000 - 30 * 86_400 * SECOND
    for seq in range(1, RUNS + 1):
        one = run(seq, f"heron-{seq:02d}", Running(attempt(), began), lr=0.1)
        world.put(one)
        world.curves[one.id] = {"loss": [0.5]}
    async with serving(world, socket) as engine:
        await _change(engine, [run.id for run in world.ordered()[:cells]], seconds)


async def _change(engine: FakeEngine, ids: list[str], seconds: float) -> None:
    tick = 0
    while True:
        tick += 1
        values = {id: {"loss": 0.1 + (tick * 7 + place) % 89 / 100} for place, id in enumerate(ids)}
        await engine.tell("metrics", {"runs": values})
        await asyncio.sleep(seconds)


asyncio.run(main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3])))
