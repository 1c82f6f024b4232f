"""An engine with its real mind, hands, history and socket, and machines in memory."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from workbench import paths
from workbench.client.stream import Engine as Client
from workbench.client.stream import connect
from workbench.domain.devices import USUAL, Rule
from workbench.domain.machines import LOCAL, Enrolled
from workbench.engine.blobs import Blobs
from workbench.engine.engine import Engine
from workbench.engine.environments import Environments
from workbench.engine.handlers import verbs
from workbench.engine.logs import Logs
from workbench.engine.snapshots import Snapshots
from workbench.engine.store import open_history
from workbench.engine.wheels import Wheels
from workbench.errors import HostKeyUnknown
from workbench.protocol import VERSION
from workbench.remote.connection import HostKey
from workbench.remote.machines.base import Machine
from workbench.remote.machines.fake import FakeHost
from workbench.remote.machines.ssh import Probe

PATIENCE = 30.0


class World:
    """The hosts that there are, by address, and whose keys are known."""

    here = Enrolled(LOCAL)

    def __init__(self, *hosts: FakeHost) -> None:
        self.hosts = {"": FakeHost(LOCAL), **{host.name: host for host in hosts}}
        self.trusted = {host.name for host in hosts}

    def __getitem__(self, name: str) -> FakeHost:
        return self.hosts[name]

    async def connect(self, machine: Enrolled) -> Machine:
        return await self.hosts[machine.address].connect()

    async def probe(self, machine: Enrolled) -> Probe:
        host = self.hosts[machine.address]
        if host.name not in self.trusted:
            raise HostKeyUnknown(
                f"{host.name} is new", host=host.name, port=22, type="ssh-ed25519", fingerprint=f"SHA256:{host.name}",
                key=f"ssh-ed25519 {host.name}",
            )  # fmt: skip
        connected = await host.connect()
        await connected.close()
        warnings = ("its disk is nearly full: make room",)
        return Probe(connected.host, warnings, 12.0, 0.0, "", HostKey("ssh-ed25519", f"SHA256:{host.name}"))

    def trust(self, host: str, port: int, key: str) -> None:
        self.trusted.add(host)

    def cut(self, name: str) -> None:
        """No packet comes through any more."""
        self.hosts[name].unreachable = True
        self.hosts[name].break_road("no route to host")

    def heal(self, name: str) -> None:
        self.hosts[name].unreachable = False


class Desk:
    """A client of the engine, with a project to submit from."""

    def __init__(self, engine: Client, project: Path) -> None:
        self.call = engine.call
        self.project = project

    async def submit(self, *steps: str, **options: Any) -> str:
        """A run of what a FakeHost can do, its words separated by spaces. Its id."""
        command = [word for step in steps for word in (*step.split(), ";")]
        reply = await self.call("submit", directory=str(self.project), command=command, params={}, **options)
        return str(reply["ids"][0])

    async def run(self, id: str) -> dict[str, Any]:
        return dict((await self.call("show", run=id))["run"])

    async def machine(self, name: str) -> dict[str, Any]:
        (machine,) = (await self.call("machines", name=name))["machines"]
        return dict(machine)

    async def until_run(self, id: str, status: str) -> dict[str, Any]:
        return await self._until(lambda: self.run(id), "status", status)

    async def until_machine(self, name: str, status: str) -> dict[str, Any]:
        return await self._until(lambda: self.machine(name), "status", status)

    async def _until(self, look: Callable[[], Awaitable[dict[str, Any]]], key: str, value: Any) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while (seen := await look())[key] != value:
            assert time.monotonic() < end, f"waited in vain until it is {value}: {seen}"
            await asyncio.sleep(0.01)
        return seen


def _put_on_path(bin: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What made-up hosts understand is taken for programs: a command that is nowhere is refused at submit."""
    bin.mkdir(exist_ok=True)
    for word in ("exit", "wait", "print", "metric"):
        (bin / word).touch(mode=0o700)
    monkeypatch.setenv("PATH", str(bin), prepend=os.pathsep)


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.01)


@asynccontextmanager
async def desk(place: Path, world: World, monkeypatch: pytest.MonkeyPatch, rule: Rule = USUAL) -> AsyncIterator[Desk]:
    """An engine on the history in `place`, new or taken up. Leaving this ends the engine, not the hosts."""
    monkeypatch.setenv("WORKBENCH_HOME", str(place / "h"))
    monkeypatch.setattr("workbench.engine.dispatcher.RETRY_FIRST", 0.02)
    monkeypatch.setattr("workbench.engine.dispatcher.RETRY_MOST", 0.05)
    project = place / "churn"
    project.mkdir(exist_ok=True)
    _put_on_path(place / "bin", monkeypatch)
    data = Path(paths.private(paths.data()))
    history = await open_history(str(data / "history.duckdb"))
    blobs = Blobs(str(data / "blobs"))
    environments = Environments(blobs, str(data / "locks"))
    hello = {"protocol": VERSION, "version": "9.9", "pid": 1, "started": 0}
    engine = Engine(
        history, str(data), blobs, Snapshots(blobs), environments, Wheels(str(data / "wheels")),
        Logs(str(data / "logs")), world, hello, rule=rule,
    )  # fmt: skip
    life = asyncio.create_task(engine.run(verbs(engine)), name="engine")
    await until(lambda: Path(paths.socket()).exists() or life.done())
    try:
        async with connect(paths.socket()) as client:
            yield Desk(client, project)
    finally:
        engine.stop()
        await life
