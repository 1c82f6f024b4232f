"""What a machine needs is brought there once, whole or not at all, without root and without network there."""

from __future__ import annotations

import ast
import asyncio
import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from tests.remote.fleet import Fleet, SshSite
from tests.remote.site import EMPTY, no_blobs
from workbench.domain.resources import Device
from workbench.errors import Unreachable
from workbench.remote import install, porter
from workbench.remote.install import Parcel
from workbench.remote.machines.base import Build


@pytest.fixture
def bare(fleet: Fleet) -> SshSite:
    """A machine that nobody has ever connected to."""
    site = fleet.machine()
    (site.sshd.home / ".cache").unlink()
    return site


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A uv of a few bytes, where it is not the subject."""

    async def uv_parcel(name: str) -> Parcel:
        return Parcel((("uv", 0o700, b"#!/bin/sh\n"),))

    monkeypatch.setattr(install, "uv_parcel", uv_parcel)


def contents(site: SshSite) -> dict[str, int]:
    """Everything in the cache there, and when it was made."""
    cache = site.sshd.home / ".cache" / "workbench"
    return {str(path.relative_to(cache)): path.stat().st_ino for path in cache.glob("*/*")}


async def test_everything_is_brought_to_a_bare_machine(bare: SshSite) -> None:
    machine = await bare.connect()
    there = contents(bare)
    [agent] = [name for name in there if name.startswith("agent/")]
    [uv] = [name for name in there if name.startswith("uv/")]
    cache = bare.sshd.home / ".cache" / "workbench"
    assert (cache / agent / "beside" / "pynvml.py").exists()
    assert (cache / agent).stat().st_mode & 0o777 == 0o700
    answer = await asyncio.create_subprocess_exec(cache / uv / "uv", "--version", stdout=subprocess.PIPE)
    assert (await answer.communicate())[0].startswith(b"uv ")
    path = await machine.build(Build("a" * 64, "", ""), lambda line: None)
    assert Path(path, "bin", "python").exists()
    await machine.close()
    await (await bare.connect()).close()
    assert contents(bare) == there


@pytest.mark.usefixtures("small")
async def test_what_others_cleared_out_of_the_cache_is_put_back(bare: SshSite) -> None:
    """Whoever tidies up there may leave directories, or some files."""
    await (await bare.connect()).close()
    cache = bare.sshd.home / ".cache" / "workbench"
    files = {path for path in cache.rglob("*") if path.is_file() and path.suffix != ".pyc"}
    for gone in (files, {path for path in files if path.name in ("__main__.py", "pynvml.py")}):
        for path in gone:
            path.unlink()
        await (await bare.connect()).close()
        assert all(path.exists() for path in files)
        assert not list(cache.glob("*/.*"))


@pytest.mark.usefixtures("small")
async def test_two_at_once(bare: SshSite) -> None:
    machines = await asyncio.gather(*(bare.connect() for _ in range(3)))
    assert len(contents(bare)) == 2
    assert not list((bare.sshd.home / ".cache" / "workbench").glob("*/.*"))
    for machine in machines:
        await machine.close()


@pytest.mark.usefixtures("small")
async def test_a_new_agent_comes_beside_the_old_one(bare: SshSite, monkeypatch: pytest.MonkeyPatch) -> None:
    old = await bare.connect()
    files = install.agent_parcel().files
    monkeypatch.setattr(install, "agent_parcel", lambda: Parcel((*files, ("more.py", 0o600, b"# newer\n"))))
    new = await bare.connect()
    assert len([name for name in contents(bare) if name.startswith("agent/")]) == 2
    for machine in (old, new):
        assert await machine.leftovers() == []
        await machine.close()


@pytest.mark.usefixtures("small")
async def test_programs_that_nobody_asks_for_are_cleared_out(bare: SshSite) -> None:
    programs = bare.sshd.home / ".cache" / "workbench" / "uv"
    for name in ("old", "recent"):
        (programs / name).mkdir(parents=True)
    os.utime(programs / "old", (0, 0))
    await (await bare.connect()).close()
    assert not (programs / "old").exists()
    assert (programs / "recent").exists()
    [used] = {path.name for path in programs.iterdir()} - {"recent"}
    os.utime(programs / used, (0, 0))
    await (await bare.connect()).close()
    assert (programs / used).stat().st_mtime > 0


@pytest.mark.usefixtures("small")
async def test_old_agents_are_cleared_out_unless_something_runs_from_them(bare: SshSite) -> None:
    agents = bare.sshd.home / ".cache" / "workbench" / "agent"
    for age in range(7):
        (agents / f"v{age}").mkdir(parents=True)
        os.utime(agents / f"v{age}", (10**9 - age, 10**9 - age))
    with _running(agents / "v6") as busy:
        await (await bare.connect()).close()
        left = {path.name for path in agents.iterdir()}
        busy.kill()
    assert {"v0", "v1", "v2", "v3", "v6"} < left
    assert not {"v4", "v5"} & left
    assert len(left) == 6, "and the one in use"


def _running(place: Path) -> subprocess.Popen[bytes]:
    """As an agent from there would look."""
    return subprocess.Popen([sys.executable, "-I", "-c", "input()", str(place)], stdin=subprocess.PIPE)


DRIVER = b"""
from types import SimpleNamespace as Memory
nvmlInit = lambda: None
nvmlDeviceGetCount = lambda: 1
nvmlDeviceGetHandleByIndex = lambda index: index
nvmlDeviceGetUUID = lambda handle: "GPU-0"
nvmlDeviceGetName = lambda handle: "Card"
nvmlDeviceGetMemoryInfo = lambda handle: Memory(total=80, used=0)
"""


@pytest.mark.usefixtures("small")
async def test_the_agent_finds_what_travelled_beside_it(bare: SshSite, monkeypatch: pytest.MonkeyPatch) -> None:
    files = [file for file in install.agent_parcel().files if file[0] != "beside/pynvml.py"]
    parcel = Parcel((*files, ("beside/pynvml.py", 0o600, DRIVER)))
    monkeypatch.setattr(install, "agent_parcel", lambda: parcel)
    machine = await bare.connect()
    assert machine.host.capacity.devices == (Device("GPU-0", 0, "Card", 80),)
    await machine.close()


@pytest.mark.usefixtures("small")
async def test_what_can_not_be_put_there(bare: SshSite) -> None:
    (bare.sshd.home / ".cache").write_text("no directory")
    with pytest.raises(Unreachable) as caught:
        await bare.connect()
    assert "Not a directory" in caught.value.message


async def test_where_no_uv_can_be_had(bare: SshSite, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine runs without; only building environments needs a uv of its own."""
    monkeypatch.setattr(install, "_wheel_tags", lambda: [])
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(bare.sshd.directory / "uv"))
    machine = await bare.connect()
    await machine.send(EMPTY, [], no_blobs)
    assert [name.partition("/")[0] for name in contents(bare)] == ["agent"]
    await machine.close()


@pytest.mark.parametrize(("machine", "code"), [("x86_64", 62), ("aarch64", 183)])
async def test_a_uv_for_another_kind_of_machine(
    machine: str, code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    [name] = [name for where, libc, name in install.uv_offers() if where == machine and libc is None]
    parcel = await install.uv_parcel(name)
    assert parcel is not None
    [(_, _, program)] = parcel.files
    assert program[:4] == b"\x7fELF"
    assert program[18] == code  # e_machine
    assert b"/lib64/ld-linux" not in program[:4096]


def test_which_uv_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    offers = [["x86_64", [2, 17], "ours"], ["x86_64", None, "any"], ["aarch64", None, "arm"]]

    def on(machine: str, libc: tuple[str, str]) -> str:
        monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "h", "6", "v", machine)))
        monkeypatch.setattr(platform, "libc_ver", lambda: libc)
        return porter._fitting(offers)

    assert on("x86_64", ("glibc", "2.36")) == "ours"
    assert on("x86_64", ("glibc", "2.12")) == "any"
    assert on("x86_64", ("", "")) == "any"
    assert on("aarch64", ("glibc", "2.36")) == "arm"
    assert on("riscv64", ("glibc", "2.36")) == ""


def test_the_porter_speaks_old_python() -> None:
    ast.parse(Path(porter.__file__).read_text(), feature_version=(3, 8))


def test_a_road_that_breaks_leaves_nothing_half(tmp_path: Path) -> None:
    """The porter is told less than was promised."""
    asked = b'{"root": "", "agent": "agent/a", "files": ["x.py"], "uv": []}\n'
    wanted = asked + b'{"size": 100, "files": [["x.py", 384, 100]]}\nless'
    for told in (wanted, wanted[:60], b""):
        answer = subprocess.run(
            [sys.executable, porter.__file__], input=told, capture_output=True, check=False, env={"HOME": str(tmp_path)}
        )
        assert answer.returncode == 1
        assert answer.stderr == b""
    assert not list(tmp_path.iterdir())
