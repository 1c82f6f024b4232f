"""GPUs that colleagues and strangers use are left alone, and who uses them is said."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.engine.machines import PATIENCE, Desk, World, desk
from tests.engine.making import GB, a_run, a_state, explain, launched, needs, submit
from workbench.domain.devices import Lease, Process, Rule
from workbench.domain.resources import Capacity, Device
from workbench.domain.status import Queued
from workbench.engine import seam
from workbench.engine.scheduler import step
from workbench.remote.machines.fake import FakeHost

BOB = Process(4711, "bob", "python", 31 * GB, ours=False)


def test_a_gpu_that_another_uses_is_not_given_until_it_is_free() -> None:
    state = a_state(cpus=8, gpus=2)
    step(state, seam.DevicesSeen("local", {"GPU-0": "used by bob (python, 31 GB)"}), 0)
    submit(state, a_run(1, need=needs(gpus=1)), a_run(2, need=needs(gpus=1)), a_run(3, need=needs()))
    assert state.runs["run00001"].status.attempt.share.devices == ("GPU-1",)  # type: ignore[union-attr]
    assert isinstance(state.runs["run00002"].status, Queued)
    assert state.runs["run00003"].active, "work without a GPU goes on beside it"
    reason = explain(state, "run00002")
    assert reason.text == "1 GPU on local, 0 free of 2; GPU 0 is used by bob (python, 31 GB)"
    assert launched(step(state, seam.DevicesSeen("local", {}), 1)) == ["run00002"]


def test_a_run_that_another_engine_forestalled_queues_again_and_uses_up_no_retry() -> None:
    state = a_state(cpus=8, gpus=1)
    submit(state, a_run(1, need=needs(gpus=1)))
    step(state, seam.DevicesSeen("local", {"GPU-0": "leased by bob"}), 1)
    assert launched(step(state, seam.AttemptFenced("run00001.1"), 1)) == []
    assert explain(state, "run00001", 1).text.endswith("GPU 0 is leased by bob")
    assert launched(step(state, seam.DevicesSeen("local", {}), 2)) == ["run00001"]
    assert (state.runs["run00001"].attempts, state.runs["run00001"].retried) == (2, 0)


def test_of_many_used_gpus_a_few_are_named() -> None:
    state = a_state(cpus=8, gpus=8)
    step(state, seam.DevicesSeen("local", {f"GPU-{index}": "used by bob" for index in range(8)}), 0)
    submit(state, a_run(1, need=needs(gpus=1)))
    assert explain(state, "run00001").text.endswith("GPU 3 is used by bob; and 4 more")


@pytest.fixture
async def gpu3() -> AsyncIterator[FakeHost]:
    host = FakeHost("gpu3", Capacity(8, 64 * GB, (Device("GPU-0", 0, "NVIDIA L4", 24 * GB),)))
    yield host
    host.shut_down()


@pytest.fixture
async def here(tmp_path: Path, gpu3: FakeHost, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    monkeypatch.setattr("workbench.engine.dispatcher.UNWATCHED", 0.02)
    world = World(gpu3)
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
        yield here
    world[""].shut_down()


async def test_a_run_waits_for_a_stranger_to_leave(here: Desk, gpu3: FakeHost) -> None:
    gpu3.strangers["GPU-0"] = (BOB,)
    bob = {"pid": 4711, "user": "bob", "name": "python", "memory": 31 * GB, "ours": False}

    def seen(machine: dict[str, Any]) -> bool:
        return machine["sample"] is not None and machine["sample"]["devices"][0]["processes"] == [bob]

    await until(lambda: here.machine("gpu3"), seen)
    id = await here.submit("exit 0", gpus=1)
    await until(lambda: why_of(here, id), lambda why: why["text"].endswith("GPU 0 is used by bob (python, 31 GB)"))
    assert (await here.machine("gpu3"))["devices_used"] == {"GPU-0": "used by bob (python, 31 GB)"}
    gpu3.strangers.clear()
    assert (await here.until_run(id, "finished"))["machine"] == "gpu3"


async def test_a_run_waits_for_the_lease_of_another_engine(here: Desk, gpu3: FakeHost) -> None:
    await here.until_run(await here.submit("exit 0", gpus=1), "finished")
    gpu3.leases["GPU-0"] = Lease(4711, "bob", ours=False)
    id = await here.submit("exit 0", gpus=1)
    await until(lambda: why_of(here, id), lambda why: why["text"].endswith("GPU 0 is leased by bob"))
    gpu3.leases.clear()
    assert (await here.until_run(id, "finished"))["machine"] == "gpu3"


async def test_what_the_user_says_of_gpus_holds(
    tmp_path: Path, gpu3: FakeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("workbench.engine.dispatcher.UNWATCHED", 0.02)
    gpu3.strangers["GPU-0"] = (BOB,)
    async with desk(tmp_path, world := World(gpu3), monkeypatch, Rule(ignored=("python",))) as here:
        await here.call("machines_add", name="gpu3")
        await here.until_run(await here.submit("exit 0", gpus=1), "finished")
    world[""].shut_down()


async def test_a_lost_gpu_is_given_to_nobody_and_the_machine_says_so(here: Desk, gpu3: FakeHost) -> None:
    gpu3.lost["GPU-0"] = "GPU is lost"
    await until(lambda: here.machine("gpu3"), lambda machine: machine["devices"][0]["state"] == "lost")
    [warning] = (await here.machine("gpu3"))["warnings"]
    assert warning.startswith("GPU 0 is lost (GPU is lost) and is given to nobody")
    id = await here.submit("exit 0", gpus=1)
    await until(lambda: why_of(here, id), lambda why: why["text"].endswith("GPU 0 is lost (GPU is lost)"))
    gpu3.lost.clear()
    await here.until_run(id, "finished")
    assert not (await here.machine("gpu3"))["warnings"]


async def test_a_stranger_beside_a_run_of_ours_is_shown(here: Desk, gpu3: FakeHost) -> None:
    id = await here.submit("wait", gpus=1)
    await here.until_run(id, "running")
    gpu3.strangers["GPU-0"] = (BOB,)
    await until(lambda: here.machine("gpu3"), lambda machine: bool(machine["devices"][0]["strangers"]))
    device = (await here.machine("gpu3"))["devices"][0]
    assert device["state"] == "mine"
    assert device["strangers"] == [{"pid": 4711, "user": "bob", "name": "python", "memory": 31 * GB, "ours": False}]


async def test_a_stranger_who_came_since_the_last_sample_has_the_run_queue_again(here: Desk, gpu3: FakeHost) -> None:
    await here.until_run(await here.submit("exit 0", gpus=1), "finished")
    gpu3.newcomers["GPU-0"] = (BOB,)
    id = await here.submit("exit 0", gpus=1)
    await until(lambda: why_of(here, id), lambda why: why["text"].endswith("GPU 0 is used by bob (python, 31 GB)"))
    gpu3.newcomers.clear()
    assert (await here.until_run(id, "finished"))["attempts"] > 1


async def why_of(here: Desk, id: str) -> dict[str, Any]:
    return dict((await here.call("explain", run=id))["why"])


async def until(look: Callable[[], Awaitable[dict[str, Any]]], fits: Callable[[dict[str, Any]], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not fits(seen := await look()):
        assert time.monotonic() < deadline, f"waited in vain: {seen}"
        await asyncio.sleep(0.01)
