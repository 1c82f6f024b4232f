"""The runs of a past night at any moment, and the clock that goes through it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.made_up import NOW, attempt, run
from workbench.client.mirror import Snapshot, fold, learn
from workbench.domain.course import Event, life
from workbench.domain.run import Run
from workbench.domain.status import Ended, Failed, Finished, Held, Queued, Running
from workbench.domain.time import SECOND
from workbench.errors import FilterError, NotFound, UsageError
from workbench.protocol.runs import run_out
from workbench.replay import night as nights
from workbench.replay.night import Night
from workbench.replay.pace import SPEEDS, Pace
from workbench.replay.pages import chosen

MINUTE = 60 * SECOND
SOON = st.integers(0, 600)
LATER = ("held", "released", "moved", "placed", "fenced", "retried", "started", "cancelling")
FOX = run(1, "fox", Queued(NOW), lr=0.1)


def row(one: Run, *events: tuple[int, str]) -> dict[str, Any]:
    told = [[NOW + seconds * SECOND, kind, "alice"] for seconds, kind in events]
    return {
        "run": run_out(replace(one, submitted=NOW + events[0][0] * SECOND)),
        "metrics": {"loss": 0.5},
        "events": told,
    }


@st.composite
def made(draw: st.DrawFn) -> Night:
    rows = []
    for seq in range(1, draw(st.integers(1, 5)) + 1):
        times = sorted(draw(st.lists(SOON, min_size=1, max_size=8)))
        kinds = ["submitted", *draw(st.lists(st.sampled_from(LATER), min_size=len(times), max_size=len(times)))]
        end = Finished(Ended(attempt(), NOW, NOW, None))
        over = len(times) > 1 and draw(st.booleans())
        kinds[len(times) - 1] = "ended" if over else kinds[len(times) - 1]
        rows.append(row(run(seq, f"fox-{seq}", end if over else Queued(NOW)), *zip(times, kinds, strict=False)))
    return nights.night(NOW, NOW + 600 * SECOND, rows)


def seen(night: Night, now: int) -> Snapshot:
    return learn(Snapshot(), {"rows": [{"run": run_out(one), "metrics": {}} for one in night.at(now)]})


@given(made(), SOON, st.lists(SOON))
def test_playing_step_by_step_is_jumping(night: Night, begin: int, stops: list[int]) -> None:
    """What somebody sees who heard every change is what somebody sees who comes at that moment."""
    first = NOW + begin * SECOND
    snapshot, told = seen(night, first), first
    for stop in sorted(NOW + second * SECOND for second in stops if second >= begin):
        snapshot = fold(snapshot, "changed", {"changes": night.between(told, stop)})
        told = stop
    there = {id: row.run for id, row in seen(night, told).rows.items() if id in snapshot.rows}
    assert {id: row.run for id, row in snapshot.rows.items()} == there
    assert sum(night.counts(told).values()) == len(night.at(told))


def test_a_run_is_found_once_it_is_there() -> None:
    night = nights.night(NOW, NOW + MINUTE, [row(FOX, (10, "submitted"))])
    assert {night.run(name, NOW + MINUTE).id for name in (FOX.id, "fox", "1", "#1")} == {FOX.id}
    with pytest.raises(NotFound, match="not submitted yet"):
        night.run("fox", NOW)
    with pytest.raises(NotFound, match="no run of this night"):
        night.run("owl", NOW)


def test_pages_of_a_night_are_read_until_there_is_no_more() -> None:
    asked: list[int] = []

    def call(verb: str, params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params["after"])
        one = run(params["after"] + 1, "fox", Queued(NOW))
        return {"total": 3, "runs": [row(one, (0, "submitted"))], "next": one.seq if one.seq < 3 else None}

    assert len(nights.read(call, NOW, NOW + MINUTE).lives) == 3
    assert asked == [0, 1, 2]


def test_more_runs_than_a_replay_holds_are_refused_at_once() -> None:
    with pytest.raises(UsageError, match="50,001 runs") as problem:
        nights.read(lambda verb, params: {"total": 50_001, "runs": [], "next": 1}, NOW, NOW + MINUTE)
    assert "shorter time" in problem.value.hint


def test_a_run_without_events_is_left_out() -> None:
    assert not nights.night(NOW, NOW + MINUTE, [{**row(FOX, (0, "submitted")), "events": []}]).lives


def test_the_queue_has_the_order_it_had() -> None:
    end = Ended(attempt(), NOW, NOW, None)
    runs = [
        replace(run(1, "over", Failed(end, 3), lr=0.3), user="bob"),
        run(2, "held", Held(NOW, "by alice")),
        replace(run(3, "second", Queued(NOW)), position=9.0),
        run(4, "first", Queued(NOW), lr=0.1),
        run(5, "running", Running(attempt(), NOW), lr="auto"),
    ]

    def names(filter: str = "", order: str = "queue", project: str = "") -> list[str]:
        return [one.name for one in chosen(runs, lambda run: {"loss": 1 / run.seq}, filter, order, project, NOW)]

    assert names() == ["running", "first", "second", "held", "over"]
    assert names(order="newest") == ["running", "first", "second", "held", "over"]
    assert names("is:waiting") == ["first", "second", "held"]
    assert names("user:bob OR loss<0.25") == ["running", "over"]
    assert names(order="param.lr") == ["first", "over", "running", "second", "held"]
    assert names(order="-metric.loss")[0] == "over"
    assert names(order="exit_code")[0] == "over"
    assert names(project="vision") == []
    with pytest.raises(FilterError, match="nothing is sorted by 'colour'"):
        names(order="colour")


def test_the_clock_goes_as_fast_as_one_says_and_stops_at_the_end() -> None:
    pace = Pace(NOW, NOW + 60 * MINUTE, NOW, 100.0, 60)
    assert pace.at(101.0) == NOW + MINUTE and not pace.over(101.0)
    assert pace.at(1000.0) == NOW + 60 * MINUTE and pace.over(1000.0)
    paused = pace.toggled(110.0)
    assert paused.at(500.0) == NOW + 10 * MINUTE
    assert paused.toggled(500.0).at(501.0) == NOW + 11 * MINUTE
    assert pace.faster(101.0).at(102.0) == NOW + 6 * MINUTE
    assert pace.slower(101.0).at(103.0) == NOW + MINUTE + 40 * SECOND
    assert pace.jumped(600, 101.0).at(101.0) == NOW + 11 * MINUTE
    assert pace.jumped(-600, 101.0).at(101.0) == NOW
    assert pace.jumped(-600, 9999.0).at(9999.0) == NOW + 50 * MINUTE, "back from the end it goes on"
    assert pace.jumped(9e9, 101.0).over(101.0)
    assert replace(pace, speed=SPEEDS[-1]).faster(100.0).speed == SPEEDS[-1]
    assert replace(pace, speed=1).slower(100.0).speed == 1


def test_life_of_a_night_is_made_of_its_events() -> None:
    night = nights.night(NOW, NOW + MINUTE, [row(FOX, (0, "submitted"), (20, "placed"))])
    only = night.lives[FOX.id]
    assert only == life(only.run, (Event(NOW, "submitted", "alice"), Event(NOW + 20 * SECOND, "placed", "alice")))
