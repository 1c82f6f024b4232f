"""Runs of a true engine, played again in the screens."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.e2e.bench import Bench
from tests.screens.driver import Person
from workbench.client.calls import Engine
from workbench.replay.app import ReplayApp
from workbench.replay.night import read


async def test_three_runs_queue_run_and_finish_on_screen(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    began = time.time_ns() // 1000
    names = ["brave-fox", "calm-owl", "keen-elk"]
    for name in names:
        bench.submit(["true"], "--name", name)
    assert [bench.wait(name) for name in names] == [0, 0, 0]
    monkeypatch.setenv("WORKBENCH_HOME", str(bench.home))
    with Engine(start=False) as engine:
        night = read(lambda verb, params: dict(engine.call(verb, params)), began, time.time_ns() // 1000)
    assert sorted(one.run.name for one in night.lives.values()) == sorted(names)
    app = ReplayApp(night, 1)
    async with app.run_test(size=(120, 36)) as pilot:
        person = Person(app, pilot)
        await person.press("t")
        await person.sees("REPLAY", "paused")
        for life in sorted(night.lives.values(), key=lambda one: one.run.seq):
            for stage, shown in zip(life.stages, ("queued", "preparing", "running", "finished"), strict=True):
                app.replay.jump((stage.event.at + 1 - app.now()) / 1e6)
                await person.until(lambda: _row(person, life.run.name, shown), f"{life.run.name} {shown}")  # noqa: B023
        await person.press("}")
        await person.sees(" over ")
        assert all(_row(person, name, "finished") for name in names)


def test_without_a_terminal_it_is_lines(bench: Bench, tmp_path: Path) -> None:
    bench.submit(["true"], "--name", "brave-fox")
    bench.wait("brave-fox")
    assert "brave-fox" in bench("replay", "--since", "1h") and "finished" in bench("replay", "--lines")


def _row(person: Person, name: str, status: str) -> bool:
    rows = (line for line in person.text().splitlines() if line.strip(" •").startswith(name))
    return any(status in row[:60] for row in rows)
