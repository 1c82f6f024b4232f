"""When runs are likely to start: what is foreseen is what happens, where runs last as long as runs like them did."""

from __future__ import annotations

import heapq

from hypothesis import given
from hypothesis import strategies as st

from tests.engine.making import GB, SECOND, a_capacity, a_run, a_state, explain, submit
from workbench.domain.resources import Capacity, Device, Need
from workbench.domain.run import Run, attempt_of
from workbench.engine import seam
from workbench.engine.forecast import MACHINES, Past, look_ahead
from workbench.engine.scheduler import State, step

NOW = 5
"""Seconds for which the first runs have been running."""
CAPACITY = Capacity(4, 16 * GB, (Device("GPU-0", 0, "T4", 16 * GB), Device("GPU-1", 1, "H100", 80 * GB)))
NEEDS = st.builds(
    Need,
    cpus=st.integers(1, 4),
    memory=st.integers(0, 16).map(lambda size: size * GB),
    gpus=st.integers(0, 2),
    gpu_memory=st.sampled_from([0, 40 * GB]),
)


def each(seconds: float) -> Past:
    return lambda run: (seconds, seconds, seconds)


def running(state: State, *runs: Run, now: int = 0) -> None:
    submit(state, *runs, now=now * SECOND)
    for run in runs:
        step(state, seam.AttemptStarted(f"{run.id}.1", now * SECOND), now * SECOND)


@given(asked=st.lists(st.tuples(NEEDS, st.integers(NOW + 1, 60), st.integers(0, 2)), min_size=1, max_size=12))
def test_what_is_foreseen_is_what_happens(asked: list[tuple[Need, int, int]]) -> None:
    state = State()
    step(state, seam.MachineUp("one", CAPACITY), 0)
    fitting = [one for one in asked if state.seats["one"].could_fit(one[0])]
    runs = [a_run(seq, need=need, priority=first) for seq, (need, _, first) in enumerate(fitting, 1)]
    lasts = {run.id: seconds for run, (_, seconds, _) in zip(runs, fitting, strict=True)}
    submit(state, *runs)
    for run in list(state.runs.values()):
        if run.active:
            step(state, seam.AttemptStarted(f"{run.id}.1", 0), 0)

    foreseen = look_ahead(state, lambda run: (float(lasts[run.id]),) * 3, NOW * SECOND).starts

    assert {id: start.left.seconds + NOW for id, start in foreseen.items()} == played(state, lasts)


def played(state: State, lasts: dict[str, int]) -> dict[str, float]:
    """When each run that waits is placed: seconds, as the scheduler has it."""
    first = [run.id for run in state.runs.values() if run.active]
    order = {id: at for at, id in enumerate(sorted(first, key=lambda id: list(state.lanes).index(f"{id}.1")))}
    ends = [(lasts[id], order[id], id) for id in first]
    heapq.heapify(ends)
    starts: dict[str, float] = {}
    while ends:
        at, _, id = heapq.heappop(ends)
        outcome = step(state, seam.AttemptEnded(f"{id}.1", 0, "exited", 0, at * SECOND, 0.0, 0), at * SECOND)
        for change in outcome.changes:
            if attempt_of(change.run.status) and change.run.active:
                starts[change.run.id] = at
                heapq.heappush(ends, (at + lasts[change.run.id], len(first) + change.run.seq, change.run.id))
    return starts


def test_why_names_the_run_that_makes_room_its_owner_and_when() -> None:
    state = a_state(gpus=1)
    running(state, a_run(1, need=Need(gpus=1), user="bob"))
    submit(state, a_run(2, need=Need(gpus=1)), a_run(3, need=Need(gpus=1)))
    first, second = (explain(state, id, 60 * SECOND, each(900)) for id in ("run00002", "run00003"))
    assert first.text == "1 GPU on local in ~14m (bob's calm-river-1)"
    assert first.until == "It starts when calm-river-1 (bob) ends, in ~14m."
    assert [(blocker.run.name, blocker.left and blocker.left.seconds) for blocker in first.blockers] == [
        ("calm-river-1", 840)
    ]
    assert second.text == "1 GPU on local in ~29m (alice's calm-river-2), 1 before it"
    assert first.eta and second.eta and (first.eta.seconds, second.eta.seconds) == (840, 840 + 900)


def test_of_runs_that_nobody_can_tell_the_end_of_the_first_is_named_and_the_others_counted() -> None:
    for count, others in ((1, ""), (2, " or another"), (3, " or one of 2 others")):
        state = a_state(cpus=count)
        for seq in range(1, count + 1):
            running(state, a_run(seq))
        submit(state, a_run(9))
        until = explain(state, "run00009").until
        assert until == f"It starts when calm-river-1 (alice){others} ends and 1 CPU is free for it."


def test_a_run_that_is_being_cancelled_is_not_said_to_be_just_running() -> None:
    state = a_state()
    running(state, a_run(1))
    step(state, seam.Cancel("run00001", "bob"), 0)
    assert explain(state, "run00001").text == "bob cancels it"


def test_the_machine_that_has_room_first_is_the_one_that_is_named() -> None:
    state = State()
    for name in ("one", "two"):
        step(state, seam.MachineUp(name, a_capacity(2)), 0)
    running(state, a_run(1, need=Need(2)), now=0)
    running(state, a_run(2, need=Need(2, machine="two")), now=300)
    submit(state, a_run(3, need=Need(2)), a_run(4, need=Need(2, machine="two")))
    said = [explain(state, id, 400 * SECOND, each(700)).text for id in ("run00003", "run00004")]
    assert said == [
        "2 CPU on one in ~5m (alice's calm-river-1)",
        "2 CPU on two in ~10m (alice's calm-river-2), 1 before it",
    ]


def test_a_machine_that_is_kept_for_another_is_named_with_who_goes_before() -> None:
    state = a_state(cpus=4)
    running(state, a_run(1, need=Need(3)))
    submit(state, a_run(2, need=Need(4)), a_run(3, need=Need(1)))
    reason = explain(state, "run00003", 0, each(60))
    assert (reason.kind, reason.text) == ("order", "1 before it, in ~2m (alice's calm-river-2)")


def test_without_a_past_the_time_limit_is_what_is_known() -> None:
    state = a_state(cpus=1)
    running(state, a_run(1, time_limit=3600.0))
    submit(state, a_run(2))
    reason = explain(state, "run00002", 1800 * SECOND)
    assert reason.text == "1 CPU on local in at most 30m (alice's calm-river-1)"
    assert reason.eta and reason.eta.at_most


def test_nothing_is_foreseen_where_nobody_can_tell() -> None:
    state = a_state(cpus=1, gpus=1)
    running(state, a_run(1))
    submit(state, a_run(2))
    assert explain(state, "run00002").eta is None  # nothing like it ever ended
    assert explain(state, "run00002", 60 * SECOND, each(50)).eta is None  # it has outlasted all like it
    assert explain(state, "run00002", 0, each(50)).eta
    strangers = a_state(cpus=2, gpus=1)
    step(strangers, seam.DevicesSeen("local", {"GPU-0": "used by eve"}), 0)
    running(strangers, a_run(1))
    submit(strangers, a_run(2, need=Need(gpus=1)))
    assert explain(strangers, "run00002", 0, each(50)).eta is None


def test_a_lane_ends_with_its_last_run() -> None:
    state = a_state(cpus=1)
    submit(state, a_run(1, sweep="s"))
    step(state, seam.AttemptEnded("run00001.1", 0, "exited", 0, SECOND // 100, 0.0, 0), 0)
    submit(state, *(a_run(seq, sweep="s") for seq in range(2, 5)))
    submit(state, a_run(9))
    assert state.lanes["run00002.1"] is state.lanes["run00004.1"]
    eta = explain(state, "run00009", 0, each(0.25)).eta
    assert eta and eta.seconds == 0.75


def test_a_fleet_too_large_to_play_is_left_alone() -> None:
    state = State()
    for number in range(MACHINES + 1):
        step(state, seam.MachineUp(f"m{number}", a_capacity(1)), 0)
    running(state, *(a_run(seq) for seq in range(1, MACHINES + 2)))
    submit(state, a_run(99))
    assert explain(state, "run00099", 0, each(50)).eta is None
