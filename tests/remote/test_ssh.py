"""The road to a machine over SSH: what breaks it, what survives, and what a login shell may do to it."""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tests import parts
from tests.remote.fleet import Fleet, SshSite, Wire
from tests.remote.site import Ear, eventually, logged, spec
from tests.remote.test_host import oldest
from workbench.errors import Unreachable
from workbench.remote import connection, install
from workbench.remote.connection import Connection, Destination
from workbench.remote.machines import ssh
from workbench.remote.machines.base import Disconnected, Exited, Output, Started

METRICS = b'{"loss": 1}\n{"loss": 2}\n'


def job(site: SshSite) -> tuple[str, ...]:
    """Prints and measures, waits until somebody writes to `go`, then does so again and exits with 7."""
    os.mkfifo(site.root / "go")
    script = (
        'echo one; echo \'{"loss": 1}\' >> "$WORKBENCH_METRICS"; read x < ../../../go; '
        'echo two; echo \'{"loss": 2}\' >> "$WORKBENCH_METRICS"; exit 7'
    )
    return ("sh", "-c", script)


def metrics(*ears: Ear) -> bytes:
    """What was told, put together; no byte twice, none left out."""
    told = b""
    for event in (event for ear in ears for event in ear.heard if isinstance(event, Output)):
        assert event.offset == len(told)
        told += event.data
    return told


async def adopt(site: SshSite, first: Ear, destination: Destination | None = None) -> None:
    """Connect again after `first` has broken off; hear the rest."""
    second = Ear(await site.connect(destination))
    await second.machine.watch({"a.1": len(metrics(first))})
    await asyncio.to_thread((site.root / "go").write_text, "x\n")
    end = await second.end_of("a.1")
    assert isinstance(end, Exited)
    assert end.exit.code == 7
    assert metrics(first, second) == METRICS
    assert await second.machine.read("a.1", "log", 0, 100) == (b"one\ntwo\n", 8)
    await second.close()


async def broken(ear: Ear) -> str:
    await ear.until(lambda heard: bool(heard) and isinstance(heard[-1], Disconnected))
    last = ear.heard[-1]
    assert isinstance(last, Disconnected)
    return last.why


async def test_sshd_is_killed_and_the_run_goes_on(fleet: Fleet) -> None:
    site = fleet.machine()
    ear = Ear(await site.connect())
    await ear.machine.start([spec("a.1", job(site))])
    await ear.hear(Output, "a.1")
    site.sshd.stop()
    await broken(ear)
    with pytest.raises(Unreachable):
        await site.connect()
    await ear.close()
    site.sshd.start()
    await adopt(site, ear)


async def test_a_partition_is_noticed_and_the_run_goes_on(fleet: Fleet) -> None:
    site = fleet.machine()
    async with Wire(site.sshd.port) as wire:
        destination = replace(site.destination, address=f"127.0.0.1:{wire.port}", keepalive=0.1)
        site.vouch_at(wire.port)
        ear = Ear(await site.connect(destination))
        await ear.machine.start([spec("a.1", job(site))])
        await ear.hear(Output, "a.1")
        wire.partition()
        waiting = asyncio.create_task(ear.machine.leftovers())
        assert "keepalive" in await broken(ear)
        with pytest.raises(Unreachable):
            await waiting
        await ear.close()
        wire.heal()
        await adopt(site, ear, destination)
    await asyncio.to_thread(eventually, lambda: not site.agents())


async def test_an_agent_at_a_dead_end_goes_and_its_run_goes_on(fleet: Fleet) -> None:
    site = fleet.machine()
    async with Wire(site.sshd.port) as wire:
        site.vouch_at(wire.port)
        ear = Ear(await site.connect(Destination(f"127.0.0.1:{wire.port}", str(site.root), patience=5.0)))
        await ear.machine.start([spec("a.1", site.argv(("wait",)))])
        await ear.hear(Started, "a.1")
        wire.partition()
        await asyncio.to_thread(eventually, lambda: not site.agents())
        assert len(site.supervisors()) == 1
        wire.cut()
        await ear.close()
    again = Ear(await site.connect())
    await again.machine.watch({"a.1": 0})
    await again.hear(Started, "a.1")
    await again.machine.cancel("a.1")
    assert isinstance(await again.end_of("a.1"), Exited)
    await again.close()


async def test_a_road_that_is_cut(fleet: Fleet) -> None:
    site = fleet.machine()
    async with Wire(site.sshd.port) as wire:
        destination = replace(site.destination, address=f"127.0.0.1:{wire.port}")
        site.vouch_at(wire.port)
        ear = Ear(await site.connect(destination))
        wire.cut()
        await broken(ear)
        with pytest.raises(Unreachable):
            await ear.machine.leftovers()
        await ear.close()


async def test_a_partition_while_shaking_hands(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_LOGIN", 0.1)
    site = fleet.machine()
    async with Wire(site.sshd.port) as wire:
        wire.partition()
        with pytest.raises(Unreachable, match="does not answer"):
            await site.connect(replace(site.destination, address=f"127.0.0.1:{wire.port}"))


async def test_nobody_is_there(fleet: Fleet) -> None:
    for address, words in (("127.0.0.1:1", "Connection refused"), ("nowhere.invalid", "has no address")):
        with pytest.raises(Unreachable, match=words):
            await ssh.connect(Destination(address), "far")


async def test_no_session_is_allowed(fleet: Fleet) -> None:
    site = fleet.machine(MaxSessions="0")
    with pytest.raises(Unreachable, match="opens no session") as caught:
        await site.connect()
    assert "MaxSessions" in caught.value.hint


async def test_one_session_is_enough_for_a_hundred_runs(fleet: Fleet) -> None:
    """What sshd allows by default is ten: probing, installing, sending and starting never hold more than one."""
    site = fleet.machine(MaxSessions="1")
    ear = Ear(await site.connect())
    await asyncio.gather(*(ear.machine.start([spec(f"a{number}.1", ("true",))]) for number in range(100)))
    for number in range(100):
        assert isinstance(await ear.end_of(f"a{number}.1"), Exited)
    await ear.close()


async def test_a_road_that_broke_before_it_was_used(fleet: Fleet) -> None:
    site = fleet.machine()
    road = await Connection.open(site.destination)
    site.sshd.stop()
    with pytest.raises(Unreachable, match="broke"):
        await road.start("true")
    with pytest.raises(Unreachable, match="broke"):
        await road.start("true")
    await road.close()


async def test_an_agent_that_does_not_answer(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ssh, "_GREETING", 0.0)
    site = fleet.machine()
    with pytest.raises(Unreachable, match="does not answer"):
        await site.connect()
    await asyncio.to_thread(eventually, lambda: not site.sshd.sessions())


async def test_a_crowd_is_let_through_a_few_at_a_time(fleet: Fleet) -> None:
    site = fleet.machine(MaxStartups="10:100:10")
    roads = await asyncio.gather(*(Connection.open(site.destination) for _ in range(20)))
    await asyncio.gather(*(road.close() for road in roads))


async def test_an_agent_that_is_killed(fleet: Fleet) -> None:
    site = fleet.machine()
    ear = Ear(await site.connect())
    [agent] = site.agents()
    os.kill(agent.pid, 9)
    assert await broken(ear) == "the connection ended"
    await ear.close()
    await asyncio.to_thread(eventually, lambda: not site.sshd.sessions())


CORPUS = (
    "",
    " ",
    "a b",
    "'",
    '"',
    "\\",
    "$HOME",
    "`id`",
    "!!",
    "*",
    "~",
    "-n",
    "a\nb",
    "\t",
    ";#&|<>(){}[]^%",
    "é✓",
    "\udcff",
)

BANNERS = {
    "bash": (".bashrc", "echo Welcome; echo to bash >&2\n"),
    "dash": (".profile", "echo Welcome\n"),
    "fish": (".config/fish/config.fish", "echo Welcome; echo to fish >&2\n"),
    "tcsh": (".tcshrc", 'echo "Welcome to tcsh"\n'),
    "zsh": (".zshenv", "echo Welcome; echo to zsh >&2\n"),
}


@pytest.mark.parametrize("shell", BANNERS)
async def test_login_shells(fleet: Fleet, shell: str) -> None:
    site = fleet.machine(shell=shell)
    path, text = BANNERS[shell]
    (site.sshd.home / path).parent.mkdir(parents=True, exist_ok=True)
    (site.sshd.home / path).write_text(text)
    ear = Ear(await site.connect())
    show = "import os, sys; [sys.stdout.buffer.write(os.fsencode(word) + b'\\0') for word in sys.argv[1:]]"
    await ear.machine.start([spec("a.1", (sys.executable, "-c", show, *CORPUS))])
    await ear.end_of("a.1")
    log, _ = await ear.machine.read("a.1", "log", 0, 10_000)
    assert log == b"".join(os.fsencode(word) + b"\0" for word in CORPUS)
    await ear.close()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("echo This account is not available; exit 1", "This account is not available"),
        ("echo This account is not available >&2; exit 1", "This account is not available"),
        ("exit 1", "no agent can be started"),
        ("yes", "no agent can be started"),
    ],
)
async def test_a_login_that_leads_to_no_shell(fleet: Fleet, command: str, words: str) -> None:
    site = fleet.machine(ForceCommand=command)
    with pytest.raises(Unreachable, match=words):
        await site.connect()
    await asyncio.to_thread(eventually, lambda: not site.sshd.sessions())


async def test_a_login_that_waits_for_ever(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(install, "_PATIENCE", 0.1)
    site = fleet.machine(ForceCommand="read x; read x; read x")
    with pytest.raises(Unreachable, match="answers nothing"):
        await site.connect()


async def test_there_is_no_python(fleet: Fleet, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to(parts.command("sh"))
    old = tmp_path / "bin" / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")
    old.chmod(0o755)
    site = fleet.machine(ForceCommand=f'export PATH={tmp_path}/bin; exec sh -c "$SSH_ORIGINAL_COMMAND"')
    with pytest.raises(Unreachable, match=r"no Python 3\.8"):
        await site.connect()
    old.unlink()
    (tmp_path / "bin" / "python3.9").symlink_to(oldest() or sys.executable)
    await (await site.connect()).close()


async def test_a_look_at_a_machine(fleet: Fleet) -> None:
    site = fleet.machine()
    seen = await ssh.probe(site.destination, "far")
    assert seen.host.root == str(site.root)
    assert seen.host.capacity.cpus >= 1
    assert seen.host_key.fingerprint.startswith("SHA256:")
    assert seen.round_trip > 0
    assert not any("clock" in warning for warning in seen.warnings)
    await asyncio.to_thread(eventually, lambda: not site.agents())


def test_warnings_of_a_look() -> None:
    assert ssh._warnings(install.Arrival("/uv", 0.5, ""), 0.5) == []
    clock, uv = ssh._warnings(install.Arrival("", -7200.0, ""), -7200.0)
    assert clock.startswith("its clock is 7200 s behind ours")
    assert "uv" in uv


async def test_where_no_root_is_given(fleet: Fleet) -> None:
    site = fleet.machine()
    machine = await ssh.connect(replace(site.destination, root=""), "far")
    assert machine.host.root == str(site.sshd.home / ".local/state/workbench/machine")
    assert (site.sshd.home / ".local/state/workbench/machine/agent.log").read_bytes() == b""
    await machine.close()


async def test_a_run_has_no_tie_to_the_login(fleet: Fleet) -> None:
    """Neither its session nor its streams, and files are made with the user's umask."""
    site = fleet.machine()
    ear = Ear(await site.connect())
    umask = os.umask(0o022)
    os.umask(umask)
    await ear.machine.start([spec("a.1", ("sh", "-c", "umask; readlink /proc/self/fd/0; sleep 1000"))])
    await ear.hear(Started, "a.1")
    await asyncio.to_thread(eventually, lambda: logged(site, "a.1", f"{umask:04o}\n/dev/null\n".encode()))
    await ear.close()
    await asyncio.to_thread(eventually, lambda: not site.sshd.sessions())
    assert site.supervisors()
