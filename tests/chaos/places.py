"""Machines for a bad day, and what can be done to each.

Whole ones in namespaces where the kernel lets us make them, else sshds on loopback behind wires.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.bench import Bench
from tests.remote import lab, sshds
from tests.remote.fleet import Fleet, SshSite, Wire
from tests.remote.lab import Lab, LabMachine
from tests.remote.site import LocalSite
from workbench.remote import hostkeys
from workbench.remote.agent import processes

Act = Callable[[], Awaitable[None]]


@dataclass(frozen=True)
class Blow:
    strike: Act
    heal: Act | None = None
    """What makes it whole again, where that does not come of itself."""


@dataclass(frozen=True)
class Place:
    """One machine."""

    name: str
    address: str
    root: str
    blows: Mapping[str, Blow]
    busy: Callable[[], list[int]]
    """Its processes, but for its sshd."""
    hand: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while something is done to it."""


@asynccontextmanager
async def world(directory: Path, machines: int) -> AsyncIterator[tuple[Bench, list[Place]]]:
    """An engine's home, and machines that it may be told of; all gone at the end."""
    make = _on_loopback if lab.obstacle() else _in_namespaces
    async with make(directory, machines) as (bench, places):
        try:
            yield bench, places
        finally:
            await asyncio.to_thread(bench.clean_up)


@asynccontextmanager
async def _in_namespaces(directory: Path, machines: int) -> AsyncIterator[tuple[Bench, list[Place]]]:
    with lab.lab(directory / "f") as net:
        bench = Bench(directory)
        bench.prefix = net.laptop
        bench.environment["HOME"] = str(net.home)
        yield bench, [_whole(net, bench) for _ in range(machines)]


def _whole(net: Lab, bench: Bench) -> Place:
    machine = net.machine()
    _vouch(bench, machine.address, 22, machine.host_key)
    blows = {
        "partition": Blow(_aside(machine.unplug), _aside(machine.plug)),
        "down": Blow(_aside(machine.stop_sshd), _aside(machine.start_sshd)),
        "sshd": Blow(_aside(machine.kill_sessions)),
        "agent": Blow(_aside(machine.kill_agents)),
        "reboot": Blow(_aside(machine.cut_power), _aside(machine.boot)),
        "fill": Blow(_aside(machine.fill), _aside(machine.make_room)),
    }
    return Place(machine.name, machine.address, "", blows, lambda: _but_sshd(machine))


def _but_sshd(machine: LabMachine) -> list[int]:
    return [process.pid for process in machine.processes() if not sshds.is_one(process.pid)]


@asynccontextmanager
async def _on_loopback(directory: Path, machines: int) -> AsyncIterator[tuple[Bench, list[Place]]]:
    sent = directory / "sent"
    sent.mkdir()
    async with contextlib.AsyncExitStack() as stack:
        fleet = Fleet(directory / "f", sent, stack.enter_context(pytest.MonkeyPatch.context()))
        stack.callback(fleet.close)
        bench = Bench(directory)
        bench.environment["HOME"] = str(fleet.home)
        places = []
        for number in range(1, machines + 1):
            site = fleet.machine()
            wire = await stack.enter_async_context(Wire(site.sshd.port))
            _vouch(bench, "127.0.0.1", wire.port, site.sshd.host_key.with_suffix(".pub").read_text())
            places.append(_behind(wire, site, f"m{number}"))
        yield bench, places


def _behind(wire: Wire, site: SshSite, name: str) -> Place:
    def up() -> None:
        if site.sshd.process is None:
            site.sshd.start()

    blows = {
        "partition": Blow(_now(wire.partition), _now(wire.heal)),
        "cut": Blow(_now(wire.cut)),
        "down": Blow(_aside(site.sshd.stop), _aside(up)),
        "sshd": Blow(_aside(site.sshd.kill_sessions)),
        "agent": Blow(_aside(lambda: LocalSite.break_road(site))),
    }
    return Place(name, f"127.0.0.1:{wire.port}", str(site.root), blows, lambda: _of(site))


def _of(site: SshSite) -> list[int]:
    sshds = {process.pid for process in site.sshd.sessions()}
    living = {pid: process for pid, process in processes.everyone().items() if not process.dead and pid not in sshds}
    return list(processes.marked(living, f"HOME={site.sshd.home}".encode()))


def _vouch(bench: Bench, host: str, port: int, key: str) -> None:
    """Have the bench's engine trust this host key."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", bench.environment["WORKBENCH_HOME"])
        hostkeys.trust(host, port, key)


def _aside(act: Callable[[], None]) -> Act:
    """In a thread: it waits for processes."""
    return lambda: asyncio.to_thread(act)


def _now(act: Callable[[], None]) -> Act:
    """In the event loop, to which it belongs."""

    async def acted() -> None:
        act()

    return acted
