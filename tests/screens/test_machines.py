"""The machines: marks, figures over a span, processes, draining."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import events

from tests.screens.driver import open_app
from tests.screens.made_up import HOSTILE, NOW, World, a_fleet, machine
from tests.screens.test_hostile import harmless
from workbench.domain.time import SECOND

HOUR = 3600 * SECOND


async def test_every_gpu_has_its_mark_and_the_status_line_counts_them(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, (120, 36), screen="machines") as (person, _):
        await person.sees("██▄▄██▓▓▓▓▚▚░░✗✗", "█ mine", "▄ idle", "▓ team", "▚ stranger", "░ free", "✗ lost")
        await person.sees("11/12 (6 mine 1 idle 2 team 1 stranger 1 lost)")
        await person.sees("◐ draining", "⊗ set aside", "○ unreachable", "polar-wind-41 (alice)")
        await person.sees("used by carol (jupyter-lab, 22 GB)", "lost (GPU is lost)", "leased by bob")


async def test_all_of_it_fits_80_columns(tmp_path: Path) -> None:
    async with open_app(a_fleet(25), tmp_path, screen="machines") as (person, _):
        await person.sees(
            "█▄█▓▓▚░✗", "┃ peak of 10 minutes", "GPU 7", "cpu  now 34%  peak 76%", "GPU use  now", "? keys"
        )


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_figures_over_a_longer_time_are_fetched(tmp_path: Path, size: tuple[int, int]) -> None:
    async with open_app(a_fleet(), tmp_path, size, screen="machines") as (person, engine):
        await person.sees("peak 76%")
        assert not engine.called("samples")
        await person.press("_")
        await person.sees("-1h", "peak 100%", "p95 78%")
        asked = engine.called("samples")[0]
        assert (asked["machine"], asked["since"], asked["until"]) == ("dgx1", NOW - HOUR, NOW)
        await person.press("_", "_", "_", "_", "_")
        month = NOW - 30 * 24 * HOUR
        await person.until(lambda: engine.called("samples")[-1]["since"] == month, "30 days asked for")
        await person.press("j")
        await person.until(lambda: engine.called("samples")[-1]["machine"] == "gpu1", "gpu1 asked for")
        await person.press("+", "+", "+", "+", "+", "+")
        await person.sees("-10m", "peak 76%")
        await person.press("@")
        await person.sees("workbench machines show dgx1 --since 1h", "workbench machines show gpu1 --since 7d")


async def test_what_was_fetched_is_not_asked_for_again_while_it_is_fresh(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, screen="machines") as (person, engine):
        await person.sees("dgx1")
        await person.press("_")
        await person.sees("peak 100%")
        await person.settle()
        before = len(engine.called("samples"))
        for index in range(3):
            sample = {**machine("gpu3")["sample"], "at": NOW + index + 1, "cpu": 0.5 + index / 100}
            await engine.tell("machines", {"machines": [{**machine("gpu3"), "history": [], "sample": sample}]})
        await person.sees("52%")
        assert len(engine.called("samples")) == before


async def test_processes_lead_to_their_runs(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, screen="machines") as (person, engine):
        await person.sees("polar-wind-41 (alice)")
        await person.press("p")
        await person.sees("runs and processes on dgx1", "7.9", "└ python", "jupyter-lab", "carol", "5120")
        await person.press("G", "enter")
        await person.hears("belongs to no run of ours")
        await person.press("g", "j", "enter")
        await person.sees("polar-wind-41  ▶ running")
        assert engine.called("show")[-1]["run"] == "r0000041"


async def test_escape_leads_from_the_processes_to_the_list(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, screen="machines") as (person, _):
        await person.sees("polar-wind-41 (alice)")
        await person.press("p")
        await person.loses("10m")
        await person.press("escape")
        await person.sees("10m", "cpu  now")
        await person.press("j", "j", "j", "p")
        await person.sees("runs and processes on gpu5")
        await person.press("p", "G", "k", "p")
        await person.sees("on node8", "nothing runs there")


async def test_late_word_of_being_hidden_takes_no_keys_away(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, screen="machines") as (person, _):
        await person.sees("polar-wind-41 (alice)")
        await person.press("p")
        await person.sees("runs and processes on dgx1")
        person.app.screen.query_one("#processes").post_message(events.Hide())
        await person.press("j")
        await person.sees("runs and processes on dgx1")
        await person.press("p")
        await person.sees("10m", "cpu  now")


async def test_beside_the_graphs_where_there_is_room(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, (200, 50), screen="machines") as (person, _):
        await person.sees("runs and processes on dgx1", "jupyter-lab", "cpu  now", "GPU memory  now", "p95 ", "avg ")


async def test_draining_asks_and_names_what_runs_there(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, screen="machines") as (person, engine):
        await person.sees("polar-wind-41 (alice)")
        await person.press("d")
        await person.sees("Drain dgx1?", "what runs there finishes", "polar-wind-41", "silver-gate-42", "of alice")
        await person.press("n", "d", "y")
        await person.until(lambda: engine.called("machines_drain") == [{"name": "dgx1"}], "dgx1 drained")
        await person.until(lambda: "draining" in person.line("dgx1 "), "dgx1 draining")
        await person.press("d")
        await person.until(lambda: engine.called("machines_resume") == [{"name": "dgx1"}], "dgx1 resumed")
        await person.press("@")
        await person.sees("workbench machines drain dgx1", "workbench machines resume dgx1")


async def test_a_machine_that_told_nothing_and_one_without_gpus(tmp_path: Path) -> None:
    async with open_app(a_fleet(), tmp_path, (120, 36), screen="machines") as (person, _):
        await person.sees("dgx1")
        await person.press("G")
        await person.sees("its last 3 runs failed at once")
        await person.press("k")
        await person.sees("node8  ○ unreachable", "no samples")
        await person.press("k")
        await person.sees("no NVIDIA driver", "cpu  now 17%", "memory  now")
        assert "GPU memory" not in person.text()


async def test_one_machine_is_enough(tmp_path: Path) -> None:
    world = World(machines=[machine("local")])
    async with open_app(world, tmp_path, screen="machines") as (person, _):
        await person.sees("local", "● ok", "cpu  now", "memory  now", "held by runs: 8 of 64 cores")


async def test_who_means_ill_draws_no_control_byte(tmp_path: Path) -> None:
    world = a_fleet()
    for text, one in zip(HOSTILE, world.machines[4]["sample"]["devices"] * 2, strict=False):
        one.setdefault("processes", []).append({"pid": 1, "user": text, "name": text, "memory": 1, "ours": False})
    for text, device in zip(HOSTILE, world.machines[4]["devices"], strict=False):
        device["label"] = device["name"] = text
        world.machines[4]["devices_used"][device["uuid"]] = text
    async with open_app(world, tmp_path, (200, 50), screen="machines") as (person, _):
        await person.sees("runs and processes on dgx1")
        await person.press("p", "d")
        await person.sees("Drain dgx1?")
        assert harmless(person)
        await person.press("n", "_", "G")
        await person.settle()
        assert harmless(person)
