"""What a run needs before it can start on a machine: its code and its environment, each brought there once."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from workbench.domain.params import fill
from workbench.domain.progress import Progress
from workbench.domain.run import Environment, Run, attempt_of
from workbench.engine.blobs import Blobs
from workbench.engine.road import Tell, Trip
from workbench.engine.seam import attempt_id
from workbench.engine.snapshots import Snapshots
from workbench.engine.wheels import Wheels
from workbench.remote.machines import base
from workbench.remote.machines.base import Say


class Supplies:
    def __init__(self, blobs: Blobs, snapshots: Snapshots, wheels: Wheels, tell: Tell) -> None:
        self._blobs = blobs
        self._snapshots = snapshots
        self._wheels = wheels
        self._tell = tell

    async def bring(self, trip: Trip, lane: Sequence[Run]) -> None:
        """Returns once their code and environments are there. Raises MachineError, BuildError where uv refuses."""
        for run in lane:
            await self._bring(trip, run)

    async def _bring(self, trip: Trip, run: Run) -> None:
        code, environment = run.code.snapshot, run.environment
        await trip.stock.have(code, run.id, lambda say: self._send(trip.machine, code, say), self._tell)
        if environment.id:
            await trip.stock.have(
                environment.id, run.id, lambda say: self._build(trip.machine, environment, say), self._tell
            )

    async def _send(self, machine: base.Machine, snapshot: str, say: Say) -> None:
        say(Progress("sending the code"))
        tree = await asyncio.to_thread(self._snapshots.tree, snapshot)
        await machine.send(snapshot, tree, self._read, say)

    async def _build(self, machine: base.Machine, environment: Environment, say: Say) -> None:
        locked = (await self._read(environment.lock)).decode()
        build = base.Build(environment.id, locked, environment.python)
        await self._wheels.build(machine, build, say)

    async def _read(self, sha: str) -> bytes:
        return await asyncio.to_thread(self._blobs.get, sha)


def spec(run: Run) -> base.Spec:
    """Its attempt, as the machine is told of it."""
    attempt = attempt_of(run.status)
    assert attempt is not None
    return base.Spec(
        attempt=attempt_id(run.id, attempt.number),
        argv=tuple(fill(run.ask.command, run.ask.params)),
        snapshot=run.code.snapshot,
        workdir=run.workdir,
        environment=run.environment.id,
        params=run.ask.params,
        variables=run.variables,
        outputs=run.outputs,
        links=run.links,
        devices=attempt.share.devices,
        cpus=run.ask.need.cpus,
        memory=run.ask.need.memory,
        time_limit=run.ask.time_limit,
    )
