"""What the scheduler decides, one event at a time: no loop, no clock, no machine."""

from __future__ import annotations

import pytest

from tests.engine.making import SECOND, a_run, a_state, ended, explain, launched, needs, submit
from workbench.domain.events import Kind
from workbench.domain.run import Run
from workbench.domain.status import (
    Cancelled,
    Error,
    Failed,
    Finished,
    Held,
    Lost,
    OutOfMemory,
    Queued,
    Running,
    TimedOut,
)
from workbench.engine import seam
from workbench.engine.scheduler import LANE_PATIENCE, Outcome, State, adopt, step
from workbench.errors import Refused


def last(outcome: Outcome, id: str) -> Run:
    return [change.run for change in outcome.changes if change.run.id == id][-1]


def test_starts_in_order_of_submission_as_far_as_there_is_room() -> None:
    state = a_state(cpus=2)
    assert launched(submit(state, a_run(1), a_run(2), a_run(3))) == ["run00001", "run00002"]
    assert launched(step(state, ended("run00001.1"), 1)) == ["run00003"]


def test_a_higher_priority_goes_first() -> None:
    state = a_state(cpus=1)
    assert launched(submit(state, a_run(1), a_run(2), a_run(3, priority=5))) == ["run00003"]
    assert launched(step(state, ended("run00003.1"), 1)) == ["run00001"]


def test_a_moved_run_goes_where_it_was_moved() -> None:
    state = a_state(cpus=1)
    submit(state, a_run(1), a_run(2), a_run(3))
    step(state, seam.Move("run00003", 1.5, "alice"), 1)
    assert launched(step(state, ended("run00001.1"), 2)) == ["run00003"]


def test_a_big_run_is_not_starved_by_small_ones_behind_it() -> None:
    state = a_state(cpus=4)
    submit(state, a_run(1, need=needs(1)), a_run(2, need=needs(4)), a_run(3, need=needs(1)))
    assert isinstance(state.runs["run00003"].status, Queued), "what is free is kept for the one in front"
    assert launched(step(state, ended("run00001.1"), 1)) == ["run00002"]


def test_cpu_work_does_not_wait_behind_gpu_work() -> None:
    state = a_state(cpus=4, gpus=1)
    submit(state, a_run(1, need=needs(1, gpus=1)), a_run(2, need=needs(4, gpus=1)), a_run(3, need=needs(2)))
    assert isinstance(state.runs["run00002"].status, Queued)
    assert state.runs["run00003"].active


def test_each_gpu_goes_to_one_run() -> None:
    state = a_state(cpus=8, gpus=2)
    outcome = submit(state, *(a_run(seq, need=needs(1, gpus=1)) for seq in range(1, 4)))
    devices = [run.status.attempt.share.devices for run in state.runs.values() if run.active]  # type: ignore[union-attr]
    assert len(launched(outcome)) == 2
    assert sorted(devices) == [("GPU-0",), ("GPU-1",)]


@pytest.mark.parametrize(
    ("event", "status"),
    [
        (ended("run00001.1", 0), Finished),
        (ended("run00001.1", 3), Failed),
        (ended("run00001.1", 137, "time limit"), TimedOut),
        (ended("run00001.1", 143, "memory limit"), OutOfMemory),
        (ended("run00001.1", None, "not started"), Error),
        (ended("run00001.1", 143, "cancelled"), Cancelled),
        (seam.AttemptVanished("run00001.1", "the machine was rebooted"), Lost),
        (seam.PrepareFailed("run00001.1", "the environment could not be built", "no such package"), Error),
    ],
)
def test_every_way_to_end(event: seam.Event, status: type) -> None:
    state = a_state(cpus=1)
    submit(state, a_run(1), a_run(2))
    outcome = step(state, event, 5)
    assert isinstance(last(outcome, "run00001").status, status)
    assert "run00001" not in state.runs
    assert launched(outcome) == ["run00002"], "its share is free again"


def test_an_end_told_twice_is_settled_once() -> None:
    state = a_state()
    submit(state, a_run(1))
    step(state, ended("run00001.1"), 1)
    assert step(state, ended("run00001.1"), 2).changes == []
    assert state.seats["local"].cpus == 0


def test_a_lost_run_is_tried_again_only_if_it_asked_for_that() -> None:
    state = a_state()
    submit(state, a_run(1, retries=1))
    outcome = step(state, seam.AttemptVanished("run00001.1", "reboot"), 10)
    assert last(outcome, "run00001").status.name == "queued"
    assert launched(outcome) == [], "not before its moment"
    assert launched(step(state, seam.Tick(), 10 + 5 * SECOND)) == ["run00001"]
    assert state.runs["run00001"].attempts == 2
    outcome = step(state, seam.AttemptVanished("run00001.2", "reboot"), 20 * SECOND)
    assert isinstance(last(outcome, "run00001").status, Lost)


def test_the_codes_own_failure_is_never_retried() -> None:
    state = a_state()
    submit(state, a_run(1, retries=3))
    assert isinstance(last(step(state, ended("run00001.1", 1), 1), "run00001").status, Failed)


def test_backoff_keeps_the_order_of_the_queue() -> None:
    state = a_state(cpus=1)
    submit(state, a_run(1, retries=1), a_run(2), a_run(3))
    step(state, seam.AttemptVanished("run00001.1", "reboot"), 1)
    assert state.runs["run00002"].active
    step(state, seam.Tick(), 6 * SECOND)
    assert launched(step(state, ended("run00002.1"), 7 * SECOND)) == ["run00001"]


def test_a_retry_that_was_held_released_or_edited_meanwhile_starts_once() -> None:
    state = a_state(cpus=2)
    submit(state, a_run(1, retries=1), a_run(2, retries=1))
    step(state, seam.AttemptVanished("run00001.1", "reboot"), 1)
    step(state, seam.AttemptVanished("run00002.1", "reboot"), 1)
    step(state, seam.Hold("run00001", "bob"), 2)
    assert launched(step(state, seam.Release("run00001", "bob"), 3)) == ["run00001"]
    step(state, seam.Edit(state.runs["run00002"], "bob"), 4)
    assert launched(step(state, seam.Tick(), 6 * SECOND)) == ["run00002"]
    assert len(state.lines) == 0


def test_cancel_of_a_waiting_run_ends_it_at_once() -> None:
    state = a_state(cpus=1)
    submit(state, a_run(1), a_run(2))
    outcome = step(state, seam.Cancel("run00002", "bob"), 3)
    assert last(outcome, "run00002").status == Cancelled(3, "bob")
    assert outcome.effects == []


def test_cancel_of_a_running_run_waits_for_the_machines_word() -> None:
    state = a_state()
    submit(state, a_run(1))
    step(state, seam.AttemptStarted("run00001.1", 1), 1)
    outcome = step(state, seam.Cancel("run00001", "bob"), 3)
    assert outcome.effects == [seam.Stop("local", "run00001.1")]
    running = state.runs["run00001"].status
    assert isinstance(running, Running) and running.cancelled_by == "bob"
    assert step(state, seam.Cancel("run00001", "eve"), 4).effects == [], "once is enough"
    done = last(step(state, ended("run00001.1", 143, "cancelled"), 5), "run00001").status
    assert isinstance(done, Cancelled) and done.by == "bob"


def test_a_run_that_finished_before_the_cancel_arrived_finished() -> None:
    state = a_state()
    submit(state, a_run(1))
    step(state, seam.AttemptStarted("run00001.1", 1), 1)
    step(state, seam.Cancel("run00001", "bob"), 3)
    assert isinstance(last(step(state, ended("run00001.1"), 5), "run00001").status, Finished)


def test_cancel_before_the_start_is_settled_by_the_fence() -> None:
    state = a_state()
    submit(state, a_run(1))
    step(state, seam.Cancel("run00001", "bob"), 1)
    assert isinstance(last(step(state, seam.AttemptFenced("run00001.1"), 2), "run00001").status, Cancelled)


def test_a_cancel_ends_a_run_whose_directory_somebody_removed() -> None:
    state = a_state(cpus=1)
    submit(state, a_run(1), a_run(2))
    step(state, seam.AttemptStarted("run00001.1", 1), 1)
    assert step(state, seam.AttemptFenced("run00001.1"), 2).changes == [], "nobody asked for an end"
    step(state, seam.Cancel("run00001", "bob"), 3)
    outcome = step(state, seam.AttemptFenced("run00001.1"), 4)
    assert last(outcome, "run00001").status == Cancelled(4, "bob")
    assert launched(outcome) == ["run00002"], "its share is free again"


def test_an_order_that_got_lost_is_fenced_and_given_anew() -> None:
    state = a_state()
    submit(state, a_run(1))
    assert step(state, seam.AttemptAbsent("run00001.1"), 1).effects == [seam.Fence("local", ("run00001.1",))]
    outcome = step(state, seam.AttemptFenced("run00001.1"), 2)
    assert launched(outcome) == ["run00001"]
    assert state.runs["run00001"].attempts == 2
    assert state.runs["run00001"].retried == 0, "it never ran: no retry was used up"


def test_hold_and_release() -> None:
    state = a_state(cpus=1)
    submit(state, a_run(1), a_run(2))
    step(state, seam.Hold("run00002", "bob"), 1)
    assert launched(step(state, ended("run00001.1"), 2)) == []
    assert launched(step(state, seam.Release("run00002", "bob"), 3)) == ["run00002"]
    with pytest.raises(Refused):
        step(state, seam.Hold("run00002", "bob"), 4)


def test_after_waits_for_success() -> None:
    state = a_state(cpus=4)
    submit(state, a_run(1))
    submit(state, a_run(2, after=("run00001",)))
    assert isinstance(state.runs["run00002"].status, Queued)
    assert explain(state, "run00002", 1).kind == "dependency"
    assert launched(step(state, ended("run00001.1"), 1)) == ["run00002"]


def test_after_a_failure_is_held_with_the_reason_and_can_be_released() -> None:
    state = a_state(cpus=4)
    submit(state, a_run(1))
    submit(state, a_run(2, after=("run00001",)))
    outcome = step(state, ended("run00001.1", 1), 1)
    assert last(outcome, "run00002").status == Held(1, "because it comes after calm-river-1, which failed")
    assert launched(step(state, seam.Release("run00002", "alice"), 2)) == ["run00002"]


def test_a_machine_that_is_down_gets_nothing_and_keeps_what_it_has() -> None:
    state = a_state(cpus=2)
    submit(state, a_run(1))
    step(state, seam.MachineDown("local", "no route"), 1)
    assert launched(submit(state, a_run(2))) == []
    assert state.runs["run00001"].active, "unreachable is not failed"
    assert explain(state, "run00002", 1).kind == "machine"
    up = seam.MachineUp("local", state.seats["local"].capacity)
    assert launched(step(state, up, 2)) == ["run00002"]
    assert state.seats["local"].cpus == 2


def test_adopted_runs_hold_their_shares() -> None:
    before = a_state(cpus=2, gpus=1)
    submit(before, a_run(1, need=needs(2, gpus=1)), a_run(2))
    state = State()
    adopt(state, before.runs.values(), {})
    step(state, seam.MachineUp("local", before.seats["local"].capacity), 1)
    assert state.seats["local"].cpus == 2
    assert launched(step(state, ended("run00001.1"), 2)) == ["run00002"]


def test_a_retry_that_waits_is_remembered_by_the_next_engine() -> None:
    before = a_state()
    submit(before, a_run(1, retries=1))
    step(before, seam.AttemptVanished("run00001.1", "reboot"), 10)
    state = State()
    adopt(state, before.runs.values(), {})
    step(state, seam.MachineUp("local", before.seats["local"].capacity), 20)
    assert step(state, seam.Tick(), 20).effects == [seam.Wake(10 + 5 * SECOND)]
    assert launched(step(state, seam.Tick(), 10 + 5 * SECOND)) == ["run00001"]


def sweep(count: int) -> list[Run]:
    return [a_run(seq, sweep="run00001") for seq in range(1, count + 1)]


def test_short_runs_of_a_sweep_share_a_supervisor() -> None:
    state = a_state(cpus=2)
    submit(state, *sweep(100))
    outcome = step(state, ended("run00001.1", seconds=0.005), 1)
    lane = next(effect for effect in outcome.effects if isinstance(effect, seam.Launch)).lane
    assert len(lane) > 10
    assert [run.seq for run in lane] == sorted(run.seq for run in lane)
    assert state.seats["local"].cpus == 2, "a lane holds one share"
    for run in lane:
        step(state, ended(f"{run.id}.1", seconds=0.005), 2)
    assert state.seats["local"].cpus == 2


def test_a_lane_that_is_stuck_gives_back_the_others() -> None:
    state = a_state(cpus=1)
    submit(state, *sweep(50))
    lane = next(
        effect
        for effect in step(state, ended("run00001.1", seconds=0.001), 0).effects
        if isinstance(effect, seam.Launch)
    ).lane
    first, others = lane[0], lane[1:]
    outcome = step(state, seam.AttemptStarted(f"{first.id}.1", 0), 0)
    assert seam.Wake(LANE_PATIENCE) in outcome.effects
    outcome = step(state, seam.Tick(), LANE_PATIENCE)
    assert seam.Fence("local", tuple(f"{run.id}.1" for run in others)) in outcome.effects
    for run in others:
        step(state, seam.AttemptFenced(f"{run.id}.1"), LANE_PATIENCE + 1)
    assert all(isinstance(state.runs[run.id].status, Queued) for run in others)
    assert state.seats["local"].cpus == 1


def test_slow_runs_of_a_sweep_have_a_supervisor_each() -> None:
    state = a_state(cpus=2)
    submit(state, *sweep(10))
    outcome = step(state, ended("run00001.1", seconds=60), 1)
    assert len(launched(outcome)) == 1


def test_edit_changes_the_line_it_waits_in() -> None:
    state = a_state(cpus=2)
    submit(state, a_run(1, need=needs(2)), a_run(2, need=needs(2)))
    assert explain(state, "run00002").kind == "resources"
    step(state, seam.Edit(a_run(2, need=needs(1)), "alice"), 1)
    assert state.runs["run00002"].ask.need.cpus == 1
    changes = step(state, ended("run00001.1"), 2).changes
    assert [change.kind for change in changes] == [Kind.ENDED, Kind.PLACED]


def test_why_names_what_is_short_and_who_has_it() -> None:
    state = a_state(cpus=2)
    submit(state, a_run(1, need=needs(2)), a_run(2, need=needs(2)))
    step(state, seam.AttemptStarted("run00001.1", 0), 0)
    reason = explain(state, "run00002", 1)
    assert reason.text == "2 CPU on local, 0 free of 2"
    assert [(blocker.run.id, blocker.machine) for blocker in reason.blockers] == [("run00001", "local")]
    assert "calm-river-1 (alice)" in reason.until


def test_why_says_what_can_never_be() -> None:
    state = a_state(cpus=2)
    submit(state, a_run(1, need=needs(1, gpus=4)))
    assert explain(state, "run00001").kind == "impossible"
