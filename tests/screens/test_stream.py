from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tests.screens.fake_engine import FakeEngine, serving
from tests.screens.made_up import a_team
from workbench.client.stream import Disconnected, Note, connect
from workbench.errors import EngineUnreachable, FilterError, NotFound, VersionMismatch


async def test_calls_are_answered_each_with_its_own(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with serving(a_team(), path), connect(path) as engine:
        first, second, third = await asyncio.gather(
            engine.call("runs", limit=1), engine.call("projects"), engine.call("show", run="12")
        )
    assert first["total"] == 19
    assert len(second["projects"]) == 3
    assert third["run"]["name"] == "brave-sunset-12"


async def test_what_the_engine_raised_is_raised_here(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with serving(a_team(), path), connect(path) as engine:
        with pytest.raises(NotFound, match="zebra") as missing:
            await engine.call("show", run="zebra")
        assert missing.value.hint
        with pytest.raises(FilterError) as wrong:
            await engine.call("runs", filter="a AND (")
        assert wrong.value.evidence["column"] >= 0


async def test_notes_come_in_order_and_end_with_the_connection(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with serving(a_team(), path) as fake, connect(path) as engine:
        for number in range(3):
            await fake.tell("metrics", {"runs": {"r": {"loss": number}}})
        await fake.stop()
        heard = [note async for note in engine.notifications()]
        assert [note.params["runs"]["r"]["loss"] for note in heard if isinstance(note, Note)] == [0, 1, 2]
        assert isinstance(heard[-1], Disconnected)
        with pytest.raises(EngineUnreachable):
            await engine.call("status")


async def test_a_call_under_way_when_the_engine_goes_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "s")
    async with serving(a_team(), path) as fake, connect(path) as engine:

        def die() -> dict[str, Any]:
            raise ConnectionResetError

        monkeypatch.setattr(fake, "do_projects", die)
        with pytest.raises(EngineUnreachable):
            await engine.call("projects")


async def test_a_slow_listener_learns_why_it_was_dropped(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with serving(a_team(), path) as fake, connect(path) as engine:
        await fake.tell("dropped", {"reason": "1,000 notes behind"})
        heard = [note async for note in engine.notifications()]
        assert "1,000 notes behind" in getattr(heard[-1], "why", "")


async def test_no_engine_is_an_error_with_its_place(tmp_path: Path) -> None:
    with pytest.raises(EngineUnreachable, match="no engine answers"):
        async with connect(str(tmp_path / "nobody")):
            pass


async def test_another_protocol_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(tmp_path / "s")
    async with serving(a_team(), path) as fake:

        def newer(protocol: int, version: str) -> dict[str, Any]:
            return {"protocol": 99, "version": "9.0"}

        monkeypatch.setattr(fake, "do_hello", newer)
        with pytest.raises(VersionMismatch, match="99"):
            async with connect(path):
                pass


async def test_nonsense_ends_the_connection(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    async with serving(a_team(), path) as fake, connect(path) as engine:
        for writer in writers(fake):
            writer.write(b"not json\n")
        heard = [note async for note in engine.notifications()]
        assert "not a line of JSON" in getattr(heard[-1], "why", "")


def writers(fake: FakeEngine) -> list[asyncio.StreamWriter]:
    return list(fake._writers)
