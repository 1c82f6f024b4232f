"""What a run needs before it can start on a machine: its code and its environment, each brought there once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from workbench.domain.params import fill
from workbench.domain.run import Environment, Run, attempt_of
from workbench.engine.blobs import Blobs
from workbench.engine.road import Trip
from workbench.engine.seam import attempt_id
from workbench.engine.snapshots import Snapshots
from workbench.engine.wheels import Wheels
from workbench.remote.machines import base

Progress = Callable[[Iterable[str], str], None]
"""(runs, what is done for them now): for whoever watches."""


class Supplies:
    def __init__(self, blobs: Blobs, snapshots: Snapshots, wheels: Wheels, progress: Progress) -> None:
        self._blobs = blobs
        self._snapshots = snapshots
        self._wheels = wheels
        self._progress = progress

    async def bring(self, trip: Trip, run: Run) -> None:
        """Returns once code and environment are there. Raises MachineError, BuildError where uv refuses."""
        code, environment = run.code.snapshot, run.environment
        await trip.stock.have(code, lambda: self._send(trip.machine, code, run.id))
        if environment.id:
            await trip.stock.have(environment.id, lambda: self._build(trip.machine, environment, run.id))

    async def _send(self, machine: base.Machine, snapshot: str, run: str) -> None:
        self._progress([run], f"sending the code to {machine.name}")
        tree = await asyncio.to_thread(self._snapshots.tree, snapshot)
        await machine.send(snapshot, tree, self._read)

    async def _build(self, machine: base.Machine, environment: Environment, run: str) -> None:
        self._progress([run], f"building the environment on {machine.name}")
        locked = (await self._read(environment.lock)).decode()
        build = base.Build(environment.id, locked, environment.python)
        await self._wheels.build(machine, build, lambda line: self._progress([run], line))

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
