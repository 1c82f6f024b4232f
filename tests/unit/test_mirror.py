from __future__ import annotations

import math
from dataclasses import asdict, replace
from typing import Any

from tests.screens.made_up import NOW, a_team, attempt, machine, run
from workbench.client.mirror import HISTORY, TREND, Snapshot, Window, fold, keep, learn, learn_trends
from workbench.domain.progress import Progress
from workbench.domain.run import Run
from workbench.domain.status import Preparing, Queued, Running
from workbench.protocol.runs import run_out

BUILDING = Progress("building", 3, 9, "packages")


def known(*runs: Run) -> Snapshot:
    return learn(Snapshot(), {"rows": [{"run": run_out(one), "metrics": {"loss": 0.5}} for one in runs]})


def changed(one: Run, kind: str = "started") -> dict[str, Any]:
    return {"changes": [{"kind": kind, "at": NOW, "by": "", "run": run_out(one)}]}


FOX = run(1, "fox", Queued(NOW))


def test_a_page_is_learned() -> None:
    snapshot = known(FOX)
    assert snapshot.rows[FOX.id].run == FOX
    assert snapshot.rows[FOX.id].metrics == {"loss": 0.5}


def test_a_change_replaces_the_run_and_tells_that_lists_may_differ() -> None:
    running = replace(FOX, status=Running(attempt(), NOW))
    after = fold(known(FOX), "changed", changed(running))
    assert after.rows[FOX.id].run == running
    assert after.order == 1
    assert fold(after, "changed", changed(running, "cancelling")).order == 1


def test_a_run_that_nobody_looks_at_is_not_kept_but_lists_hear_of_it() -> None:
    after = fold(Snapshot(), "changed", changed(FOX, "submitted"))
    assert not after.rows
    assert after.order == 1


def test_reasons_and_progress_end_with_what_they_were_about() -> None:
    waiting = fold(known(FOX), "waits", {"runs": {FOX.id: "a GPU", "other": "x"}})
    assert waiting.rows[FOX.id].why == "a GPU"
    preparing = replace(FOX, status=Preparing(attempt()))
    told = fold(fold(waiting, "changed", changed(preparing)), "progress", {"runs": {FOX.id: asdict(BUILDING)}})
    assert (told.rows[FOX.id].why, told.rows[FOX.id].progress) == ("", BUILDING)
    running = fold(told, "changed", changed(replace(FOX, status=Running(attempt(), NOW))))
    assert running.rows[FOX.id].progress is None


def test_metrics_arrive_and_leave_a_trend() -> None:
    snapshot = learn_trends(known(FOX), [{"run": FOX.id, "key": "loss", "values": [3.0, 2.0]}, {"run": "no"}])
    for value in (1.0, "NaN"):
        snapshot = fold(snapshot, "metrics", {"runs": {FOX.id: {"loss": value}, "other": {"loss": 1.0}}})
    row = snapshot.rows[FOX.id]
    assert math.isnan(row.metrics["loss"])
    assert row.trend["loss"][:3] == (3.0, 2.0, 1.0)
    for _ in range(2 * TREND):
        snapshot = fold(snapshot, "metrics", {"runs": {FOX.id: {"loss": 1.0}}})
    assert len(snapshot.rows[FOX.id].trend["loss"]) == TREND


def test_machines_keep_their_last_ten_minutes() -> None:
    snapshot = fold(Snapshot(), "machines", {"machines": [machine("gpu3", devices=1), machine("node7")]})
    assert [len(one["history"]) for one in snapshot.machines] == [300, 300]
    sample = {**snapshot.machines[0]["history"][-1], "at": NOW + 1}
    news = {**machine("gpu3", devices=1), "history": [], "sample": sample}
    after = fold(snapshot, "machines", {"machines": [news]})
    assert [one["name"] for one in after.machines] == ["gpu3", "node7"]
    assert len(after.machines[0]["history"]) == HISTORY
    assert after.machines[0]["history"][-1]["at"] == NOW + 1


def test_the_same_sample_is_kept_once() -> None:
    snapshot = fold(Snapshot(), "machines", {"machines": [{**machine("gpu3"), "history": []}]})
    again = fold(snapshot, "machines", {"machines": [{**machine("gpu3"), "history": []}]})
    assert len(again.machines[0]["history"]) == 1


def test_what_a_newer_engine_says_is_left_alone() -> None:
    snapshot = known(FOX)
    assert fold(snapshot, "weather", {"sun": True}) is snapshot


def test_nothing_old_changes() -> None:
    before = known(FOX)
    fold(before, "changed", changed(replace(FOX, status=Running(attempt(), NOW))))
    fold(before, "metrics", {"runs": {FOX.id: {"loss": 9.0}}})
    assert before == known(FOX)


def test_only_what_is_looked_at_is_kept() -> None:
    runs = list(a_team().runs.values())
    assert set(keep(known(*runs), [runs[0].id, "gone"]).rows) == {runs[0].id}


def test_a_window_knows_what_it_lacks() -> None:
    window = Window().place(0, ["a", "b", "c"], 1000)
    assert window.missing(0, 2, 100) is None
    assert window.missing(2, 5, 100) == (3, 100)
    assert window.missing(990, 1200, 5) == (990, 10)
    far = window.place(500, ["x", "y"], 1000).near(500, 520, 50)
    assert set(far.ids) == {500, 501}


def test_a_window_forgets_what_is_beyond_its_end() -> None:
    assert set(Window().place(0, list("abcdef"), 6).place(0, ["a"], 2).ids) == {0, 1}


def test_a_machine_that_was_removed_is_forgotten() -> None:
    machines = fold(Snapshot(), "machines", {"machines": a_team().machines}).machines
    name = machines[0]["name"]
    after = fold(Snapshot(machines=machines), "machines", {"machines": [], "gone": [name]})
    assert name not in [machine["name"] for machine in after.machines]
    assert len(after.machines) == len(machines) - 1
