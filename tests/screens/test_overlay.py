"""The curves of a comparison, by key: 2 and 50 runs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.screens.driver import Person, open_app
from tests.screens.made_up import NOW, World, a_study, attempt
from tests.screens.test_compare import compare
from workbench.domain.status import Running
from workbench.domain.time import SECOND
from workbench.widgets.chart import Chart


async def overlay(person: Person, world: World) -> None:
    """The curves of all of the world's runs, in the order of their numbers."""
    await compare(person, world)
    await person.press("]", "]")
    await person.sees("▪ brave-sunset-40", "by step", "⣀")


def losses(world: World, number: int) -> list[float]:
    return list(world.curves.values())[number]["loss"]


def row(person: Person, name: str) -> list[str]:
    """What the list says of a run that is drawn."""
    return person.line(f"▪  {name}").partition("│")[0].split()[2:]


def styles(person: Person) -> list[tuple[str, bool, bool]]:
    """Style, boldness and faintness of each curve, the one in front first."""
    return [(one.style, one.bold, one.faint) for one in person.app.screen.query_one(Chart)._series]


async def test_two_runs_with_a_legend_that_reads_at_the_cursor(tmp_path: Path) -> None:
    world = a_study(2)
    async with open_app(world, tmp_path) as (person, engine):
        await overlay(person, world)
        assert row(person, "calm-river-41") == [f"{min(losses(world, 1)):.4f}", f"{losses(world, 1)[-1]:.4f}"]
        assert [bold for _, bold, _ in styles(person)] == [True, False]
        asked = engine.called("series")
        assert [one["runs"] for one in asked] == [["r0000040", "r0000041"]]
        await person.press("right", *["left"] * 3)
        await person.until(lambda: row(person, "calm-river-41")[-1] != f"{losses(world, 1)[-1]:.4f}", "another value")
        head = next(line for line in person.text().splitlines() if " best" in line and " step " in line)
        step = int(head.split()[-1])
        assert row(person, "calm-river-41")[-1] == f"{losses(world, 1)[step]:.4f}"
        await person.press("0")
        await person.sees("best         last")


async def test_j_makes_the_next_run_bold_and_enter_opens_it(tmp_path: Path) -> None:
    world = a_study(2)
    async with open_app(world, tmp_path) as (person, _):
        await overlay(person, world)
        await person.press("j")
        await person.sees(f"loss  ▪ calm-river-41 {losses(world, 1)[-1]:.4f}")
        await person.press("enter")
        await person.sees("calm-river-41  ✓ finished")


async def test_another_metric_and_axes_note_the_command_line(tmp_path: Path) -> None:
    world = a_study(2)
    async with open_app(world, tmp_path) as (person, engine):
        await overlay(person, world)
        await person.press("m")
        await person.sees("val_loss  ▪ brave-sunset-40")
        await person.press("x")
        await person.sees("by time")
        await person.press("x")
        await person.sees("by epoch", "⣀")
        assert engine.called("series")[-1]["keys"] == ["val_loss", "epoch"]
        await person.press("L", "s")
        await person.sees("by epoch  smoothed 0.6  log y")
        await person.press("@")
        await person.sees(
            "workbench plot brave-sunset-40 loss --with calm-river-41",
            "plot brave-sunset-40 val_loss --with calm-river-41 --log",
            "--smooth 0.6 --x epoch",
        )


async def test_what_is_zoomed_into_comes_for_all_runs_at_once(tmp_path: Path) -> None:
    world = a_study(9)
    for curves in world.curves.values():
        curves["loss"] = [value for value in curves["loss"] for _ in range(20)]
    async with open_app(world, tmp_path) as (person, engine):
        await overlay(person, world)
        await person.press("+")
        await person.until(lambda: "first" in engine.called("series")[-1], "the points of the stretch")
        closer = [one for one in engine.called("series") if "first" in one]
        assert len(closer) == 1 and len(closer[0]["runs"]) == 9
        await person.press("<")
        await person.until(lambda: len(engine.called("series")) > 3, "those beside it")
        assert {len(one["runs"]) for one in engine.called("series")} == {9}


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_fifty_runs_are_faint_but_for_one_and_coloured_by_group(tmp_path: Path, size: tuple[int, int]) -> None:
    world = a_study(50)
    async with open_app(world, tmp_path, size) as (person, engine):
        await overlay(person, world)
        drawn = styles(person)
        assert drawn[0] == ("series1", True, False)
        assert len(drawn) == 50 and all(faint and not bold for _, bold, faint in drawn[1:])
        assert [style for style, _, _ in drawn[:11]] == ["series1"] * 5 + ["series2"] * 5 + ["series3"]
        await person.press(*["j"] * 7)
        await person.sees("loss  ▪ brave-sunset-47")
        assert styles(person)[0] == ("series2", True, False)
        await person.press("G", "X")
        await person.sees("compare 49 runs")
        await person.until(lambda: len(styles(person)) == 49, "a curve less")
        assert max(len(one["runs"]) for one in engine.called("series")) == 50
        assert len(engine.called("series")) <= 3


async def test_curves_of_what_runs_grow_while_they_are_in_front(tmp_path: Path) -> None:
    world = a_study(2)
    run = world.runs["r0000041"]
    world.put(replace(run, status=Running(attempt(), NOW - 60 * SECOND)))
    async with open_app(world, tmp_path) as (person, engine):
        await overlay(person, world)
        losses(world, 1).append(0.0123)
        await person.until(lambda: row(person, "calm-river-41") == ["0.0123", "0.0123"], "the new value")
        await person.until(lambda: len(engine.called("series")) > 1, "the new point")
        await person.press("]")
        await person.sees("optimiser")
        asked, compared = len(engine.called("series")), len(engine.called("compare"))
        losses(world, 1).append(0.0111)
        await person.until(lambda: len(engine.called("compare")) > compared + 1, "a look at all of them")
        assert len(engine.called("series")) <= asked + 1
        await person.press("[")
        await person.until(lambda: row(person, "calm-river-41") == ["0.0111", "0.0111"], "the latest value")


async def test_no_metrics_teach(tmp_path: Path) -> None:
    world = a_study(2)
    world.curves.clear()
    async with open_app(world, tmp_path) as (person, engine):
        await person.sees(" 2 runs")
        await person.app.show_comparison(list(world.runs))
        await person.press("]", "]")
        await person.sees("no metrics yet: wb.log(loss=0.3)")
        await person.press("right", "+", "x", "m", "L")
        assert not engine.called("series")
