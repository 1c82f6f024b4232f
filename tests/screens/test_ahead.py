"""What the first screen asks is asked before it is there."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.screens.driver import Person
from tests.screens.fake_engine import serving
from tests.screens.made_up import NOW, a_team
from workbench import left, paths, screens
from workbench.app import Workbench
from workbench.client.ahead import QUESTIONS, Ahead
from workbench.left import Left


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    Path(paths.socket()).parent.mkdir(parents=True, exist_ok=True)


async def test_the_first_list_is_drawn_from_it_before_there_is_a_road(tmp_path: Path) -> None:
    async with serving(a_team(), paths.socket()) as engine:
        ahead = await asyncio.to_thread(Ahead.ask)
        assert ahead is not None
        await asyncio.to_thread(ahead.arrive)
        assert [verb for verb, _ in engine.calls] == ["hello", *(verb for verb, _ in QUESTIONS)]
    app = Workbench(socket=str(tmp_path / "nobody"), ahead=ahead, clock=lambda: NOW)
    async with app.run_test(size=(120, 36)) as pilot:
        await Person(app, pilot).sees("brave-sunset-12", "no engine answers")


async def test_the_place_where_one_was_comes_back_with_it(tmp_path: Path) -> None:
    async with serving(a_team(), paths.socket()) as engine:
        ahead = await asyncio.to_thread(Ahead.ask)
        assert ahead is not None
        await asyncio.to_thread(ahead.arrive)
        here = engine.world.ordered()[9]
    memory = str(tmp_path / "desk.json")
    left.save(memory, Left("queue", "", here.id, 9))
    app = Workbench(socket=str(tmp_path / "nobody"), ahead=ahead, clock=lambda: NOW, memory=memory)
    async with app.run_test(size=(120, 16)) as pilot:
        person = Person(app, pilot)
        await person.sees(here.name, "brave-sunset-12")
        await person.until(lambda: app.left.run == here.id, "the cursor on it")


async def test_who_asks_again_wants_to_know_what_is_true_by_then() -> None:
    async with serving(a_team(), paths.socket()):
        ahead = await asyncio.to_thread(Ahead.ask)
        assert ahead is not None
        await asyncio.to_thread(ahead.arrive)
    for verb, params in QUESTIONS:
        assert ahead.take(verb, params) is not None
        assert ahead.take(verb, params) is None


def test_no_engine_is_started_for_it() -> None:
    assert Ahead.ask() is None


async def test_an_engine_that_goes_away_meanwhile_leaves_nothing() -> None:
    async with serving(a_team(), paths.socket()) as engine:
        engine.do_runs = engine.do_status = None  # type: ignore[method-assign, assignment]
        ahead = await asyncio.to_thread(Ahead.ask)
    assert ahead is not None
    await asyncio.to_thread(ahead.arrive)
    assert all(ahead.take(verb, params) is None for verb, params in QUESTIONS)


def test_the_first_screen_waits_for_no_other_to_be_read() -> None:
    code = "import sys, workbench.app, workbench.screens.queue; print(*sys.modules)"
    read = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {f"workbench.screens.{name}" for name in ("compare", "jump", "machines", "projects", "run")} & {*read}


def test_every_screen_can_be_read() -> None:
    screens.read()
    assert {getattr(screens, name).__name__ for name in screens._MODULES} == {*screens._MODULES}
