"""Several machines: taken on, drained, cut off and let go, while runs are there and engines come and go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import duckdb
import pytest

from tests.engine.machines import Desk, World, desk, until
from workbench.domain.resources import Capacity, Device
from workbench.errors import HostKeyUnknown, NotFound, Refused, Unreachable, UsageError
from workbench.remote.machines.fake import FakeHost

GB = 1_000_000_000


@pytest.fixture
async def world() -> AsyncIterator[World]:
    devices = tuple(Device(f"GPU-{index}", index, "NVIDIA L4", size * GB) for index, size in enumerate((80, 24)))
    world = World(FakeHost("gpu3", Capacity(8, 64 * GB, devices)), FakeHost("big", Capacity(32, 256 * GB)))
    yield world
    for host in world.hosts.values():
        host.shut_down()


@pytest.fixture
async def here(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with desk(tmp_path, world, monkeypatch) as here:
        yield here


async def test_a_machine_is_looked_at_and_gets_work(here: Desk) -> None:
    added = await here.call("machines_add", name="gpu3", rate=1.2, labels=["l4"], cpus=6)
    assert added["warnings"] == ["its disk is nearly full: make room"]
    assert added["probe"]["fingerprint"] == "SHA256:gpu3"
    machine = await here.until_machine("gpu3", "ok")
    assert (machine["cpus"], machine["rate"], machine["labels"], machine["address"]) == (6, 1.2, ["l4"], "gpu3")
    for options in ({"machine": "gpu3"}, {"labels": ["l4"]}, {"gpu_memory": 50 * GB}):
        run = await here.until_run(await here.submit("exit 0", **options), "finished")
        assert run["machine"] == "gpu3"


async def test_what_the_project_asks_for_holds_until_a_submit_says_otherwise(here: Desk) -> None:
    await here.call("machines_add", name="gpu3", labels=["l4"])
    asks = '[run]\ngpu-memory = "50GB"\nmachine = "gpu3"\nlabels = ["l4"]\n'
    (here.project / "workbench.toml").write_text(asks, "utf-8")
    usual = await here.run(await here.submit("exit 0", hold=True))
    assert [usual[key] for key in ("gpus", "gpu_memory", "pinned", "labels")] == [1, 50 * GB, "gpu3", ["l4"]]
    said = await here.run(await here.submit("exit 0", hold=True, gpus=0, machine="local", labels=[]))
    assert [said[key] for key in ("gpus", "gpu_memory", "pinned", "labels")] == [0, 0, "local", []]


async def test_the_gpu_that_is_large_enough_is_given(here: Desk) -> None:
    await here.call("machines_add", name="gpu3")
    large = await here.submit("wait", gpus=1, gpu_memory=50 * GB)
    small = await here.submit("wait", gpus=1)
    shares = [(await here.until_run(id, "running"))["detail"]["attempt"]["share"] for id in (large, small)]
    assert [share["devices"] for share in shares] == [["GPU-0"], ["GPU-1"]]
    with pytest.raises(UsageError, match="no machine has"):
        await here.submit("exit 0", gpus=2, gpu_memory=50 * GB)


async def test_an_unknown_host_key_is_for_a_person_to_approve(here: Desk, world: World) -> None:
    world.trusted.clear()
    with pytest.raises(HostKeyUnknown) as shown:
        await here.call("machines_add", name="gpu3")
    with pytest.raises(UsageError, match="not the one that was given"):
        await here.call("machines_add", name="gpu3", fingerprints=["SHA256:another"])
    with pytest.raises(NotFound):
        await here.machine("gpu3")
    await here.call("machines_add", name="gpu3", fingerprints=[shown.value.evidence["fingerprint"]])
    await here.until_machine("gpu3", "ok")


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ({"name": "local"}, "is there already"),
        ({"name": "-oProxyCommand=x"}, "no name"),
        ({"name": "gpu3", "address": "-oProxyCommand=x"}, "no address"),
        ({"name": "gpu3", "labels": ["a b"]}, "no label"),
        ({"name": "gpu3", "rate": -1.0}, "can't cost"),
        ({"name": "gpu3", "cpus": 2**31}, "the most is"),
        ({"name": "gpu3", "memory": 2**63}, "the most is"),
        ({"name": "gpu3", "colour": "red"}, "does not know colour"),
    ],
)
async def test_what_can_not_be_is_refused(here: Desk, asked: dict[str, object], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        await here.call("machines_add", **asked)


async def test_a_name_is_given_once(here: Desk) -> None:
    await here.call("machines_add", name="gpu3")
    with pytest.raises(Refused, match="already"):
        await here.call("machines_add", name="gpu3", address="big")


async def test_a_run_for_a_machine_that_is_not_there_is_refused(here: Desk) -> None:
    with pytest.raises(NotFound, match="gpu3"):
        await here.submit("exit 0", machine="gpu3")
    with pytest.raises(UsageError, match="l4"):
        await here.submit("exit 0", labels=["l4"])


async def test_an_engine_that_comes_back_knows_its_machines(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="lab", address="gpu3", labels=["l4"])
        run = await here.submit("wait", machine="lab")
        await here.until_run(run, "running")
        await here.call("machines_drain", name="local")
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.until_machine("lab", "ok")
        assert (await here.machine("lab"))["running"] == [run]
        await here.until_machine("local", "draining")
        await here.call("cancel", runs=[run])
        await here.until_run(run, "cancelled")


async def test_drain_lets_runs_finish_and_starts_none(here: Desk) -> None:
    await here.call("machines_add", name="gpu3")
    first = await here.submit("wait", machine="gpu3")
    await here.until_run(first, "running")
    assert (await here.call("machines_drain", name="gpu3"))["machine"]["status"] == "draining"
    second = await here.submit("exit 0", machine="gpu3")
    why = (await here.call("explain", run=second))["why"]
    assert why["text"] == "no machine (gpu3 is draining)"
    assert (await here.run(first))["status"] == "running"
    await here.call("machines_resume", name="gpu3")
    await here.until_run(second, "finished")


async def test_a_machine_under_two_names_is_said_to_be_one(here: Desk, world: World) -> None:
    await here.call("machines_add", name="gpu3")
    world.hosts["card"] = world.hosts["gpu3"]
    added = await here.call("machines_add", name="card")
    assert any("the same machine as gpu3" in warning for warning in added["warnings"])
    assert any("the same machine as card" in warning for warning in (await here.machine("gpu3"))["warnings"])


async def test_a_machine_is_removed_once_nothing_runs_there(here: Desk, world: World) -> None:
    await here.call("machines_add", name="gpu3")
    run = await here.submit("print bye", "wait", machine="gpu3")
    await here.until_run(run, "running")
    with pytest.raises(Refused, match="runs that are not over: "):
        await here.call("machines_remove", name="gpu3")
    await here.call("cancel", runs=[run])
    await here.until_run(run, "cancelled")
    await here.call("machines_remove", name="gpu3")
    with pytest.raises(NotFound):
        await here.machine("gpu3")
    assert (await here.call("logs", run=run))["text"] == "bye\n", "what ended there came home first"
    with pytest.raises(Refused):
        await here.call("machines_remove", name="local")


async def test_a_machine_that_is_gone_for_good_is_let_go_with_what_ran_there(here: Desk, world: World) -> None:
    await here.call("machines_add", name="gpu3")
    run = await here.submit("print bye", "wait", machine="gpu3")
    again = await here.submit("wait", retries=1, labels=[], machine="gpu3")
    for id in (run, again):
        await here.until_run(id, "running")
    with pytest.raises(Refused, match="gpu3 answers"):
        await here.call("machines_remove", name="gpu3", lost=True)
    world.cut("gpu3")
    await here.until_machine("gpu3", "unreachable")
    with pytest.raises(Refused, match="runs that are not over: ") as refused:
        await here.call("machines_remove", name="gpu3")
    assert refused.value.hint.startswith("workbench machines remove gpu3 --lost")
    await here.call("machines_remove", name="gpu3", lost=True)
    assert (await here.until_run(run, "lost"))["detail"]["reason"] == "gpu3 is gone for good"
    assert (await here.until_run(again, "queued"))["attempts"] == 1
    with pytest.raises(NotFound):
        await here.machine("gpu3")
    with pytest.raises(Unreachable, match="no machine of ours any more"):
        await here.call("logs", run=run)


async def test_a_partition_fails_nothing(here: Desk, world: World) -> None:
    """The run ends while nobody hears it; its metric, log and exit code arrive after the heal."""
    await here.call("machines_add", name="gpu3")
    run = await here.submit("sleep 0.7", 'metric {"loss":0.5}', "print done", "exit 3", machine="gpu3")
    await here.until_run(run, "running")
    world.cut("gpu3")
    cut = await here.until_machine("gpu3", "unreachable")
    assert cut["reason"] and cut["since"] and cut["running"] == [run]
    assert (await here.call("explain", run=run))["why"]["kind"] == "unreachable"
    await until(lambda: world["gpu3"].attempts[f"{run}.1"].over)
    assert (await here.run(run))["status"] == "running", "unreachable is not failed"
    waiting = await here.submit("exit 0", machine="gpu3")
    assert "out of reach" in (await here.call("explain", run=waiting))["why"]["text"]
    world.heal("gpu3")
    assert (await here.call("machines_check", name="gpu3"))["machine"]["status"] == "ok"
    assert (await here.until_run(run, "failed"))["exit_code"] == 3
    assert (await here.call("show", run=run))["metrics"]["loss"]["count"] == 1
    await here.until_run(waiting, "finished")
    assert world["gpu3"].attempts[f"{run}.1"].executions == 1


async def test_what_is_over_by_then_keeps_no_other_run_from_being_cancelled(here: Desk) -> None:
    first, other = [await here.submit("wait", hold=True) for _ in range(2)]
    told = (await here.call("cancel", runs=[first, first, other]))["runs"]
    assert [run["status"] for run in told] == ["cancelled"] * 3


async def test_a_cancel_waits_for_the_heal(here: Desk, world: World) -> None:
    await here.call("machines_add", name="gpu3")
    run = await here.submit("wait", machine="gpu3")
    await here.until_run(run, "running")
    world.cut("gpu3")
    await here.until_machine("gpu3", "unreachable")
    (told,) = (await here.call("cancel", runs=[run]))["runs"]
    assert told["status"] == "running" and told["detail"]["cancelled_by"]
    assert (await here.call("explain", run=run))["why"]["until"] == "It is stopped when gpu3 answers again."
    world.heal("gpu3")
    await here.until_run(run, "cancelled")


async def test_a_cancel_outlives_the_engine_that_took_it(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
        run = await here.submit("wait", machine="gpu3")
        await here.until_run(run, "running")
        world.cut("gpu3")
        await here.until_machine("gpu3", "unreachable")
        await here.call("cancel", runs=[run])
    world.heal("gpu3")
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.until_run(run, "cancelled")


async def test_a_reboot_loses_runs_and_says_why(here: Desk, world: World) -> None:
    await here.call("machines_add", name="gpu3")
    kept = await here.submit("wait", machine="gpu3")
    again = await here.submit("wait", machine="gpu3", retries=1)
    for run in (kept, again):
        await here.until_run(run, "running")
    world["gpu3"].reboot()
    lost = await here.until_run(kept, "lost")
    assert lost["detail"]["reason"] == "the machine was rebooted"
    assert (await here.until_run(again, "queued"))["retried"] == 1


async def test_a_machine_that_was_set_aside_stays_so_until_somebody_trusts_it(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
        one, other = ["exit", "{code}"], ["sleep", "0", ";", "exit", "{code}"]
        for machine, command, code in (("local", one, 0), ("gpu3", one, 1), ("gpu3", other, 1), ("gpu3", one, 1)):
            asked = {"command": command, "params": {"code": code}, "machine": machine}
            reply = await here.call("submit", directory=str(here.project), **asked)
            await here.until_run(reply["ids"][0], "failed" if code else "finished")
        reason = (await here.until_machine("gpu3", "set aside"))["reason"]
    async with desk(tmp_path, world, monkeypatch) as here:
        assert (await here.until_machine("gpu3", "set aside"))["reason"] == reason
        await here.call("machines_resume", name="gpu3")
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.until_machine("gpu3", "ok")


async def test_a_machine_that_is_let_go_takes_what_was_held_against_it_along(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
    with duckdb.connect(str(next(tmp_path.rglob("history.duckdb")))) as history:
        history.execute("INSERT INTO aside VALUES ('gpu3', 'it burns')")
    async with desk(tmp_path, world, monkeypatch) as here:
        assert (await here.until_machine("gpu3", "set aside"))["reason"] == "it burns"
        await here.call("machines_remove", name="gpu3")
        await here.call("machines_add", name="gpu3")
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.until_machine("gpu3", "ok")


async def test_two_machines_share_the_work(here: Desk) -> None:
    await here.call("machines_add", name="gpu3")
    await here.call("machines_add", name="big")
    runs = [await here.submit("wait", cpus=8) for _ in range(5)]
    where = sorted([(await here.until_run(run, "running"))["machine"] for run in runs])
    assert where == ["big"] * 4 + ["gpu3"]
    for run in runs:
        await here.call("cancel", runs=[run])
        await here.until_run(run, "cancelled")


async def test_a_run_whose_machine_is_on_record_no_more_is_lost(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
        run = await here.submit("wait", machine="gpu3")
        await here.until_run(run, "running")
    with duckdb.connect(str(next(tmp_path.rglob("history.duckdb")))) as history:
        history.execute("DELETE FROM machine")
    async with desk(tmp_path, world, monkeypatch) as here:
        lost = await here.until_run(run, "lost")
        assert lost["detail"]["reason"] == "the machine gpu3 is not ours any more"
