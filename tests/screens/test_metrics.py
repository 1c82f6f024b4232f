"""The metrics of a run as charts that one can hold, with keys and mouse."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from textual import events

from tests.screens.driver import Person, open_app
from tests.screens.made_up import HOSTILE, World, a_team
from tests.screens.test_hostile import harmless

RUN = "brave-sunset-12"


async def on_metrics(person: Person) -> None:
    await person.sees("epoch  7/40")
    await person.press("]")
    await person.sees("▪ loss 0.2545  ▪ val_loss 0.3535   by step", "⣀")


async def test_the_metric_of_the_project_comes_first(tmp_path: Path) -> None:
    """In the pane, and in the chart that stands beside it where there is room."""
    world = a_team()
    world.metric = "acc"
    async with open_app(world, tmp_path, (200, 50), run=RUN) as (person, engine):
        await person.sees("epoch  7/40", "acc  0.9268")
        assert {asked["keys"][0] for asked in engine.called("series")} == {"acc"}, "no other one at first"
        await person.press("]")
        await person.sees("acc  0.9268   by step")


def x_labels(person: Person) -> list[str]:
    """Below the first chart."""
    return next(
        line for line in person.text().splitlines() if re.fullmatch(r"[ 0-9.hms]+", line) and line.strip()
    ).split()


async def test_kin_share_a_chart_and_the_list_tells_the_best(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run=RUN) as (person, engine):
        await on_metrics(person)
        assert "metric" in person.text() and "last" in person.text()
        asked = engine.called("series")[-1]
        assert (asked["keys"], asked["bands"]) == (["loss", "val_loss"], True)


async def test_enter_charts_a_metric_and_space_overlays(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run=RUN) as (person, _):
        await on_metrics(person)
        await person.press("enter")
        await person.sees("loss  0.2545   by step")
        await person.press("j", "j", "enter")
        await person.sees("acc  0.9268   by step")
        await person.press("k", "space")
        await person.sees("acc · loss  ▪ acc 0.9268  ▪ val_loss 0.3535")
        await person.press("space")
        await person.sees("acc  0.9268   by step")
        await person.press("space", "k", "space")
        await person.sees("▪ acc 0.9268  ▪ val_loss 0.3535  ▪ loss 0.2545")


async def test_x_goes_from_steps_to_time_and_to_epochs(tmp_path: Path) -> None:
    world = a_team()
    world.curves["r0000012"]["epoch"] = [step / 10 for step in range(60)]
    async with open_app(world, tmp_path, run=RUN) as (person, engine):
        await on_metrics(person)
        await person.press("x")
        await person.sees("by time")
        assert x_labels(person)[:3] == ["0s", "2m", "4m"]
        await person.press("x")
        await person.sees("by epoch", "⣀")
        assert engine.called("series")[-1]["keys"] == ["loss", "val_loss", "epoch"]
        await person.press("x")
        await person.sees("by step")
        await person.press("@")
        await person.sees(f"workbench plot {RUN} loss val_loss --x epoch")


async def test_without_epochs_there_are_steps_and_time(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run=RUN) as (person, _):
        await on_metrics(person)
        await person.press("x")
        await person.sees("by time")
        await person.press("x")
        await person.sees("by step")


async def test_zoom_pan_and_all_of_it_again(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run=RUN) as (person, _):
        await on_metrics(person)
        assert x_labels(person)[0] == "0"
        await person.press("+")
        await person.until(lambda: x_labels(person)[0] == "15", "the middle")
        await person.press(">")
        await person.until(lambda: x_labels(person)[-1] == "50", "what comes later")
        await person.press("<", "<", "_")
        await person.until(lambda: x_labels(person)[0] == "0", "more")
        await person.press("+", "+", "0")
        await person.until(lambda: x_labels(person)[-1] == "60", "everything")


async def test_a_cursor_reads_values_in_the_heading(tmp_path: Path) -> None:
    world = a_team()
    loss, val = (world.curves["r0000012"][key] for key in ("loss", "val_loss"))
    async with open_app(world, tmp_path, run=RUN) as (person, _):
        await on_metrics(person)
        await person.press("left")
        await person.sees("at step 59")
        await person.press("left")
        await person.sees("at step 58", f"loss {loss[58]:.4f}", f"val_loss {val[58]:.4f}", "│")
        await person.press("right")
        await person.sees("at step 59")
        await person.press("0")
        await person.sees("by step")


async def test_scales_and_smoothing_are_said_and_noted(tmp_path: Path) -> None:
    world = a_team()
    world.curves["r0000012"]["loss"][3] = 0.0
    async with open_app(world, tmp_path, (120, 36), run=RUN) as (person, _):
        await person.sees("epoch  7/40")
        await person.press("]", "enter", "L")
        await person.sees("log y  1 not above 0 left out")
        await person.press("s")
        await person.sees("smoothed 0.6")
        await person.press("L")
        await person.sees("log x")
        await person.press("@")
        await person.sees(f"workbench plot {RUN} loss --log --smooth 0.6")


async def test_marked_runs_are_drawn_along(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (160, 40)) as (person, engine):
        await person.sees(RUN)
        await person.press("j", "space", "k", "k", "enter")
        await person.sees("epoch  7/40")
        await person.press("]", "enter")
        await person.sees(f"loss  ▪ {RUN} 0.2545  ▪ calm-river-13 0.2864")
        assert engine.called("series")[-1]["runs"] == ["r0000012", "r0000013"]


@pytest.mark.parametrize(("size", "charts"), [((80, 24), 1), ((120, 36), 2), ((200, 50), 2)])
async def test_where_there_is_room_the_others_stand_beside(tmp_path: Path, size: tuple[int, int], charts: int) -> None:
    async with open_app(a_team(), tmp_path, size, run=RUN) as (person, _):
        await on_metrics(person)

        def shown() -> int:
            return sum(chart.display and bool(chart.region.height) for chart in person.app.screen.query("Charts Chart"))

        await person.until(lambda: shown() == charts, f"{charts} charts")
        if charts > 1:
            await person.sees("acc  0.9268   by step")


async def test_a_stretch_of_a_long_run_is_fetched_point_by_point(tmp_path: Path) -> None:
    world = a_team()
    world.curves["r0000012"] = {"loss": [1 + math.sin(step / 900) for step in range(40_000)]}
    async with open_app(world, tmp_path, run=RUN) as (person, engine):
        await person.sees("epoch  7/40")
        await person.press("]")
        await person.sees("by step", "30k")
        await person.press(*["+"] * 8)

        def asked_for_a_little() -> bool:
            asked = engine.called("series")[-1]
            first, last = int(asked.get("first", 0)), int(asked.get("last", 0))
            return first < 20_000 < last < first + 500

        await person.until(asked_for_a_little, "the middle being fetched")
        await person.press("left", "left")
        await person.sees("at step 200")


async def test_what_comes_in_leaves_the_stretch_where_it_is(tmp_path: Path) -> None:
    world = a_team()
    async with open_app(world, tmp_path, run=RUN) as (person, engine):
        await on_metrics(person)
        await person.press("+")
        await person.until(lambda: x_labels(person)[0] == "15", "the middle")
        world.curves["r0000012"]["loss"] += [0.111] * 40
        await engine.tell("metrics", {"runs": {"r0000012": {"loss": 0.111}}})
        await person.sees("loss 0.1110")
        assert x_labels(person)[0] == "15"
        await person.press("0")
        await person.until(lambda: x_labels(person)[-1] == "100", "all that came")


async def test_the_wheel_zooms_and_a_click_reads(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run=RUN) as (person, _):
        await on_metrics(person)
        await person.pilot.click("Charts Chart", offset=(20, 5))
        await person.sees("at step")
        await person.press("0")
        await person.sees("by step")
        await person.pilot._post_mouse_events([events.MouseScrollUp], "Charts Chart", offset=(5, 5))
        await person.until(lambda: x_labels(person)[-1] == "30", "the beginning")


async def test_no_metrics_say_how_to_make_some(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="lucid-dawn-16") as (person, _):
        await person.sees("queued")
        await person.press("]")
        await person.sees("no metrics yet: wb.log(loss=0.3)")
        await person.press("enter", "space", "+", "left", "m", "x")
        await person.sees("no metrics yet")


async def test_metrics_that_mean_ill(tmp_path: Path) -> None:
    world: World = a_team()
    world.curves["r0000012"] = {text: [0.1, math.nan, math.inf, -1e308, 1e308] for text in HOSTILE}
    async with open_app(world, tmp_path, (200, 50), run=RUN) as (person, _):
        await person.sees("epoch  7/40")
        await person.press("]")
        await person.sees("metric", "last", "by step")
        for key in ("space", "j", "space", "j", "j", "enter", "s", "L", "left", "x", "+", ">", "L", "L", "@"):
            await person.press(key)
            assert harmless(person)
