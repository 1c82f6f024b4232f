"""Comparing, by key: 2, 9 and 50 runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.geometry import Region

from tests.screens.driver import Person, open_app
from tests.screens.made_up import World, a_study, a_team
from workbench.domain.run import Run
from workbench.errors import HistoryError
from workbench.widgets.table import Table


async def compare(person: Person, world: World) -> None:
    """All of the world's runs, in the order of their numbers."""
    await person.sees(f" {len(world.runs)} runs")
    runs = sorted(world.runs.values(), key=lambda run: run.seq)
    await person.app.show_comparison([run.id for run in runs])
    await person.sees(f"compare {len(runs)} runs", "◆ brave-sunset-40   ↓ loss, best   lower is better, by its name")


async def test_marked_runs_side_by_side(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(" ", " ", "=")
        await person.sees("compare 2 runs", "0.01", "0.03", "▸ 6 equal   depth, seed,")
        await person.press("f")
        await person.sees("▾ 6 equal", "  seed", "7c2e9f01 +3")
        await person.press("escape")
        await person.sees("2 marked", "▶ running")


async def test_comparing_nothing_says_how(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("=")
        await person.hears("mark two runs or more with space, then press =")


async def test_comparing_what_there_is_not_says_what_to_type(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":")
        await person.type("compare nobody 12")
        await person.press("enter")
        await person.sees("no run is called 'nobody'", ":compare NAME NAME")
        await person.press("]", "m", "v", "d", "o", "X", "p", "b", "y", "right", "enter")
        await person.press("]", "x", "L", "right", "y", "+")
        await person.sees("There is nothing to compare here.")


async def test_the_run_under_the_cursor_becomes_the_base_and_opens(tmp_path: Path) -> None:
    world = a_study(2)
    async with open_app(world, tmp_path) as (person, _):
        await compare(person, world)
        await person.press("right", "b")
        await person.sees(" ◆ calm-river-41   ↓ loss, best")
        assert "◆ brave" not in person.text()
        await person.press("enter")
        await person.sees("calm-river-41  ✓ finished")


async def test_best_and_last_and_differences(tmp_path: Path) -> None:
    world = a_study(2)
    runs = list(world.runs)
    losses = [world.curves[run]["loss"] for run in runs]
    async with open_app(world, tmp_path) as (person, _):
        await compare(person, world)
        await person.sees("metrics, best", f"{min(losses[1]):.4f}")
        await person.press("v")
        await person.sees("metrics, last", f"{losses[1][-1]:.4f}", "↓ loss, last")
        await person.press("d")
        await person.sees(f"{losses[1][-1] - losses[0][-1]:+.4f}")
        await person.press("m")
        await person.sees("↓ val_loss, last")


async def test_more_runs_than_fit_are_a_row_each_and_move_sideways(tmp_path: Path) -> None:
    world = a_study(9)
    async with open_app(world, tmp_path) as (person, engine):
        await compare(person, world)
        await person.sees("columns 1 to 6 of 10", " run ", "↓ loss", "calm-river-48")
        await person.press("right", "right")
        await person.sees("columns 3 to ", "  calm-river-48")
        assert "↓ loss " not in person.line(" run ")
        await person.press("j", "j", "enter")
        await person.sees("keen-falcon-42  ✓ finished")
        assert engine.called("show")[-1]["run"] == "r0000042"


async def test_a_run_is_taken_out_and_two_stay(tmp_path: Path) -> None:
    world = a_study(4)
    async with open_app(world, tmp_path) as (person, _):
        await compare(person, world)
        await person.press("X")
        await person.sees("compare 3 runs", "◆ calm-river-41")
        await person.press("X")
        await person.sees("compare 2 runs", "◆ keen-falcon-42")
        await person.press("X")
        await person.hears("two runs are the least")
        assert "compare 2 runs" in person.text()


async def test_fifty_runs_best_first(tmp_path: Path) -> None:
    world = a_study(50)
    best = min(world.runs.values(), key=lambda run: min(world.curves[run.id]["loss"]))
    async with open_app(world, tmp_path, (120, 36)) as (person, _):
        await compare(person, world)
        await person.press("o")
        await person.until(lambda: person.text().splitlines()[4].split()[0] == best.name, "the best on top")
        assert "◆ brave-sunset-40   ↓ loss" in person.text(), "the base stays what it was"


async def test_groups_over_seeds_or_another_param(tmp_path: Path) -> None:
    world = a_study(12)
    async with open_app(world, tmp_path, (120, 36)) as (person, _):
        await compare(person, world)
        await person.press("]")
        await person.sees("over seed", "mean ± std", "lr 0.003", "lr 0.01", "lr 0.03", "━●━")
        words = person.line("lr 0.003").split()
        assert words[words.index("9f2c9f2c") + 1] == "5"
        await person.press("p")
        await person.sees("over lr", "seed 4")
        await person.press("p")
        await person.sees("over seed", "lr 0.003")
        await person.press("m")
        await person.sees("↓ val_loss, best")


async def test_a_group_stands_for_its_best_run(tmp_path: Path) -> None:
    world = a_study(9)
    best = min(world.runs.values(), key=lambda run: min(world.curves[run.id]["loss"]))
    async with open_app(world, tmp_path, (120, 36)) as (person, _):
        await compare(person, world)
        await person.press("]")
        await person.sees("over seed", "±0.")
        group = next(
            number for number, line in enumerate(person.text().splitlines()[4:]) if f"{_loss(world, best)}" in line
        )
        await person.press("G", "g", *["j"] * group)
        await person.settle()
        await person.press("b")
        await person.sees(f" ◆ {best.name}   ↓ loss")


def _loss(world: World, run: Run) -> str:
    return f"{min(world.curves[run.id]['loss']):.4f}"


async def test_config_code_and_environment(tmp_path: Path) -> None:
    world = a_study(3)
    async with open_app(world, tmp_path) as (person, engine):
        await compare(person, world)
        await person.press("]", "]", "]")
        await person.sees("optimiser", "SGD", "AdamW", "▸ 2 equal   amp, layers")
        await person.press("]")
        await person.sees("the same code, file by file", "7c2e9f01 on main, 3 files not committed")
        await person.press("right", "right")
        await person.sees("8d3f0a12 on main, 1 file not committed", "~ train.py", "+ schedules/cosine.py", "+    opt")
        await person.press("G")
        await person.sees("for epoch in range")
        await person.press("]")
        await person.sees("~ numpy", "1.26.4 → 2.4.0", "- nvidia-cublas-cu12", "+ triton", "41 packages are the same")
        asked = engine.called("compare_environment")[-1]
        assert asked == {"base": "r0000040", "run": "r0000042"}
        await person.press("@")
        await person.sees("--best --env", "--best --code")


async def test_no_config_teaches(tmp_path: Path) -> None:
    world = a_study(2)
    world.configs.clear()
    async with open_app(world, tmp_path) as (person, _):
        await compare(person, world)
        await person.press("]", "]", "]")
        await person.sees("wb.config.update(...)")
        await person.press("y")
        await person.hears("nothing to copy")


@pytest.mark.parametrize(
    ("tab", "begins"),
    [
        (0, "|  | brave-sunset-40 | calm-river-41 | keen-falcon-42 |\n| --- |"),
        (1, "| group | n | loss ↓ | acc ↑ |"),
        (2, "| run | group | best | last |\n"),
        (3, "|  | brave-sunset-40"),
        (5, "| package | brave-sunset-40 | keen-falcon-42 |"),
    ],
)
async def test_what_is_shown_is_copied_as_markdown(
    tmp_path: Path, tab: int, begins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TMUX", raising=False)
    world = a_study(3)
    async with open_app(world, tmp_path) as (person, engine):
        await compare(person, world)
        await person.press("right", "right", *["]"] * tab)
        await person.until(lambda: tab < 5 or bool(engine.called("compare_environment")), "packages")
        await person.settle()
        await person.press("y")
        await person.hears("as Markdown")
        assert person.app._clipboard.startswith(begins)


async def test_an_engine_that_has_lost_the_code_says_so(tmp_path: Path) -> None:
    world = a_study(2)
    async with open_app(world, tmp_path) as (person, engine):

        def gone(base: str, run: str) -> dict[str, object]:
            raise HistoryError("blob 41ab is not there")

        engine.do_compare_code = gone  # type: ignore[method-assign]
        await compare(person, world)
        await person.press("]", "]", "]", "]")
        await person.sees("They could not be compared.")
        await person.hears("blob 41ab is not there")


async def test_moving_to_another_run_repaints_little(tmp_path: Path) -> None:
    """With runs side by side only the heading changes: which one the cursor is on."""
    world = a_study(3)
    async with open_app(world, tmp_path) as (person, _):
        await compare(person, world)
        await person.settle()
        table = person.app.screen.query(Table).first()
        painted: list[Region] = []

        def note(*regions: Region, **_: object) -> Table:
            painted.extend(regions or [table.region])
            return table

        table.refresh = note  # type: ignore[method-assign]
        await person.press("right")
        assert [region.height for region in painted] == [1]


async def test_the_footer_of_a_tab_without_metrics_does_not_offer_them(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("space", "space", "=")
        await person.sees("v best/last   m metric   ? keys")
        await person.press("[")
        text = await person.sees("b base   y copy   ? keys")
        assert "m metric" not in text
        assert "best" not in person.line(" ◆ brave-sunset-12")
        await person.press("[", "[")
        await person.sees("These runs have logged no config.")
        assert "best" not in person.line(" ◆ brave-sunset-12")


async def test_runs_without_metrics_are_offered_none(tmp_path: Path) -> None:
    world = a_team()
    world.curves.clear()
    async with open_app(world, tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("space", "space", "=")
        text = await person.sees("compare 2 runs", "b base   y copy   ? keys")
        assert "m metric" not in text
