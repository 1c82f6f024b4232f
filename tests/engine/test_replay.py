"""What happened in a time, as the engine tells it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.machines import World, desk
from workbench.domain.machines import LOCAL
from workbench.engine.mind import now
from workbench.errors import UsageError


async def test_a_night_comes_in_order_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, World(), monkeypatch) as here:
        began = now()
        run = await here.submit("exit 3")
        await here.until_run(run, "failed")
        asked = {"since": began, "until": now() + 1, "limit": 2}
        first = await here.call("replay", **asked)
        second = await here.call("replay", **asked, after=first["next"])
        last = await here.call("replay", **asked, after=second["next"])
        assert (last["events"], last["next"]) == ([], None)
        night = [*first["events"], *second["events"]]
        assert [(event["kind"], event["run"], event["machine"]) for event in night] == [
            (kind, run, LOCAL) for kind in ("submitted", "placed", "started", "ended")
        ]
        assert (night[-1]["status"], night[-1]["exit_code"]) == ("failed", 3)
        assert (await here.call("replay", since=now() + 1, until=now() + 2))["events"] == []
        with pytest.raises(UsageError):
            await here.call("replay", since=began)


async def test_runs_come_with_all_that_happened_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, World(), monkeypatch) as here:
        run = await here.submit("exit 3")
        await here.until_run(run, "failed")
        between = now()
        later = await here.submit("exit 0", hold=True)
        asked = {"since": 0, "until": now() + 1}
        first = await here.call("replay_runs", **asked, limit=1)
        second = await here.call("replay_runs", **asked, limit=1, after=first["next"])
        last = await here.call("replay_runs", **asked, limit=1, after=second["next"])
        assert [first["total"], second["total"], last] == [2, 2, {"total": 2, "runs": [], "next": None}]
        rows = {row["run"]["id"]: [kind for _, kind, _ in row["events"]] for row in first["runs"] + second["runs"]}
        assert rows == {run: ["submitted", "placed", "started", "ended"], later: ["submitted"]}
        after = await here.call("replay_runs", since=between, until=now() + 1)
        assert [row["run"]["id"] for row in after["runs"]] == [later], "what was over before is not there"
        before = await here.call("replay_runs", since=0, until=between)
        assert [row["run"]["id"] for row in before["runs"]] == [run]


async def test_samples_of_a_machine_come_one_a_stretch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with desk(tmp_path, World(), monkeypatch) as here:
        asked = {"machine": LOCAL, "since": 0, "until": 1000}
        assert await here.call("replay_samples", **asked) == {"machine": LOCAL, "samples": []}
        with pytest.raises(UsageError, match="more than 1,000 samples"):
            await here.call("replay_samples", **{**asked, "until": now()})
