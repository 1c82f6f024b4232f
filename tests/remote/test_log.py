"""The log: the first and the last half of its limit, whatever a run prints."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.remote.site import Connect, LocalSite, spec
from workbench.remote.agent import log
from workbench.remote.machines.base import Exited, Started


def written(directory: Path, limit: int, data: bytes, chunk: int) -> bytes:
    capped = log.CappedLog(str(directory), limit)
    for at in range(0, len(data), chunk):
        before = read(directory)
        capped.write(data[at : at + chunk])
        assert read(directory).startswith(before)
    capped.close()
    before = read(directory)
    size = log.finish(str(directory))
    assert size == log.finish(str(directory))
    found = read(directory)
    assert found.startswith(before)
    assert len(found) == size
    return found


def read(directory: Path) -> bytes:
    path = directory / "log"
    return path.read_bytes() if path.exists() else b""


@pytest.mark.parametrize("size", [0, 1, 49, 50, 51, 99, 100])
@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_within_the_limit_nothing_is_left_out(tmp_path: Path, size: int, chunk: int) -> None:
    data = random.Random(size).randbytes(size)
    assert written(tmp_path, 100, data, chunk) == data


@pytest.mark.parametrize("size", [101, 149, 150, 151, 1000, 12_345])
@pytest.mark.parametrize("chunk", [1, 7, 64, 1000])
def test_over_the_limit_first_and_last_half_remain(tmp_path: Path, size: int, chunk: int) -> None:
    data = random.Random(size).randbytes(size)
    gap = b"\n[... %d bytes left out here ...]\n" % (size - 100)
    assert written(tmp_path, 100, data, chunk) == data[:50] + gap + data[-50:]


def test_a_supervisor_dies_while_it_finishes_a_log(tmp_path: Path) -> None:
    capped = log.CappedLog(str(tmp_path), 100)
    capped.write(bytes(range(250)))
    (tmp_path / "log").write_bytes((tmp_path / "log").read_bytes() + b"half of the ga")
    log.finish(str(tmp_path))
    assert read(tmp_path) == bytes(range(50)) + log.gap(150) + bytes(range(200, 250))


async def test_a_flood_without_a_newline(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    flood = "head -c 200000000 /dev/zero | tr '\\0' x; printf END"
    await ear.machine.start([spec("a.1", ("sh", "-c", flood), log_limit=1 << 20)])
    await ear.hear(Started, "a.1")
    [supervisor] = here.supervisors()
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    status = Path(f"/proc/{supervisor.pid}/status").read_text()
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert peak
    assert int(peak[1]) < 40_000
    assert end.log_size == len(log.gap(200_000_003 - (1 << 20))) + (1 << 20)
    tail, size = await ear.machine.read("a.1", "log", end.log_size - 4, 100)
    assert (tail, size) == (b"xEND", end.log_size)
    middle, _ = await ear.machine.read("a.1", "log", (1 << 19) - 1, 100)
    assert middle.startswith(b"x" + log.gap(200_000_003 - (1 << 20)) + b"xx")


async def test_the_log_grows_while_the_run_runs(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    step = 'echo one; echo "{}" >> "$WORKBENCH_METRICS"; sleep 1000'
    await ear.machine.start([spec("a.1", ("sh", "-c", step))])
    await ear.until(lambda heard: len(heard) == 2)
    while (await ear.machine.read("a.1", "log", 0, 100))[0] != b"one\n":
        pass
    await ear.machine.cancel("a.1")
    await ear.end_of("a.1")
