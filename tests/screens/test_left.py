"""Opening again leads to where one was."""

from __future__ import annotations

import json
import stat
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.screens.driver import open_app
from tests.screens.made_up import a_team, many
from workbench import left
from workbench.domain.view import View
from workbench.left import Left

HERE = Left("queue", "", "r0000013", 1, View("is:live", "-metric.loss", ("metric.acc",)))


async def test_screen_cursor_filter_sort_and_columns_come_back(tmp_path: Path) -> None:
    memory = str(tmp_path / "state" / "desk.json")
    async with open_app(a_team(), tmp_path, memory=memory) as (person, _):
        await person.sees("brave-sunset-12", "0.2545")
        await person.press("/")
        await person.burst("is:live")
        await person.press("enter")
        await person.sees("8 runs  is:live")
        await person.press("o")
        await person.type("metric.loss")
        await person.press("enter")
        await person.sees("loss▴")
        await person.press("O")
        await person.sees("loss▾")
        await person.press("M", *"acc", "tab")
        await person.sees("1 metric.acc")
        await person.press("enter")
        await person.loses("show or hide")
        await person.sees("  acc")
        await person.press("j", "j", "3")
        await person.sees("GPU use")
        await person.press("q")
    assert stat.S_IMODE(Path(memory).stat().st_mode) == 0o600
    async with open_app(a_team(), tmp_path, memory=memory) as (person, _):
        await person.sees("GPU use")
        await person.press("2")
        screen = await person.sees("8 runs  is:live  by metric.loss ▾", "acc", "keen-falcon-14")
        assert "loss▾" not in screen, "acc stands in its place"
        await person.until(lambda: person.app.left.index == 2, "the cursor")
        await person.press("enter")
        await person.sees("keen-falcon-14  ▶ running")
        await person.press("q")
    async with open_app(a_team(), tmp_path, memory=memory) as (person, _):
        await person.sees("keen-falcon-14  ▶ running")
        await person.press("escape")
        await person.sees("8 runs  is:live")


async def test_the_cursor_comes_back_far_down_a_long_list(tmp_path: Path) -> None:
    memory = str(tmp_path / "desk.json")
    async with open_app(many(2000), tmp_path, memory=memory) as (person, _):
        await person.sees("2,019 runs")
        await person.press("G")
        await person.sees("warm-delta-4")
        await person.press("ctrl+u")
        await person.until(lambda: person.app.left.run not in ("", "r0000001"), "the cursor up")
        before = person.app.left
        await person.press("q")
    async with open_app(many(2000), tmp_path, memory=memory) as (person, engine):
        await person.until(lambda: engine.called("runs") != [], "the list")
        await person.sees(engine.world.find(before.run).name[:20])
        assert "brave-sunset-12" not in person.text()
        await person.press("j")
        await person.until(lambda: person.app.left.index == before.index + 1, "the cursor one row below")


async def test_it_is_kept_while_one_works_not_only_on_leaving(tmp_path: Path) -> None:
    memory = tmp_path / "desk.json"
    async with open_app(a_team(), tmp_path, memory=str(memory)) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("j")
        await person.until(lambda: memory.exists() and left.load(str(memory)).run == "r0000013", "it to be kept")


async def test_what_was_asked_for_goes_before_what_was_left(tmp_path: Path) -> None:
    memory = tmp_path / "desk.json"
    memory.write_text(json.dumps(asdict(HERE)))
    async with open_app(a_team(), tmp_path, screen="projects", memory=str(memory)) as (person, _):
        await person.sees("vision/defects")


@pytest.mark.parametrize(
    "rubbish",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"{",
        b"[" * 5000,
        b'{"screen": 3, "view": [], "index": -1, "run": "\\u001b[2J"}',
        b'{"view": {"filter": "lr= ", "order": "queue", "columns": []}}',
        b'{"view": {"filter": "", "order": 3, "columns": ["lr"]}}',
        b'{"index": true, "screen": null}',
    ],
)
def test_rubbish_is_as_if_nothing_was_kept(tmp_path: Path, rubbish: bytes) -> None:
    file = tmp_path / "desk.json"
    file.write_bytes(rubbish)
    assert left.load(str(file)) == Left()


async def test_an_order_that_makes_no_sense_any_more_leaves_a_list(tmp_path: Path) -> None:
    memory = tmp_path / "desk.json"
    memory.write_text(json.dumps(asdict(Left("nowhere", "", "gone", 5000, View("", "-metric.gone")))))
    async with open_app(a_team(), tmp_path, memory=str(memory)) as (person, _):
        await person.sees("19 runs", "brave-sunset-12")


def test_what_is_saved_is_loaded(tmp_path: Path) -> None:
    file = str(tmp_path / "state" / "desk.json")
    left.save(file, HERE)
    assert left.load(file) == HERE


def test_a_place_that_cannot_be_written_is_no_trouble(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a directory should be")
    left.save(str(tmp_path / "state" / "desk.json"), HERE)
