"""Environments, built by the real uv from the package index."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.engine.machines import until
from tests.remote.site import Connect, FakeSite, LocalSite, spec
from workbench.errors import AgentError, BuildError
from workbench.remote.agent import builder
from workbench.remote.agent.installer import Wanted
from workbench.remote.machines.base import Build, Exited, Started
from workbench.remote.machines.channel import Channel

SIX = Build("a" * 64, "six==1.17.0\n", f"{sys.version_info.major}.{sys.version_info.minor}")


async def test_built_once_when_many_ask_at_once(here: LocalSite, connect: Connect) -> None:
    ears = [await connect(), await connect()]
    lines: list[str] = []
    asked = [ear.machine.build(SIX, lines.append) for ear in ears for _ in range(3)]
    paths = await asyncio.gather(*asked)
    assert set(paths) == {str(here.root / "environments" / SIX.id)}
    assert sum("Creating virtual environment" in line for line in lines) == 1
    assert not any("\x1b" in line for line in lines)
    assert list(Path(paths[0]).rglob("six*.pyc"))

    ear = ears[0]
    show = "import six, sys; print(six.__version__, sys.prefix)"
    await ear.machine.start([spec("a.1", ("python", "-c", show), environment=SIX.id)])
    end = await ear.end_of("a.1")
    log, _ = await ear.machine.read("a.1", "log", 0, 1000)
    assert isinstance(end, Exited)
    assert log.decode().split() == ["1.17.0", paths[0]]


async def test_what_is_in_use_is_not_pruned(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    empty, kept = Build("b" * 64, "", SIX.python), Build("c" * 64, "", SIX.python)
    await asyncio.gather(*(ear.machine.build(build, lambda line: None) for build in (empty, kept)))
    await ear.machine.start([spec("a.1", ("sleep", "1000"), environment=empty.id)])
    await ear.hear(Started, "a.1")
    assert await ear.machine.prune([kept.id]) == ([], 0)
    await ear.machine.cancel("a.1")
    await ear.end_of("a.1")
    gone: list[str] = []
    while not gone:  # the lock goes a moment after the exit is told
        gone, freed = await ear.machine.prune([kept.id])
    assert gone == [empty.id]
    assert freed > 0
    with pytest.raises(AgentError, match="is not built here"):
        await ear.machine.start([spec("b.1", ("true",), environment=empty.id)])


async def test_uv_says_what_is_wrong(connect: Connect) -> None:
    ear = await connect()
    lines: list[str] = []
    with pytest.raises(BuildError) as caught:
        await ear.machine.build(Build("d" * 64, "six==99.0\n", SIX.python), lines.append)
    words = caught.value.evidence["words"]
    assert "six==99.0" in words
    assert "\x1b" not in words
    assert words.split("\n")[-1] == lines[-1]


async def test_hashes_are_required_where_there_are_any(connect: Connect) -> None:
    ear = await connect()
    lock = "six==1.17.0 --hash=sha256:" + "0" * 64 + "\n"
    with pytest.raises(BuildError) as caught:
        await ear.machine.build(Build("d" * 64, lock, SIX.python), lambda line: None)
    assert "hash" in caught.value.evidence["words"].lower()


async def test_a_builder_that_is_killed_is_heard_of(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    assert isinstance(ear.machine, Channel)
    killer = here.root / "uv"
    killer.write_text("#!/bin/sh\necho about to >&2\nkill -9 $PPID\n")
    killer.chmod(0o700)
    ear.machine._uv = str(killer)
    with pytest.raises(AgentError, match="was killed"):
        await ear.machine.build(SIX, lambda line: None)


def test_what_a_crash_left_is_built_again(tmp_path: Path) -> None:
    (tmp_path / "environments" / "half").mkdir(parents=True)
    (tmp_path / "environments" / "half" / "rubbish").touch()
    uv = shutil.which("uv", path=os.path.dirname(sys.executable)) or ""
    path = builder.build(str(tmp_path), Wanted("half", SIX.python, "", uv, {}), lambda content: None)
    assert builder.is_built(path)
    assert not os.path.exists(os.path.join(path, "rubbish"))


async def test_the_fake_builds_once_and_fails_on_demand() -> None:
    site = FakeSite()
    machine = await site.connect()
    await asyncio.gather(*(machine.build(SIX, lambda line: None) for _ in range(5)))
    assert site.host.builds == 1
    site.host.build_fails = "no such package"
    with pytest.raises(BuildError) as caught:
        await machine.build(Build("f" * 64, "nope", ""), lambda line: None)
    assert caught.value.evidence["words"] == "no such package"
    assert await machine.prune([]) == ([SIX.id], 0)


async def test_a_build_that_nobody_waits_for_is_stopped_with_all_that_it_started(
    here: LocalSite, connect: Connect, tmp_path: Path
) -> None:
    machine = (await connect()).machine
    told = tmp_path / "pid"
    uv = tmp_path / "uv"
    uv.write_text(f"#!/bin/sh\necho $$ > {told}.draft && mv {told}.draft {told}\nexec sleep 600\n")
    uv.chmod(0o700)
    assert isinstance(machine, Channel)
    true, machine._uv = machine._uv, str(uv)
    asked = asyncio.create_task(machine.build(SIX, lambda line: None))
    await until(told.exists)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    pid = int(told.read_text())
    await until(lambda: not _sleeps(pid))
    machine._uv = true
    await machine.build(SIX, lambda line: None)


def _sleeps(pid: int) -> bool:
    try:
        return "sleep" in Path(f"/proc/{pid}/cmdline").read_text()
    except OSError:
        return False
