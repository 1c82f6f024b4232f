"""Which wheels fit which machine, as uv and the package index say it, and how a run comes by them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.engine.machines import PATIENCE, World, desk
from workbench import paths
from workbench.client.stream import Note, connect
from workbench.domain.machines import LOCAL
from workbench.engine import wheels
from workbench.errors import BuildError
from workbench.remote.machines.base import Platform

COMPILED = "markupsafe==3.0.2\ncolorama==0.4.6 ; sys_platform == 'win32'\n"


async def found(lock: str, platform: Platform) -> Sequence[str]:
    return [offer.wheel.file for offer in await wheels._find(lock, platform)]


@pytest.mark.parametrize(
    ("machine", "glibc", "fits"),
    [
        ("x86_64", "2.36", "manylinux_2_17_x86_64"),
        ("x86_64", "", "musllinux_1_2_x86_64"),
        ("aarch64", "2.99", "manylinux_2_17_aarch64"),
    ],
)
async def test_wheels_are_those_of_the_machine(machine: str, glibc: str, fits: str) -> None:
    [name] = await found(COMPILED, Platform("3.12.4", machine, glibc))
    assert name.startswith("MarkupSafe-3.0.2-cp312-cp312-") and fits in name


@pytest.mark.parametrize(("machine", "glibc"), [("riscv64", "2.39"), ("x86_64", "2.5"), ("armv7l", "")])
async def test_machines_that_nobody_builds_wheels_for(machine: str, glibc: str) -> None:
    with pytest.raises(BuildError, match=f"can't be chosen for Python 3.12.4 on {machine}"):
        await found(COMPILED, Platform("3.12.4", machine, glibc))


async def test_a_wheel_that_the_lock_does_not_vouch_for_is_none() -> None:
    with pytest.raises(BuildError, match=r"of six 1\.17\.0"):
        await found(f"six==1.17.0 --hash=sha256:{'0' * 64}\n", Platform("3.12.4", "x86_64", "2.36"))


async def test_what_uv_says_of_a_lock_that_can_not_be() -> None:
    with pytest.raises(BuildError) as caught:
        await found("six==99.0\n", Platform("3.12.4", "x86_64", "2.36"))
    assert "six==99.0" in caught.value.evidence["words"]


async def test_a_run_waits_for_wheels_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    host = world[""]
    host.offline = True
    host.lose_reply_to.add("supply")
    monkeypatch.setattr("workbench.engine.news.PROGRESS_EVERY", 0)
    async with desk(tmp_path, world, monkeypatch) as here, connect(paths.socket()) as watching:
        await watching.call("subscribe", topics=["runs"])
        run = await here.submit("exit 0", packages=["six==1.17.0"])
        told: list[str] = []
        async with asyncio.timeout(PATIENCE):
            async for note in watching.notifications():
                assert isinstance(note, Note)
                if note.method == "progress":
                    told += [said["what"] for said in note.params["runs"].values()]
                elif any(change["run"]["status"] == "finished" for change in note.params.get("changes", ())):
                    break
        await here.until_run(run, "finished")
    assert host.builds == 1 and len(host.wheels) == 1
    looking = told.index(f"{LOCAL} reaches no package index: looking for wheels here")
    assert {"fetching wheels", "sending wheels"} & set(told[looking:])
