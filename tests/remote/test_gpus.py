"""Leases on GPUs, kept on the machine: two users' engines never take the same one. And who uses which."""

from __future__ import annotations

import asyncio
import getpass
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest

from tests.parts import missing
from tests.remote.cards import GPU_IS_LOST, UNKNOWN, Cards
from tests.remote.site import Connect, Ear, FakeSite, LocalSite, Site, eventually, logged, spec
from workbench.domain.devices import DeviceSample, Lease, Process, Tolerance
from workbench.domain.resources import Capacity, Device
from workbench.remote.agent import gpus, leases, strangers
from workbench.remote.machines.base import Exited, Fenced, Sampled, Started, Taken, Vanished

GB = 1_000_000_000
Use = Callable[[int, int], None]
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


async def sampled(ear: Ear, fits: Callable[[DeviceSample], bool], number: int = 0) -> DeviceSample:
    """What is told of a card from now on, once it fits."""
    seen: list[DeviceSample] = []
    uuid, old = ear.machine.host.capacity.devices[number].uuid, len(ear.heard)

    def came(heard: list[object]) -> bool:
        samples = [event for event in heard[old:] if isinstance(event, Sampled)]
        seen[:] = [one for sample in samples[-1:] for one in sample.devices if one.uuid == uuid and fits(one)]
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


async def test_what_the_driver_does_not_say_of_one_gpu_takes_nothing_else_down(users: Users, cards: Cards) -> None:
    _, ear = users[0]
    cards.use(0, os.getpid(), 20 * GB)
    cards.fail(0, UNKNOWN, "nvmlDeviceGetUtilizationRates")
    cards.fail(1, UNKNOWN, "nvmlDeviceGetMemoryInfo")
    device = await sampled(ear, lambda device: bool(device.processes))
    assert (device.use, device.memory, device.power, device.lost) == (None, 20 * GB, None, "")
    other = await sampled(ear, lambda device: True, 1)
    assert (other.use, other.memory, other.lost) == (0.0, None, "")


@pytest.mark.parametrize(
    ("error", "question", "words"),
    [
        (GPU_IS_LOST, "", "GPU is lost"),
        (GPU_IS_LOST, "nvmlDeviceGetHandleByIndex", "GPU is lost"),
        (GPU_IS_LOST, "nvmlDeviceGetUtilizationRates", "GPU is lost"),
        (UNKNOWN, "nvmlDeviceGetComputeRunningProcesses", "Unknown Error"),
    ],
)
async def test_a_gpu_that_is_lost_is_given_to_nobody(
    users: Users, cards: Cards, error: int, question: str, words: str
) -> None:
    site, ear = users[0]
    cards.fail(0, error, question)
    await sampled(ear, lambda device: device.lost == words)
    assert not (await sampled(ear, lambda device: True, 1)).lost
    await ear.machine.start([spec("run.1", site.argv(("print", "x")), devices=("GPU-0",))])
    assert await ear.end_of("run.1") == Fenced("run.1", Taken("GPU-0", "", lost=words))
    await ear.machine.start([spec("run.2", site.argv(("print", "x")), devices=("GPU-1",))])
    assert isinstance(await ear.end_of("run.2"), Exited)


async def test_a_gpu_that_was_lost_before_the_agent_came(here: LocalSite, connect: Connect, cards: Cards) -> None:
    cards.fail(0, GPU_IS_LOST)
    ear = await connect()
    assert [device.uuid for device in ear.machine.host.capacity.devices] == ["GPU-1"]
    [warning] = [warning for warning in ear.machine.host.warnings if "GPU" in warning]
    assert warning.startswith("GPU 0 does not answer (GPU is lost)")


async def test_the_instances_of_a_divided_gpu_are_devices_of_their_own(
    tmp_path: Path, here: LocalSite, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    cards = Cards(tmp_path / "mig", 2, monkeypatch, divided={0: 2})
    ear = await connect()
    devices = ear.machine.host.capacity.devices
    assert [device.uuid for device in devices] == ["MIG-0:0", "MIG-0:1", "GPU-1"]
    assert [device.label for device in devices] == ["0:0", "0:1", "1"]
    await ear.machine.start([spec("a.1", here.argv(("wait",)), devices=("MIG-0:0",))])
    await ear.hear(Started, "a.1")
    device = await sampled(ear, lambda device: device.lease is not None)
    assert (device.uuid, device.use) == ("MIG-0:0", None)
    await ear.machine.start([spec("b.1", here.argv(("exit", "0")), devices=("MIG-0:1",))])
    assert isinstance(await ear.end_of("b.1"), Exited), "the other instance is free"
    await ear.machine.start([spec("c.1", here.argv(("exit", "0")), devices=("MIG-0:0",))])
    end = await ear.end_of("c.1")
    assert isinstance(end, Fenced)
    assert end.taken
    assert end.taken.device == "MIG-0:0"
    cards.use("0:1", os.getpid(), GB)
    await sampled(ear, lambda device: len(device.processes) == 1, 1)


@pytest.fixture
def use(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Use:
    """Have a process, by its pid, hold so many bytes of the site's only GPU."""
    if isinstance(site, FakeSite):
        host = site.host
        host.capacity = Capacity(8, 64 * GB, (Device("GPU-0", 0, "Made up", 80 * GB),))

        def use(pid: int, memory: int) -> None:
            host.strangers["GPU-0"] = (Process(pid, "bob", "sleep", memory, ours=False),)

        return use
    cards = Cards(tmp_path / "cards", 1, monkeypatch)

    def use_card(pid: int, memory: int) -> None:
        cards.leave(0)
        cards.use(0, pid, memory)

    return use_card


@pytest.fixture
def stranger() -> Iterator[int]:
    """A process of nobody's run."""
    with subprocess.Popen(["sleep", "1000"]) as process:
        yield process.pid
        process.kill()


async def test_a_stranger_who_came_since_the_last_sample(site: Site, connect: Connect, use: Use, stranger: int) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("exit", "0")), devices=("GPU-0",))])
    assert isinstance(await ear.end_of("a.1"), Exited)
    use(stranger, 2 * GB)
    lane = [spec(f"{name}.1", site.argv(("print", "x")), devices=("GPU-0",)) for name in "bc"]
    await ear.machine.start(lane)
    for name in ("b.1", "c.1"):
        end = await ear.end_of(name)
        assert isinstance(end, Fenced)
        assert end.taken
        assert end.taken.process
        assert (end.taken.device, end.taken.pid, end.taken.lost) == ("GPU-0", stranger, "")
        assert (end.taken.process.name, end.taken.process.memory) == ("sleep", 2 * GB)
        assert end.taken.user == end.taken.process.user != ""
    again = await connect()
    await again.machine.watch({"b.1": 0})
    assert isinstance(await again.end_of("b.1"), Fenced), "nor does it start for anybody who comes later"
    await ear.machine.start([spec("d.1", site.argv(("exit", "0")))])
    assert isinstance(await ear.end_of("d.1"), Exited), "who needs no GPU is not in its way"


async def test_a_process_that_does_not_matter_may_stay_while_it_does_not_grow(
    site: Site, connect: Connect, use: Use, stranger: int
) -> None:
    ear = await connect()
    idle = Tolerance(idle={"GPU-0": frozenset({stranger})}, small=GB)
    ignored = Tolerance(ignored=("sleep",))
    for name, memory, tolerance, end in (
        ("a.1", GB - 1, idle, Exited),
        ("b.1", GB, idle, Fenced),
        ("c.1", GB, ignored, Exited),
    ):
        use(stranger, memory)
        await ear.machine.start([spec(name, site.argv(("exit", "0")), devices=("GPU-0",))], tolerance)
        assert isinstance(await ear.end_of(name), end)


def test_who_has_just_ended_is_in_nobodys_way(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = {"pid": 4711, "user": "", "name": "", "memory": GB, "ours": False}
    card = {"uuid": "GPU-0", "lost": "", "processes": [ended]}
    samples = [[card], [card], [{**card, "processes": []}]]
    monkeypatch.setattr(gpus, "sample", lambda wanted: samples.pop(0))
    assert strangers.in_the_way(["GPU-0"], {}) == {}
    monkeypatch.setattr(gpus, "sample", lambda wanted: [card])
    assert strangers.in_the_way(["GPU-0"], {})["GPU-0"].pid == 4711, "it may be in another container"
    assert strangers.in_the_way([], {}) == {}
