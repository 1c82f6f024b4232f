from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tests.screens.driver import open_app
from tests.screens.made_up import GB, NOW, a_team, attempt, ended
from workbench.domain.status import Ended, Failed, Finished
from workbench.domain.time import SECOND


async def test_enter_opens_the_log_at_its_end(tmp_path: Path) -> None:
    world = a_team()
    world.logs["r0000012"] = "".join(f"step {number}\n" for number in range(1000))
    async with open_app(world, tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("enter")
        await person.sees("step 999", "overview", "metrics", "inputs")
        await person.press("g")
        await person.sees("step 0")


async def test_the_log_grows_while_one_looks_and_stays_where_one_reads(tmp_path: Path) -> None:
    world = a_team()
    world.logs["r0000012"] = "".join(f"step {number}\n" for number in range(100))
    async with open_app(world, tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("step 99")
        world.logs["r0000012"] += "half a li"
        await person.sees("half a li")
        world.logs["r0000012"] += "ne\nnext\n"
        await person.sees("half a line", "next")
        await person.press("g")
        await person.sees("step 0")
        world.logs["r0000012"] += "unseen\n"
        await person.settle()
        assert "step 0" in person.text()
        await person.press("G")
        await person.sees("unseen")


async def test_tabs_go_round(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("epoch  7/40")
        await person.press("]")
        await person.sees("by step", "┤", "min", "0.2545")
        await person.press("]")
        await person.sees("▪ cores 1.", "GPU memory 31 GB")
        await person.press("]")
        await person.sees("predictions.csv")
        await person.press("]")
        await person.sees("7c2e9f017c2e on main", "+    optimiser = AdamW")
        await person.press("]")
        await person.sees("python train.py --lr {lr}", "3 files not committed", "params")
        await person.press("[", "[", "[", "[", "[")
        await person.sees("epoch  7/40")


async def test_at_120_columns_the_overview_stays(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36), run="brave-sunset-12") as (person, _):
        screen = await person.sees("epoch  7/40", "came from", "GPU-gpu3-0", "submitted")
        assert "overview" not in screen


async def test_what_it_takes_is_shown_while_it_runs(tmp_path: Path) -> None:
    world = a_team()
    machine = next(machine for machine in world.machines if machine["name"] == "gpu3")
    machine["sample"]["attempts"]["r0000012.1"] = [1.9, 3_100_000_000]
    async with open_app(world, tmp_path, (120, 36)) as (person, _):
        await person.sees("brave-sunset-12", "1.9 cores, 3.1 GB, GPU")
        await person.press("enter")
        await person.sees("came from", "1.9 cores, 3.1 GB, GPU")


async def test_what_it_took_so_far_is_drawn(tmp_path: Path) -> None:
    world = a_team()
    world.usage["r0000012"] = [
        {
            "at": NOW - (120 - second) * SECOND,
            "cores": 1.9,
            "memory": second * 10**8,
            "gpus": 0.7,
            "gpu_memory": 31 * GB,
        }
        for second in range(120)
    ]
    async with open_app(world, tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("epoch  7/40")
        await person.press("]", "]")
        await person.sees("cores 1.9", "GPUs 0.7", "memory 12 GB", "GPU memory 31 GB", "10m 30s", "12m")


async def test_the_footer_offers_what_can_be_done(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="brave-sunset-12") as (person, engine):
        await person.sees("▶ running", "m metric   c cancel")
        over = replace(engine.world.runs["r0000012"], status=Finished(ended("gpu3", 34)))
        await engine.change(over, "finished")
        text = await person.sees("✓ finished", "m metric   r rerun")
        assert "c cancel" not in text


async def test_a_held_run_waits_for_nothing(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36), run="proud-cedar-19") as (person, _):
        text = await person.sees("held         held by alice")
        assert "waits for" not in text


async def test_a_run_without_samples_says_why(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="silver-moth-0") as (person, _):
        await person.sees("✓ finished")
        await person.press("]", "]")
        await person.sees("it was over before the first sample")


async def test_what_is_cut_in_a_diff_ends_in_an_ellipsis(tmp_path: Path) -> None:
    world = a_team()
    world.diff = "+" + "x" * 200 + "\n"
    async with open_app(world, tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("epoch  7/40")
        await person.press("[", "[")
        await person.sees("+xxx")
        assert person.line("+xxx").endswith("x…")


async def test_m_charts_one_metric_after_another(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="brave-sunset-12") as (person, engine):
        await person.sees("epoch  7/40")
        await person.press("m")
        await person.sees("acc  0.9268   by step", "⣀")
        await person.press("m")
        await person.sees("▪ loss 0.2545  ▪ val_loss 0.3535   by step")
        await person.until(lambda: engine.called("series")[-1]["keys"] == ["loss", "val_loss"], "their points")


async def test_it_changes_as_the_engine_tells(tmp_path: Path) -> None:
    world = a_team()
    async with open_app(world, tmp_path, run="brave-sunset-12") as (person, engine):
        await person.sees("▶ running  for 12m 04s on gpu3")
        one = world.find("brave-sunset-12")
        end = Ended(attempt(), NOW - 60_000_000, NOW, None)
        await engine.change(replace(one, status=Failed(end, 3)), "ended")
        await person.sees("✗ failed 3  after 1m 00s on gpu3")


async def test_an_error_shows_what_the_tool_said(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36), run="vivid-stone-8") as (person, _):
        await person.sees("no solution: torch needs numpy<2", "× No solution found", "the log is empty")


async def test_a_name_that_nobody_has(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(":")
        await person.type("run zebra-1")
        await person.press("enter")
        await person.sees("nothing here is called that", ": run zebra-1")
        await person.press("escape")
        await person.sees("brave-sunset-12", "? keys")


async def test_cancel_and_rerun_from_here(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="brave-sunset-12") as (person, engine):
        await person.sees("epoch  7/40")
        await person.press("r")
        await person.hears("submitted again-fox-99999")
        await person.press("c")
        await person.sees("Cancel brave-sunset-12?")
        await person.press("y")
        await person.sees("⊘ cancelled")
        assert engine.called("cancel") == [{"runs": ["r0000012"]}]


async def test_what_is_over_is_neither_cancelled_nor_held_nor_edited(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="misty-field-9") as (person, engine):
        await person.sees("✗ failed 137")
        await person.press("c")
        await person.hears("nothing to cancel")
        await person.press("h")
        await person.hears("only a waiting run can be held")
        await person.press("]", "e")
        await person.hears("only a waiting run can be edited")
        assert not engine.called("cancel")


async def test_a_run_names_those_that_it_comes_after(tmp_path: Path) -> None:
    """On the card beside the queue and on its own page, whether it is held or waits its turn."""
    world = a_team()
    for id in ("r0000016", "r0000019"):
        one = world.runs[id]
        world.put(replace(one, ask=replace(one.ask, after=("r0000012", "r0000013"))))
    async with open_app(world, tmp_path, (120, 36)) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press(*["j"] * world.ordered().index(world.runs["r0000019"]))
        await person.sees("held by alice", "after        brave-sunset-12, calm-river-13")
        await person.press("enter")
        await person.sees("proud-cedar-19  ", "after        brave-sunset-12,", "calm-river-13")
        assert "r0000012" not in person.text()
