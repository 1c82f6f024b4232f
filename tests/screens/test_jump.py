"""`:`, typed as a person would, with the list of what fits above it."""

from __future__ import annotations

from pathlib import Path

from tests.screens.driver import open_app
from tests.screens.made_up import a_team


async def test_a_colon_jumps(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":")
        await person.type("mach")
        await person.sees("▸ screen  machines")
        await person.press("enter")
        await person.sees("GPU use")
        await person.press(":")
        await person.type("runs river")
        await person.press("enter")
        await person.sees("1 run  river")
        await person.press(":")
        await person.type("calm-river-13")
        await person.press("enter")
        await person.sees("epoch  7/40")
        await person.press(":")
        await person.type("q")
        await person.press("enter")
        await person.until(lambda: person.app.return_value == 0, "the end")


async def test_to_a_machine_a_project_and_a_comparison(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36)) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":")
        await person.type("machines gpu3")
        await person.sees("▸ machine gpu3")
        await person.press("enter")
        await person.sees(" gpu3  ● ok  held by runs", "GPU use")
        await person.press(":")
        await person.type("defects")
        await person.sees("▸ project vision/defects")
        await person.press("enter")
        await person.sees("runs  project=vision/defects")
        await person.press(":")
        await person.type("compare brave-sunset-12 calm-riv")
        await person.press("enter")
        await person.sees("2 runs")


async def test_a_run_that_nobody_looked_at_yet_is_found_by_the_engine(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, screen="machines") as (person, engine):
        await person.sees("GPU use")
        await person.press(":")
        await person.type("brave-sunset-12")
        await person.press("enter")
        await person.sees("epoch  7/40")
        assert any(asked.get("filter", "").startswith("name:brave-sunset-12*") for asked in engine.called("runs"))


async def test_up_tab_and_escape(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":", "up")
        await person.sees("▸ screen  runs")
        await person.press("up", "tab")
        await person.sees(" : machines")
        await person.press("escape")
        await person.loses(" : machines")
        await person.press("j", "4")
        await person.sees("calm-river-13  ▶ running")


async def test_what_is_called_like_nothing_stays_open(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":")
        await person.type("xyzzy")
        await person.sees("nothing here is called that")
        await person.press("enter")
        await person.sees("nothing here is called that")


async def test_a_click_goes_there(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":")
        await person.type("machines")
        await person.sees("▸ screen  machines")
        line = next(y for y, text in enumerate(person.text().splitlines()) if "▸" in text)
        await person.pilot.click(offset=(12, line))
        await person.sees("GPU use")
