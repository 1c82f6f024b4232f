"""What goes into the history comes out of it as it was."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.store.runs import END, STARTED, STATUSES, SUBMITTED, changed, make, read, submitted
from workbench.domain.events import Change, Kind
from workbench.domain.status import Finished, Held, Preparing, Queued, Running, Status
from workbench.domain.time import SECOND
from workbench.engine.store import DuckHistory, open_history
from workbench.engine.store.interface import Artifact, Batch, MachineSample, Series, Stretch
from workbench.errors import Ambiguous, HistoryError, NotFound


@pytest.mark.parametrize("status", STATUSES, ids=lambda status: type(status).__name__)
async def test_a_run_in_every_status_is_the_same_after_a_restart(place: Path, status: Status) -> None:
    run = make(7, status, attempts=1, retried=1, rerun_of="id000003")
    history = await open_history(str(place))
    await history.commit(submitted(run))
    assert await history.find(run.id) == run
    await history.close()
    again = await open_history(str(place))
    assert await again.find(run.id) == run
    assert again.suspect == again.set_aside == ""
    await again.close()


async def test_every_status_is_reached_by_a_change(history: DuckHistory) -> None:
    for seq, status in enumerate(STATUSES, 1):
        await history.commit(submitted(make(seq)))
        await history.commit(changed(Kind.PLACED, make(seq, status)))
        assert await history.find(f"#{seq}") == make(seq, status)


async def test_texts_that_are_no_utf8_are_kept(history: DuckHistory) -> None:
    run = make(1, directory="/srv/caf\udce9", name="naïve-fox-1")
    await history.commit(submitted(run))
    assert await history.find("naïve-fox-1") == run


async def test_several_changes_of_one_batch_leave_the_last_state_and_every_event(history: DuckHistory) -> None:
    waiting = make(1)
    running = replace(waiting, status=Running(END.attempt, STARTED), attempts=1)
    over = replace(running, status=Finished(END))
    await history.commit(
        Batch(
            [
                Change(Kind.SUBMITTED, 1, waiting, "ada"),
                Change(Kind.STARTED, 2, running),
                Change(Kind.ENDED, 3, over, detail={"code": 0}),
            ]
        )
    )
    assert await history.find("1") == over
    assert await history.events(over.id) == [
        {"at": 1, "kind": "submitted", "by": "ada", "detail": {}},
        {"at": 2, "kind": "started", "by": "", "detail": {}},
        {"at": 3, "kind": "ended", "by": "", "detail": {"code": 0}},
    ]


async def test_an_edit_rewrites_what_was_asked(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run, make(2)))
    edited = replace(run, ask=replace(run.ask, params={"lr": 0.5}, tags=("new",), priority=9))
    await history.commit(changed(Kind.EDITED, edited, by="ada"))
    assert await history.find(run.id) == edited
    assert [row.run.seq for row in (await history.page("param.lr=0.5 tag:new", "queue", 9, 0)).rows] == [1]
    assert [row.run.seq for row in (await history.page("tag:base", "queue", 9, 0)).rows] == [2]


async def test_a_change_of_an_unknown_run_is_refused(history: DuckHistory) -> None:
    with pytest.raises(HistoryError, match="no run id000009"):
        await history.commit(changed(Kind.STARTED, make(9)))


async def test_what_an_engine_starts_from(place: Path) -> None:
    history = await open_history(str(place))
    live, over = make(1, Running(END.attempt, STARTED)), make(2, Finished(END))
    await history.commit(submitted(live, over, make(3, Held(1, "by ada"))))
    await history.commit(read(live, 100, ("loss", 1, 0.5)))
    await history.commit(read(over, 70, ("loss", 1, 0.5)))
    await history.close()
    history = await open_history(str(place))
    assert [run.seq for run in await history.live()] == [1, 3]
    assert await history.marks() == {(live.id, 1): (100, 0)}
    assert await history.last_seq() == 3
    assert await history.taken([live.id, over.id, "id999999"]) == {live.id, over.id}
    assert await history.environments() == {"env1", "env3"}
    assert await history.durations("churn", 5) == {"python train.py --lr {lr}": [90.0]}
    await history.close()


async def test_an_empty_history_answers_everything(history: DuckHistory) -> None:
    assert await history.live() == []
    assert await history.marks() == {}
    assert await history.last_seq() == 0
    assert await history.taken([]) == set()
    assert await history.projects() == []
    assert await history.environments() == set()
    assert await history.durations("churn", 5) == {}
    assert await history.samples("gpu3", 0, 5) == []
    page = await history.page("", "queue", 100, 0)
    assert (page.rows, page.total, page.counts) == ([], 0, {})
    await history.commit(Batch())


async def test_runs_are_found_by_number_id_name_and_prefix(history: DuckHistory) -> None:
    ids = ("abcd0001", "abcd0002", "12340003")
    await history.commit(submitted(*(make(seq, id=run) for seq, run in enumerate(ids, 1))))
    for reference in ("2", "#2", "abcd0002", "brave-fox-2"):
        assert (await history.find(reference)).seq == 2
    assert (await history.find("1234")).seq == 3  # no run has this number
    with pytest.raises(Ambiguous) as ambiguous:
        await history.find("abcd")
    assert ambiguous.value.evidence["candidates"] == ["brave-fox-2 abcd0002", "brave-fox-1 abcd0001"]
    for reference in ("", "#", "#9", "zebra", "abcd%", "\x00", "\ud800", "9" * 30):
        with pytest.raises(NotFound):
            await history.find(reference)


async def test_many_candidates_are_cut_to_ten(history: DuckHistory) -> None:
    await history.commit(submitted(*(make(seq) for seq in range(1, 31))))
    with pytest.raises(Ambiguous) as ambiguous:
        await history.find("brave")
    assert len(ambiguous.value.evidence["candidates"]) == 10


async def test_a_questions_about_no_run_is_not_found(history: DuckHistory) -> None:
    for question in (history.metrics, history.events, history.artifacts, history.malformed):
        with pytest.raises(NotFound):
            await question("id000009")


async def test_metrics_keep_last_and_extremes_of_what_is_finite(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(
        read(run, 10, ("loss", 1, 3.0), ("loss", 2, math.inf), ("loss", 3, 1.0), ("only", 0, math.nan))
    )
    await history.commit(read(run, 20, ("loss", 4, 2.0), ("loss", 5, math.nan)))
    metrics = await history.metrics(run.id)
    loss, only = metrics["loss"], metrics["only"]
    assert math.isnan(loss.last)
    assert (loss.min, loss.max, loss.step, loss.count) == (1.0, 3.0, 5, 5)
    assert math.isnan(only.last) and math.isnan(only.min) and math.isnan(only.max)


async def test_metrics_go_on_after_a_restart(place: Path) -> None:
    history = await open_history(str(place))
    run = make(1, Running(END.attempt, STARTED))
    await history.commit(submitted(run))
    await history.commit(read(run, 10, ("loss", 1, 3.0)))
    await history.close()
    history = await open_history(str(place))
    await history.commit(read(run, 20, ("loss", 2, 1.0)))
    loss = (await history.metrics(run.id))["loss"]
    assert (loss.last, loss.min, loss.max, loss.step, loss.count) == (1.0, 1.0, 3.0, 2, 2)
    await history.close()


async def test_what_was_read_is_stored_once_however_often_it_is_sent(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    first, second = read(run, 10, ("loss", 1, 0.5)), read(run, 20, ("loss", 2, 0.4))
    for batch in (first, first, second, first, second):
        await history.commit(batch)
    assert await history.series(run.id, "loss", 100) == Series([1, 2], [SUBMITTED + 1, SUBMITTED + 2], [0.5, 0.4])
    assert (await history.metrics(run.id))["loss"].count == 2
    assert await history.marks() == {(run.id, 1): (20, 0)}


async def test_attempts_have_offsets_of_their_own_and_a_later_one_overwrites(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(read(run, 50, *(("loss", step, 1.0) for step in range(6))))
    await history.commit(read(run, 30, *(("loss", step, 2.0) for step in range(3, 5)), attempt=2))
    assert await history.marks() == {(run.id, 1): (50, 0), (run.id, 2): (30, 0)}
    steps, _, values, *_ = await history.series(run.id, "loss", 100)
    assert steps == [0, 1, 2, 3, 4]
    assert values == [1.0, 1.0, 1.0, 2.0, 2.0]


async def test_what_is_malformed_is_counted_over_attempts(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(read(run, 10, malformed=2, first_malformed="{oops"))
    await history.commit(read(run, 20, malformed=1, first_malformed="later"))
    await history.commit(read(run, 10, malformed=1, first_malformed="second try", attempt=2))
    assert await history.malformed(run.id) == (4, "{oops")


async def test_artifacts_show_the_latest_of_each_name(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    old, new, other = (Artifact(name, f"/tmp/{name}", size, "e" * 64) for name, size in (("m", 1), ("m", 2), ("n", 3)))
    await history.commit(read(run, 10, artifacts=[old, other]))
    await history.commit(read(run, 20, artifacts=[new]))
    assert await history.artifacts(run.id) == [new, other]


async def test_config_is_searched_like_params_and_the_latest_counts(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(read(run, 10, config={"width": 64, "opt": {"name": "adam"}, "big": 10**400}))
    await history.commit(read(run, 20, config={"width": 128}))
    assert (await history.page("param.width=128 param.opt:adam", "queue", 9, 0)).total == 1
    assert (await history.page("param.width=64", "queue", 9, 0)).total == 0
    assert (await history.page("param.lr=0.01", "queue", 9, 0)).total == 1


async def test_points_of_an_ended_run_come_to_rest_and_late_ones_join_them(place: Path) -> None:
    history = await open_history(str(place))
    run = make(1, Running(END.attempt, STARTED))
    other = make(2, Running(END.attempt, STARTED))
    await history.commit(submitted(run, other))
    await history.commit(read(run, 10, ("loss", 1, 0.5)))
    await history.commit(read(other, 10, ("loss", 1, 0.7)))
    await history.commit(changed(Kind.ENDED, replace(run, status=Finished(END))))
    await history.commit(read(run, 20, ("loss", 2, 0.4)))
    await history.close()
    history = await open_history(str(place))
    placed = "SELECT (SELECT list(run) FROM point), (SELECT list(run) FROM recent)"
    assert (await history.sql(placed, 5, 9)).rows == [([1, 1], [2])]
    assert (await history.series(run.id, "loss", 100))[2] == [0.5, 0.4]
    assert (await history.metrics(run.id))["loss"].count == 2
    await history.close()


async def test_series_are_thinned_to_first_last_and_extremes(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    values = [math.sin(step / 500) for step in range(10_000)]
    values[1234], values[4321], values[5000] = 50.0, -50.0, math.nan
    await history.commit(read(run, 10, *(("loss", step, value) for step, value in enumerate(values))))
    steps, times, thinned, *_ = await history.series(run.id, "loss", 200)
    assert 100 <= len(steps) <= 200
    assert steps == sorted(steps) and len(steps) == len(times) == len(thinned)
    assert (steps[0], steps[-1]) == (0, 9_999)
    assert thinned[steps.index(1234)] == 50.0 and thinned[steps.index(4321)] == -50.0
    assert all(value == values[step] for step, value in zip(steps, thinned, strict=True))


async def test_a_series_of_nothing_finite_still_shows_that_it_was_there(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(read(run, 10, *(("loss", step, math.nan) for step in range(100))))
    steps, _, values, *_ = await history.series(run.id, "loss", 10)
    assert (steps[0], steps[-1]) == (0, 99)
    assert all(map(math.isnan, values))
    assert await history.series(run.id, "none", 10) == Series([], [], [])


async def test_a_stretch_of_a_long_series_comes_point_by_point(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(read(run, 10, *(("loss", step, float(step)) for step in range(10_000))))
    near = await history.series(run.id, "loss", 200, Stretch(5_000, 5_099))
    assert list(near.steps) == list(range(5_000, 5_100))
    assert await history.series(run.id, "loss", 200, Stretch(20_000, 30_000)) == Series([], [], [])


async def test_bands_are_means_between_what_they_stand_for(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    values = [float(step % 2) for step in range(1_000)]
    values[100], values[200:210], values[500] = 50.0, [math.nan] * 10, math.inf
    await history.commit(read(run, 10, *(("loss", step, value) for step, value in enumerate(values))))
    steps, times, means, lows, highs = await history.series(run.id, "loss", 100, bands=True)
    assert len(steps) == len(times) == len(means) == len(lows) == len(highs) == 100
    assert list(steps) == sorted(steps)
    assert (lows[0], means[0], highs[0]) == (0.0, 0.5, 1.0)
    assert highs[10] == 50.0
    assert math.isnan(means[20]) and math.isnan(lows[20]) and math.isnan(highs[20])
    assert all(low <= mean <= high for low, mean, high in zip(lows, means, highs, strict=True) if not math.isnan(low))
    few = await history.series(run.id, "loss", 2_000, bands=True)
    assert (len(few.values), few.lows, few.highs) == (1_000, (), ())


async def test_samples_come_latest_first_cut_and_in_order(history: DuckHistory) -> None:
    now = int(time.time() * SECOND)
    await history.commit(Batch(samples=[MachineSample("gpu3", now + at, {"cpu": at / 10}) for at in range(10)]))
    await history.commit(Batch(samples=[MachineSample("gpu1", now + 5, {})]))
    latest = [(now + 7, {"cpu": 0.7}), (now + 8, {"cpu": 0.8}), (now + 9, {"cpu": 0.9})]
    assert await history.samples("gpu3", now + 4, 3) == latest


async def test_projects_are_summed_by_name(history: DuckHistory) -> None:
    await history.commit(
        submitted(
            make(1, Finished(END)),
            make(2, Finished(END), directory="/home/ada/moved"),
            make(3, project="old", submitted=SUBMITTED - SECOND),
        )
    )
    churn, old = await history.projects()
    assert churn == {
        "name": "churn",
        "directory": "/home/ada/moved",
        "counts": {"finished": 2},
        "last": END.ended,
        "seconds": 180.0,
    }
    assert (old["name"], old["counts"], old["last"]) == ("old", {"queued": 1}, SUBMITTED - SECOND)


async def test_the_time_of_a_project_has_what_still_runs_in_it(history: DuckHistory) -> None:
    began = time.time_ns() // 1000 - 30 * SECOND
    running = Running(END.attempt, began)
    await history.commit(submitted(make(1, Finished(END)), make(2, running), make(3, Preparing(END.attempt))))
    (churn,) = await history.projects()
    assert 120 <= churn["seconds"] <= 90 + (time.time_ns() // 1000 - began) / SECOND


async def test_the_queue_shows_what_runs_what_waits_in_order_and_the_newest_of_what_is_over(
    history: DuckHistory,
) -> None:
    def waiting(seq: int, position: float, priority: int) -> Batch:
        run = make(seq, Queued(1), position=position)
        return submitted(replace(run, ask=replace(run.ask, priority=priority)))

    await history.commit(
        submitted(make(1, Finished(END)), make(2, Running(END.attempt, STARTED)), make(3, Finished(END)))
    )
    await history.commit(submitted(make(4, Held(1, "by ada"))))
    for seq, position, priority in ((5, 5.0, 0), (6, 4.5, 0), (7, 7.0, 3)):
        await history.commit(waiting(seq, position, priority))
    page = await history.page("", "queue", 100, 0)
    assert [row.run.seq for row in page.rows] == [2, 7, 6, 5, 4, 3, 1]
    assert page.counts == {"finished": 2, "held": 1, "queued": 3, "running": 1}
    assert page.total == 7
    rest = await history.page("", "queue", 2, 5)
    assert [row.run.seq for row in rest.rows] == [3, 1]
    assert rest.total == 7


async def test_what_happened_between_two_moments_comes_in_order_and_in_pages(history: DuckHistory) -> None:
    waiting = make(1)
    running = replace(waiting, status=Running(END.attempt, STARTED), attempts=1)
    over = replace(running, status=Finished(END))
    await history.commit(
        Batch(
            [
                Change(Kind.SUBMITTED, 10, waiting, "ada"),
                Change(Kind.PLACED, 20, running),
                Change(Kind.STARTED, 30, running),
                Change(Kind.ENDED, 40, over),
            ]
        )
    )
    found = await history.happened(10, 40, 0, 2)
    assert [(event.at, event.kind, event.by, event.run) for event in found] == [
        (10, "submitted", "ada", waiting.id),
        (20, "placed", "", waiting.id),
    ]
    [started] = await history.happened(10, 40, found[-1].seq, 2)
    assert (started.kind, started.status, started.machine) == ("started", "finished", END.attempt.machine)
    assert await history.happened(41, 99, 0, 2) == []


async def test_where_it_ran_is_not_told_of_attempts_that_nobody_recorded(history: DuckHistory) -> None:
    over = make(1, Finished(END), attempts=2)
    await history.commit(
        Batch([Change(Kind.SUBMITTED, 1, over), Change(Kind.PLACED, 2, over), Change(Kind.ENDED, 3, over)])
    )
    told = await history.happened(0, 9, 0, 9)
    assert [event.machine for event in told] == [None, None, END.attempt.machine]
