"""An attempt starts at most once: whoever races for it, whoever dies over it, however often it is sent."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.remote.site import Connect, Ear, LocalSite, spec
from workbench.errors import Unreachable
from workbench.remote.agent import crash, fate, record
from workbench.remote.agent.attempt import Absent as NoFate
from workbench.remote.agent.attempt import Attempt, Ended
from workbench.remote.agent.attempt import Fenced as Void
from workbench.remote.agent.attempt import Vanished as Lost
from workbench.remote.machines.base import Absent, Exited, Fenced, Vanished

ATTEMPTS = 2_000
RACERS = 3


def test_thousands_of_racing_starts_and_voids(tmp_path: Path) -> None:
    for name in ("attempts", "bells", "snapshots/empty"):
        (tmp_path / name).mkdir(parents=True)
    for number in range(ATTEMPTS):
        Attempt(str(tmp_path), f"r{number}.1").make()
    command = [sys.executable, "-m", "tests.remote.racer", str(tmp_path)]
    racers = [subprocess.Popen([*command, str(seed), "0", str(ATTEMPTS)]) for seed in range(RACERS)]
    assert [racer.wait() for racer in racers] == [0] * RACERS

    kinds: Counter[type] = Counter()
    for number in range(ATTEMPTS):
        attempt = Attempt(str(tmp_path), f"r{number}.1")
        state = attempt.state()
        ran = Path(attempt.path("ran"))
        executions = ran.stat().st_size if ran.exists() else 0
        assert executions <= 1, attempt.id
        assert isinstance(state, (Ended, Void, Lost, NoFate)), attempt.id
        if isinstance(state, Ended):
            assert executions == 1, attempt.id
        if isinstance(state, (Void, NoFate)):
            assert executions == 0, attempt.id
        kinds[type(state)] += 1
    assert kinds[Ended] > ATTEMPTS / 10
    assert kinds[Void] > ATTEMPTS / 10
    assert kinds[Lost] > 0


@pytest.mark.parametrize("point", crash.POINTS)
async def test_killed_at_any_point_and_sent_again(
    point: str, here: LocalSite, connect: Connect, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    job = spec("a.1", ("sh", "-c", f"printf x >> {tmp_path}/ran"))
    monkeypatch.setenv("WORKBENCH_CRASH", point)
    first = await connect()
    await send(first, job)
    monkeypatch.delenv("WORKBENCH_CRASH")
    if "hand-over" not in point:
        # A supervisor died: the agent that forked it lives, and says what it knows.
        await first.until(lambda heard: any(isinstance(event, (Absent, Exited, Vanished)) for event in heard))
    second = await connect()
    await send(second, job)
    end = await second.end_of("a.1")
    ran = (tmp_path / "ran").read_text() if (tmp_path / "ran").exists() else ""
    if point in ("after-link", "after-fate", "after-spawn", "before-exit-record"):
        assert isinstance(end, Vanished)
        assert ran in ("", "x")
    else:
        assert isinstance(end, Exited)
        assert ran == "x"


async def send(ear: Ear, job: object) -> None:
    try:
        await ear.machine.start([job])  # type: ignore[list-item]
    except Unreachable:
        pass


async def test_two_agents_are_asked_for_the_same_at_once(here: LocalSite, connect: Connect, tmp_path: Path) -> None:
    ears = [await connect(), await connect()]
    jobs = [spec(f"r{number}.1", ("sh", "-c", f"echo {number} >> {tmp_path}/ran")) for number in range(40)]
    lanes = [jobs[at : at + 8] for at in range(0, 40, 8)]
    await asyncio.gather(*(ear.machine.start(lane) for lane in lanes for ear in ears))
    for ear in ears:
        for job in jobs:
            assert isinstance(await ear.end_of(job.attempt), Exited)
    assert sorted(map(int, (tmp_path / "ran").read_text().split())) == list(range(40))


async def test_a_bare_fate_blocks_a_late_start(here: LocalSite, connect: Connect) -> None:
    attempt = Attempt(str(here.root), "a.1")
    ear = await connect()
    attempt.void()
    assert list(Path(attempt.directory).iterdir()) == [Path(attempt.path("fate"))]
    await ear.machine.start([spec("a.1", ("touch", "/nowhere"))])
    assert await ear.end_of("a.1") == Fenced("a.1")
    assert list(Path(attempt.directory).iterdir()) == [Path(attempt.path("fate"))]


async def test_a_reboot_is_told_from_a_killed_supervisor(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    attempt = Attempt(str(here.root), "a.1")
    attempt.make()
    lock = attempt.lock()
    assert lock is not None
    before = fate.TORN.supervisor._replace(boot="before", pid=1)
    assert fate.take(attempt.directory, fate.Start(before, "", 1))
    with open(lock, "w"):
        pass
    await ear.machine.watch({"a.1": 0})
    end = await ear.end_of("a.1")
    assert isinstance(end, Vanished)
    assert end.why == "the machine was rebooted"


def test_half_a_record_is_none(tmp_path: Path) -> None:
    exit = {"code": 0, "words": "x" * 5000}
    record.reserve(str(tmp_path))
    assert record.read(str(tmp_path)) is None
    record.write(str(tmp_path), exit)
    assert record.read(str(tmp_path)) == {"code": 0, "words": "x" * record.WORDS_LIMIT}
    whole = (tmp_path / "exit").read_bytes()
    assert len(whole) == record.SIZE
    for cut in (1, 8, 9, 10, 500, 1000):
        (tmp_path / "exit").write_bytes(whole[:cut] + bytes(record.SIZE - cut))
        assert record.read(str(tmp_path)) is None


def test_a_fate_whose_content_was_lost_is_no_reason_to_start(tmp_path: Path) -> None:
    (tmp_path / "fate").write_bytes(b"")
    assert fate.read(str(tmp_path)) == fate.TORN
    assert not fate.take(str(tmp_path), fate.Void())
