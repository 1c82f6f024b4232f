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
