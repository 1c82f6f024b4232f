"""What an agent says of its machine, and the oldest Python that one runs on."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.remote.site import Connect, LocalSite, eventually, spec
from workbench.errors import AgentError, BuildError
from workbench.remote.agent import attic, builder, gpus, host, spawn
from workbench.remote.agent.attempt import Attempt
from workbench.remote.agent.crew import LANE_LIMIT
from workbench.remote.agent.errand import Complaint
from workbench.remote.agent.installer import Wanted
from workbench.remote.agent.sampler import Sampler
from workbench.remote.machines import local
from workbench.remote.machines.base import Build, Exited, Started


def oldest() -> str:
    found = subprocess.run(
        [local_uv(), "python", "find", "--no-python-downloads", "3.8"], capture_output=True, text=True, check=False
    )
    return found.stdout.strip()


def local_uv() -> str:
    return shutil.which("uv", path=os.path.dirname(sys.executable)) or "uv"


async def test_the_oldest_python(here: LocalSite, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    python = oldest()
    if not python:
        pytest.skip("there is no Python 3.8 here")
    monkeypatch.setattr(sys, "executable", python)
    ear = await connect()
    assert ear.machine.host.python.startswith("3.8.")
    await ear.machine.start([spec("a.1", ("sh", "-c", "echo x; exit 3")), spec("b.1", ("sleep", "1000"))])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert end.exit.code == 3
    await ear.hear(Started, "b.1")
    await ear.machine.cancel("b.1")
    end = await ear.end_of("b.1")
    assert isinstance(end, Exited)
    assert end.exit.reason == "cancelled"
    await ear.machine.forget(["a.1"])
    assert await ear.machine.leftovers() == ["b.1"]
    await ear.machine.sample(0.05)
    with pytest.raises(BuildError):
        await ear.machine.build(Build("a" * 64, "", "1.0"), lambda line: None)


def test_where_the_c_library_is_too_old_for_posix_spawn(monkeypatch: pytest.MonkeyPatch) -> None:
    def unsupported(*args: Any, **more: Any) -> int:
        raise NotImplementedError

    monkeypatch.setattr(os, "posix_spawn", unsupported)
    reading, writing = os.pipe()
    show = b"import os, sys; print(sys.argv[1], os.environ['A'], os.getsid(0) == os.getpid(), sys.stdin.read() == '')"
    argv = [b"python", b"-c", show, b"word"]
    pid = spawn.spawn(os.fsencode(sys.executable), argv, {b"A": b"1"}, writing)
    os.close(writing)
    assert os.waitpid(pid, 0)[1] == 0
    assert os.read(reading, 100) == b"word 1 True True\n"
    os.close(reading)
    with pytest.raises(FileNotFoundError):
        spawn.spawn(b"/nowhere", [b"x"], {}, 1)


def test_warnings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/self/mounts": f"/dev/sda / ext4 rw 0 0\nserver:/home {tmp_path} nfs4 rw,noexec 0 0\n"
        f"tmp {tmp_path}/cache tmpfs rw,noexec 0 0\n",
        "/proc/self/cgroup": "0::/user.slice/user-1000.slice/session-3.scope\n",
        "/etc/systemd/logind.conf": "[Login]\n#KillUserProcesses=no\nKillUserProcesses=yes\n",
    }
    monkeypatch.setattr(host, "_read", files.get)
    monkeypatch.setattr(host, "_NEARLY_FULL", 1 << 60)
    monkeypatch.setattr(host, "_HERE", f"{tmp_path}/cache/agent/abc")
    found = host.warnings(str(tmp_path))
    expected = (
        "lies on nfs4",
        "is mounted noexec: environments can't run",
        f"{tmp_path}/cache is mounted noexec: the uv that was brought there can't run",
        "is nearly full",
        "kills a user's processes at logout",
    )
    assert len(found) == len(expected)
    assert all(words in warning for words, warning in zip(expected, found, strict=True))


def test_limits_of_a_control_group(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {
        "/proc/self/cgroup": "0::/job\n",
        "/sys/fs/cgroup/job/cpu.max": "150000 100000\n",
        "/sys/fs/cgroup/job/memory.max": "1000000\n",
    }
    monkeypatch.setattr(host, "_read", files.get)
    assert host.cpus() == 1
    assert host.memory() == 1_000_000
    files["/sys/fs/cgroup/job/cpu.max"] = "max 100000\n"
    files["/sys/fs/cgroup/job/memory.max"] = "max\n"
    assert host.cpus() == len(os.sched_getaffinity(0))
    assert host.memory() > 1_000_000


class Driver(SimpleNamespace):
    """As much of nvidia-ml-py as we use, with one device that does not know its power."""

    NVML_TEMPERATURE_GPU = 0

    def nvmlInit(self) -> None: ...

    def nvmlDeviceGetCount(self) -> int:
        return 1

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetUUID(self, handle: int) -> bytes:
        return b"GPU-0"

    def nvmlDeviceGetName(self, handle: int) -> str:
        return "Card"

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=80, used=30)

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(gpu=50)

    def nvmlDeviceGetPowerUsage(self, handle: int) -> int:
        raise RuntimeError("not supported")

    def nvmlDeviceGetTemperature(self, handle: int, kind: int) -> int:
        return 60


def test_gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pynvml", Driver())
    gpus._nvml.cache_clear()
    assert gpus.devices() == [{"uuid": "GPU-0", "index": 0, "part": None, "name": "Card", "memory": 80}]
    figures = {"use": 0.5, "memory": 30, "power": None, "temperature": 60.0}
    assert gpus.sample() == [{"uuid": "GPU-0", **figures, "processes": [], "lost": ""}]
    monkeypatch.setitem(sys.modules, "pynvml", None)
    gpus._nvml.cache_clear()
    assert gpus.devices() == []
    gpus._nvml.cache_clear()


def test_the_attic_keeps_young_fates_and_whatever_a_run_left(tmp_path: Path) -> None:
    for name in ("attempts", "snapshots", "blobs"):
        (tmp_path / name).mkdir()
    for name in ("old.1", "full.1", "young.1"):
        attempt = Attempt(str(tmp_path), name)
        attempt.void()
        if name == "full.1":
            (Path(attempt.directory) / "artifacts").mkdir()
        if name != "young.1":
            os.utime(attempt.directory, (0, 0))
    (tmp_path / "snapshots" / "half.123").mkdir()
    (tmp_path / "blobs" / "half.123").touch()
    (tmp_path / "blobs" / "whole").touch()
    for path in ("snapshots/half.123", "blobs/half.123", "blobs/whole"):
        os.utime(tmp_path / path, (0, 0))
    attic.clear(str(tmp_path))
    assert {path.name for path in (tmp_path / "attempts").iterdir()} == {"full.1", "young.1"}
    assert [path.name for path in (tmp_path / "blobs").iterdir()] == ["whole"]
    assert not list((tmp_path / "snapshots").iterdir())


def test_a_sample_has_no_more_than_there_is(tmp_path: Path) -> None:
    sampler = Sampler(str(tmp_path))
    sampler.sample([])
    seen = sampler.sample([])
    assert 0 <= seen["cpu"] <= 1
    assert 0 < seen["memory"] <= host.memory()
    assert seen["attempts"] == {}


def test_without_uv_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "environments").mkdir()
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Complaint, match="there is no uv"):
        builder.build(str(tmp_path), Wanted("a", "", "", "", {}), lambda content: None)


async def test_a_supervisor_that_died_while_it_waited_is_not_missed(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    for name in ("a.1", "b.1"):
        await ear.machine.start([spec(name, ("true",))])
        assert isinstance(await ear.end_of(name), Exited)
        assert len(here.supervisors()) == 1
        here.kill_supervisors()
        await asyncio.to_thread(eventually, lambda: not here.supervisors())


async def test_a_lane_that_is_too_long(connect: Connect) -> None:
    ear = await connect()
    lane = [spec(f"r{number}.1", ("true",)) for number in range(LANE_LIMIT + 1)]
    with pytest.raises(AgentError, match="a lane of more than"):
        await ear.machine.start(lane)
    await ear.machine.start(lane[1:])
    assert isinstance(await ear.end_of(lane[-1].attempt), Exited)


async def test_an_agent_that_does_not_end_is_ended(
    here: LocalSite, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "_PATIENCE", 0.1)
    ear = await connect()
    [agent] = here.agents()
    os.kill(agent.pid, 19)
    await ear.close()
    assert not here.agents()
