"""What a run waits for before it can start: told as it comes, and given up when nobody wants it any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.machines import Desk, World, desk, until

BUILDING = {"what": "building the environment", "done": 0, "total": 1, "unit": "packages"}


async def until_told(here: Desk, run: str) -> None:
    """Until the machine has said how much there is to do for it."""

    async def look() -> dict[str, Any]:
        return {"progress": (await here.call("explain", run=run))["progress"]}

    await here._until(look, "progress", BUILDING)


async def test_all_that_wait_for_one_environment_hear_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world[""].building.clear()
    async with desk(tmp_path, world, monkeypatch) as here:
        one = await here.submit("exit 0", packages=["six==1.17.0"])
        await until_told(here, one)
        other = await here.submit("exit 0", packages=["six==1.17.0"])
        await here.until_run(other, "preparing")
        rows = (await here.call("runs"))["rows"]
        assert {row["run"]["id"]: row.get("progress") for row in rows}[one] == BUILDING
        world[""].building.set()
        for run in (one, other):
            await here.until_run(run, "finished")
            assert (await here.call("wait", run=run))["progress"] is None
    assert world[""].builds == 1


async def test_a_cancel_does_not_wait_for_the_build_and_ends_it_with_the_last_who_wanted_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    host = world[""]
    host.building.clear()
    async with desk(tmp_path, world, monkeypatch) as here:
        one = await here.submit("exit 0", packages=["six==1.17.0"])
        other = await here.submit("exit 0", packages=["six==1.17.0"])
        await until_told(here, one)
        await here.until_run(other, "preparing")
        await here.call("cancel", runs=[one])
        await here.until_run(one, "cancelled")
        assert host.given_up == 0
        await here.call("cancel", runs=[other])
        await here.until_run(other, "cancelled")
        await until(lambda: host.given_up == 1)
        host.building.set()
        again = await here.submit("exit 0", packages=["six==1.17.0"])
        await here.until_run(again, "finished")
    assert host.builds == 1
