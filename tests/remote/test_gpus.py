"""Leases on GPUs, kept on the machine: two users' engines never take the same one. And who uses which."""

from __future__ import annotations

import asyncio
import getpass
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.parts import missing
from tests.remote.cards import Cards
from tests.remote.site import Ear, LocalSite, eventually, logged, spec
from workbench.domain.devices import Lease, Process
from workbench.remote.agent import gpus, leases
from workbench.remote.machines.base import DeviceSample, Exited, Fenced, Sampled, Started, Taken, Vanished

GB = 1_000_000_000
HOLD = """
import ctypes, fcntl, os, pwd, sys
os.setuid(pwd.getpwnam("nobody").pw_uid)
ctypes.CDLL(None).prctl(4, 1)  # else the kernel hides whose it is
fcntl.flock(int(sys.argv[1]), fcntl.LOCK_EX)
print(flush=True)
sys.stdin.read()
"""


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cards:
    return Cards(tmp_path / "cards", 2, monkeypatch)


@pytest.fixture
async def users(tmp_path: Path, cards: Cards) -> AsyncIterator[list[tuple[LocalSite, Ear]]]:
    """Two engines on this machine that know nothing of each other."""
    sites = [LocalSite(tmp_path / name) for name in ("a", "b")]
    ears = [Ear(await site.connect()) for site in sites]
    yield list(zip(sites, ears, strict=True))
    for ear in ears:
        await ear.close()
    for site in sites:
        site.close()


Users = list[tuple[LocalSite, Ear]]


async def sampled(ear: Ear, fits: Callable[[DeviceSample], bool]) -> DeviceSample:
    """What is told of the first card, once it fits."""
    seen: list[DeviceSample] = []

    def came(heard: list[object]) -> bool:
        samples = [event for event in heard if isinstance(event, Sampled)]
        seen[:] = [sample.devices[0] for sample in samples[-1:] if fits(sample.devices[0])]
        return bool(seen)

    await ear.machine.sample(0.05)
    await ear.until(came)  # type: ignore[arg-type]
    await ear.machine.sample(0)
    return seen[0]


async def test_of_two_engines_only_one_gets_the_gpu(users: Users, tmp_path: Path) -> None:
    alone = ("sh", "-c", f"mkdir {tmp_path}/used || exit 9; rmdir {tmp_path}/used")
    both = ("GPU-0", "GPU-1")
    for turn in range(20):
        name = f"r{turn}.1"
        lanes = [[spec(name, alone, devices=order)] for order in (both, both[::-1])]
        await asyncio.gather(*(ear.machine.start(lane) for (_, ear), lane in zip(users, lanes, strict=True)))
        ends = [await ear.end_of(name) for _, ear in users]
        assert any(isinstance(end, Exited) for end in ends), "one of them always gets both"
        for end in ends:
            assert isinstance(end, Exited | Fenced)
            assert end.exit.code == 0 if isinstance(end, Exited) else end.taken, end


async def test_who_has_it_is_told_and_told_again(users: Users, tmp_path: Path) -> None:
    (a, first), (b, second) = users
    await first.machine.start([spec("run.1", a.argv(("wait",)), devices=("GPU-1",))])
    await first.hear(Started, "run.1")
    await second.machine.start([spec("run.1", b.argv(("print", "x")), devices=("GPU-0", "GPU-1"))])
    end = await second.end_of("run.1")
    (supervisor,) = a.supervisors()
    assert end == Fenced("run.1", Taken("GPU-1", getpass.getuser(), supervisor.pid))
    assert not (b.root / "attempts/run.1/work").exists(), "nothing was laid out for it"
    again = Ear(await b.connect())
    await again.machine.watch({"run.1": 0})
    assert await again.end_of("run.1") == end
    await again.close()
    await second.machine.start([spec("run.2", b.argv(("print", "x")), devices=("GPU-0",))])
    assert isinstance(await second.end_of("run.2"), Exited), "what it had of the rest was let go"


async def test_a_lease_dies_with_its_supervisor(users: Users) -> None:
    (a, first), (b, second) = users
    await first.machine.start([spec("run.1", a.argv(("wait",)), devices=("GPU-0",))])
    await first.hear(Started, "run.1")
    a.kill_supervisors()
    assert isinstance(await first.end_of("run.1"), Vanished)
    await second.machine.start([spec("run.1", b.argv(("print", "x")), devices=("GPU-0",))])
    assert isinstance(await second.end_of("run.1"), Exited)


async def test_a_lease_is_over_before_the_end_is_told(users: Users) -> None:
    for turn in range(10):
        for site, ear in users:
            await ear.machine.start([spec(f"r{turn}.1", site.argv(("exit", "0")), devices=("GPU-0",))])
            assert isinstance(await ear.end_of(f"r{turn}.1"), Exited)


async def test_the_runs_of_a_lane_have_the_gpu_in_turn(users: Users) -> None:
    site, ear = users[0]
    await ear.machine.start([spec(f"r{n}.1", site.argv(("exit", "0")), devices=("GPU-0",)) for n in range(3)])
    assert all([isinstance(await ear.end_of(f"r{n}.1"), Exited) for n in range(3)])


async def test_a_gpu_that_cannot_be_opened(users: Users, cards: Cards) -> None:
    site, ear = users[0]
    cards.file(0).unlink()
    await ear.machine.start([spec("run.1", site.argv(("print", "x")), devices=("GPU-0",))])
    end = await ear.end_of("run.1")
    assert isinstance(end, Exited)
    assert end.exit.reason == "not started"
    assert "No such file" in end.exit.words


async def test_the_lease_of_another_user(users: Users, cards: Cards) -> None:
    if os.geteuid() != 0:
        missing("leave to act as another user (run the tests as root)")
    site, ear = users[0]
    with cards.file(0).open() as file:
        bob = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-c", HOLD, str(file.fileno())],
            pass_fds=[file.fileno()], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        )  # fmt: skip
    with bob:
        assert bob.stdout
        assert bob.stdin
        bob.stdout.readline()
        await ear.machine.start([spec("run.1", site.argv(("print", "x")), devices=("GPU-0",))])
        assert await ear.end_of("run.1") == Fenced("run.1", Taken("GPU-0", "nobody", bob.pid))
        await sampled(ear, lambda device: device.lease == Lease(bob.pid, "nobody", ours=False))
        bob.stdin.close()
    await sampled(ear, lambda device: device.lease is None)


def test_where_the_kernel_hides_its_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    card = tmp_path / "card"
    card.touch()
    monkeypatch.setattr(gpus, "files", lambda: {"GPU-0": str(card)})
    held, taken = leases.take(["GPU-0"])
    assert taken is None
    assert leases.holders() == {"GPU-0": os.getpid()}
    monkeypatch.setattr(leases, "_LOCKS", str(tmp_path / "hidden"))
    assert leases.take(["GPU-0"]) == ([], leases.Holder("GPU-0", 0, ""))
    leases.release(held)
    held, taken = leases.take(["GPU-0"])
    assert taken is None
    leases.release(held)


async def test_whose_the_processes_on_a_gpu_are(users: Users, cards: Cards) -> None:
    (a, first), (_, second) = users
    await first.machine.start([spec("run.1", ("sh", "-c", "echo $$-; exec sleep 1000"), devices=("GPU-0",))])
    await first.hear(Started, "run.1")
    await asyncio.to_thread(eventually, lambda: logged(a, "run.1", b"-"))
    run = int((a.root / "attempts/run.1/log").read_bytes().partition(b"-")[0])
    (supervisor,) = a.supervisors()
    me = getpass.getuser()
    with subprocess.Popen(["sleep", "1000"]) as stranger:  # noqa: ASYNC220
        cards.use(0, run, 20 * GB)
        cards.use(0, stranger.pid, GB)
        for ear, ours in ((first, True), (second, False)):
            device = await sampled(ear, lambda device: len(device.processes) == 2)
            assert set(device.processes) == {
                Process(run, me, "sleep", 20 * GB, ours),
                Process(stranger.pid, me, "sleep", GB, ours=False),
            }
            assert device.lease == Lease(supervisor.pid, me, ours)
        stranger.kill()
    unseen = Process(stranger.pid, "", "", GB, ours=False)
    await sampled(second, lambda device: unseen in device.processes)
