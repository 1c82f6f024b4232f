"""A past night in the screens: its clock, what it shows at a moment, and that nothing acts."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from tests.screens.driver import Person
from tests.screens.fake_engine import FakeEngine, serving
from tests.screens.made_up import LOG, NOW, World, curves, machine, run
from workbench.domain.resources import Share
from workbench.domain.status import Attempt, Ended, Failed, Queued, Running
from workbench.domain.time import SECOND
from workbench.replay.app import ReplayApp
from workbench.replay.night import night

MINUTE = 60 * SECOND
SINCE = NOW - 120 * MINUTE


def a_night() -> World:
    """One run that failed half an hour in, one that starts then, one that waits; a machine seen at the end only."""
    world = World()
    first, second = (Attempt(1, "gpu3", Share(4, 16), SINCE + at * MINUTE) for at in (5, 30))
    failed = Failed(Ended(first, SINCE + 6 * MINUTE, SINCE + 30 * MINUTE, None), 3)
    for seq, name, status in (
        (12, "brave-sunset-12", failed),
        (13, "calm-river-13", Running(second, SINCE + 31 * MINUTE)),
        (14, "keen-falcon-14", Queued(SINCE)),
    ):
        world.put(replace(run(seq, name, status, lr=0.1), submitted=SINCE + MINUTE))
    world.curves = {id: curves(3, 60) for id in ("r0000012", "r0000013")}
    world.logs = dict.fromkeys(world.curves, LOG)
    world.machines = [machine("gpu3", devices=2)]
    world.projects = [
        {"name": "churn", "directory": "/c", "goal": "who leaves", "counts": {"finished": 9}, "last": NOW}
        | {"seconds": 1.0, "metric": "", "best": None}
    ]
    return world


@asynccontextmanager
async def playing(
    world: World, home: Path, size: tuple[int, int] = (120, 36), **facts: Any
) -> AsyncIterator[tuple[Person, ReplayApp, FakeEngine]]:
    path = os.path.join(home, "engine.sock")
    async with serving(world, path) as engine:
        told = engine.do_replay_runs(SINCE, NOW)["runs"]
        app = ReplayApp(night(SINCE, NOW, told), 1, socket=path, **facts)
        async with app.run_test(size=size) as pilot:
            yield Person(app, pilot), app, engine


async def shows(person: Person, run: str, status: str) -> None:
    """The list has this run in this status."""

    def told() -> bool:
        rows = (line for line in person.text().splitlines() if line.strip(" •").startswith(run))
        return any(status in row[:50] for row in rows)

    await person.until(told, f"{run} {status}")


async def test_a_night_is_gone_through_by_keys(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path) as (person, _, _):
        await person.sees("REPLAY", "×1", "0 runs", "No runs at this moment.", "}  goes on an hour")
        await person.press("t")
        await person.sees("paused")
        await person.press(")")
        await person.sees(
            "3 runs", "brave-sunset-12", "▶ running", "⋯ queued", "why is not on record", "t pause   . faster"
        )
        await person.press("}")
        await shows(person, "brave-sunset-12", "failed")
        await shows(person, "calm-river-13", "running")
        await person.press("{")
        await shows(person, "brave-sunset-12", "running")
        await person.press("{")
        await person.sees("0 runs")


async def test_the_pace_is_shown_and_the_end_as_well(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path) as (person, _, _):
        await person.press(".")
        await person.sees("×5")
        await person.press(",")
        await person.sees("×1")
        await person.press("}", "}")
        await person.sees("REPLAY", " over ", "keen-falcon-14")


async def test_time_goes_by_itself(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path) as (person, app, _):
        await person.press(".", ".", ".", ".", ".", ".")
        await person.sees("×3,600", "brave-sunset-12")
        await shows(person, "brave-sunset-12", "failed")
        await person.sees(" over ")
        assert app.now() == NOW


async def test_nothing_acts_on_the_past(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path) as (person, _, engine):
        await person.press("t", ")")
        await person.sees("brave-sunset-12")
        await person.press("r")
        await person.hears("this is a replay of the past: nothing can be changed")
        await person.press("e", "!", "h")
        asked = {verb for verb, _ in engine.calls}
        assert asked <= {"hello", "subscribe", "machines", "runs", "replay_samples", "series", "logs", "show", "usage"}


async def test_a_run_shows_what_was_known_of_it_by_then(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path) as (person, app, _):
        await person.press("t", ")")
        await person.sees("brave-sunset-12")
        shown = await app.ask("show", run="brave-sunset-12")
        assert shown["run"]["status"] == "running" and shown["artifacts"] == []
        then = (app.now() - (SINCE + 6 * MINUTE)) // (10 * SECOND)
        assert shown["metrics"]["loss"]["step"] == then
        (line,) = (await app.ask("series", runs=["r0000012"], keys=["loss"]))["series"]
        assert line["steps"][-1] == then
        await person.press("enter")
        await person.sees("brave-sunset-12  ▶ running")
        await person.press("}")
        await person.sees("failed")


async def test_a_machine_is_what_its_samples_say_and_a_gap_is_a_gap(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path, screen="machines") as (person, app, _):
        await person.press("t", ")")
        await person.sees("unreachable")
        (then,) = (await app.ask("machines"))["machines"]
        assert (then["sample"], then["history"], then["running"]) == (None, [], ["r0000012"])
        await person.press("}", "}")
        await person.loses("unreachable")
        (then,) = (await app.ask("machines"))["machines"]
        assert then["sample"]["at"] == NOW and then["running"] == ["r0000013"] and len(then["history"]) == 300


async def test_projects_count_what_there_was(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path, screen="projects") as (person, app, _):
        await person.press("t", ")")
        await person.sees("churn", "who leaves")
        (then,) = (await app.ask("projects"))["projects"]
        assert then["counts"] == {"running": 1, "queued": 2}


async def test_its_keys_are_among_the_others(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path, (120, 60)) as (person, _, _):
        await person.press("t", "?")
        await person.sees("keys of queue", "Let the time stand still", "An hour back")


async def test_an_engine_that_goes_away_stops_no_clock(tmp_path: Path) -> None:
    async with playing(a_night(), tmp_path) as (person, _, engine):
        await person.press("t", ")")
        await person.sees("brave-sunset-12")
        await engine.stop()
        await person.sees("engine stopped; reconnecting")
        await engine.start()
        await person.loses("reconnecting")
        await person.press("}")
        await shows(person, "brave-sunset-12", "failed")
