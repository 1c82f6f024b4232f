"""What the scheduler decides where there are several machines."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.engine.making import GB, SECOND, a_capacity, a_run, ended, explain, launched, needs, submit
from workbench.domain.machines import Enrolled
from workbench.domain.resources import Capacity, Device, Need
from workbench.domain.run import attempt_of
from workbench.domain.status import Queued
from workbench.engine import seam
from workbench.engine.scheduler import Outcome, State, adopt, step
from workbench.errors import Refused
from workbench.present import runs
from workbench.protocol.runs import run_in, run_out


def two(one: Capacity | None = None, other: Capacity | None = None) -> State:
    """Machines `one` and `other`, up, two CPUs each where nothing else is said."""
    state = State()
    for name, capacity in (("one", one or a_capacity(2)), ("other", other or a_capacity(2))):
        step(state, seam.Enrol(Enrolled(name)), 0)
        step(state, seam.MachineUp(name, capacity), 0)
    return state


def where(outcome: Outcome) -> dict[str, str]:
    """run -> the machine that it was sent to."""
    launches = [effect for effect in outcome.effects if isinstance(effect, seam.Launch)]
    return {run.id: launch.machine for launch in launches for run in launch.lane}


def reason(state: State, id: str, now: int = 0) -> str:
    return explain(state, id, now).text


def on(machine: str, cpus: int = 1) -> Need:
    return replace(needs(cpus), machine=machine)


def test_small_runs_fill_one_machine_and_leave_the_other_to_the_big() -> None:
    state = two()
    placed = where(submit(state, a_run(1), a_run(2), a_run(3, need=needs(2))))
    assert placed["run00001"] == placed["run00002"] != placed["run00003"]


def test_a_run_for_one_machine_waits_for_that_one() -> None:
    state = two()
    submit(state, a_run(1, need=on("one", 2)))
    assert where(submit(state, a_run(2, need=on("one")))) == {}
    assert reason(state, "run00002") == "1 CPU on one, 0 free of 2"
    assert where(submit(state, a_run(3, need=needs(2)))) == {"run00003": "other"}
    assert where(step(state, ended("run00001.1"), 1)) == {"run00002": "one"}


def test_a_label_says_where() -> None:
    state = two()
    step(state, seam.Enrol(Enrolled("other", labels=("a100", "zone=b"))), 0)
    need = replace(needs(1), labels=("a100",))
    assert where(submit(state, a_run(1, need=need))) == {"run00001": "other"}
    assert where(submit(state, a_run(2, need=replace(need, labels=("a100", "h100"))))) == {}
    assert reason(state, "run00002") == "no machine has label a100 and h100"
    step(state, seam.Enrol(Enrolled("one", labels=("a100", "h100"))), 0)
    assert attempt_of(state.runs["run00002"].status) is not None


def gpus(*sizes: int) -> Capacity:
    return Capacity(8, 64 * GB, tuple(Device(f"GPU-{size}", i, "X", size * GB) for i, size in enumerate(sizes)))


def test_the_smallest_gpu_that_is_large_enough_is_given() -> None:
    state = two(gpus(80, 24, 40))
    runs = [a_run(i, need=replace(needs(1, gpus=1), gpu_memory=size * GB)) for i, size in ((1, 30), (2, 0), (3, 30))]
    submit(state, *runs)
    given = [attempt.share.devices for run in state.runs.values() if (attempt := attempt_of(run.status))]
    assert given == [("GPU-40",), ("GPU-24",), ("GPU-80",)]
    submit(state, a_run(4, need=replace(needs(1, gpus=1), gpu_memory=30 * GB)))
    assert reason(state, "run00004") == "1 GPU of 30 GB on one, 0 free of 3"


def test_gpus_that_are_too_small_are_not_kept_for_a_run() -> None:
    state = two(gpus(80, 24), Capacity(0, 0))
    large = replace(needs(1, gpus=1), gpu_memory=30 * GB)
    submit(state, a_run(1, need=large), a_run(2, need=large))
    assert launched(submit(state, a_run(3, need=needs(1, gpus=1)))) == ["run00003"]


def test_a_machine_that_drains_gets_nothing_new() -> None:
    state = two()
    submit(state, a_run(1, need=on("one")))
    step(state, seam.Enrol(Enrolled("one", draining=True)), 1)
    assert state.runs["run00001"].active
    assert where(submit(state, a_run(2))) == {"run00002": "other"}
    submit(state, a_run(3, need=on("one")))
    assert reason(state, "run00003") == "no machine (one is draining)"
    with pytest.raises(Refused, match="calm-river-1"):
        step(state, seam.Dismiss("one"), 2)
    assert where(step(state, seam.Enrol(Enrolled("one")), 3)) == {"run00003": "one"}


def test_whoever_waits_for_a_machine_that_closes_waits_for_another() -> None:
    """What the other has free is then kept for it, ahead of smaller runs behind it."""
    state = two(a_capacity(4), a_capacity(3))
    submit(state, a_run(1, need=on("one", 2)), a_run(2, need=on("other", 2)), a_run(3, need=needs(3)))
    assert [line.kept for line in state.lines] == ["one"]
    step(state, seam.MachineDown("one", "no route"), 1)
    assert [line.kept for line in state.lines] == ["other"]
    assert launched(submit(state, a_run(4))) == []
    assert where(step(state, ended("run00002.1"), 2)) == {"run00003": "other"}


def test_a_removed_machine_is_waited_for_no_more() -> None:
    state = two()
    step(state, seam.Dismiss("one"), 0)
    submit(state, a_run(1, need=on("one")))
    assert reason(state, "run00001") == "there is no machine one"


def test_a_retry_goes_elsewhere_if_there_is_an_elsewhere() -> None:
    state = two()
    (first,) = where(submit(state, a_run(1, retries=3))).values()
    step(state, seam.AttemptVanished("run00001.1", "reboot"), 1)
    (second,) = where(step(state, seam.Tick(), 10 * SECOND)).values()
    assert second != first
    step(state, seam.MachineDown(first, "no route"), 11 * SECOND)
    step(state, seam.PrepareFailed("run00001.2", "no room"), 12 * SECOND)
    assert where(step(state, seam.Tick(), 60 * SECOND)) == {"run00001": second}, "there is no other"


def test_a_retry_waits_for_a_machine_that_could_take_it() -> None:
    state = two()
    submit(state, a_run(1, need=on("other", 2)), a_run(2, retries=1))
    assert attempt_of(state.runs["run00002"].status).machine == "one"  # type: ignore[union-attr]
    step(state, seam.AttemptVanished("run00002.1", "reboot"), 1)
    assert where(step(state, seam.Tick(), 6 * SECOND)) == {}
    assert reason(state, "run00002", 6 * SECOND) == "1 CPU on other, 0 free of 2"
    assert where(step(state, seam.MachineDown("other", "no route"), 7 * SECOND)) == {"run00002": "one"}


def test_what_was_cancelled_while_nobody_could_tell_the_machine_is_told_again() -> None:
    state = two()
    submit(state, a_run(1, need=on("one")), a_run(2, need=on("one")))
    step(state, seam.MachineDown("one", "no route"), 1)
    step(state, seam.Cancel("run00001", "bob"), 2)
    stop = seam.Stop("one", "run00001.1")
    assert step(state, seam.MachineUp("one", a_capacity(2)), 3).effects == [stop]
    after = State()
    adopt(after, state.runs.values(), {})
    assert step(after, seam.MachineUp("one", a_capacity(2)), 4).effects == [stop], "also by the next engine"


def test_a_machine_out_of_reach_keeps_the_moment_it_went() -> None:
    state = two()
    submit(state, a_run(1, need=on("one")))
    step(state, seam.AttemptStarted("run00001.1", 1), 1)
    step(state, seam.MachineDown("one", "no route"), 10 * SECOND)
    step(state, seam.MachineDown("one", "timed out"), 20 * SECOND)
    assert (state.seats["one"].since, state.seats["one"].reason) == (10 * SECOND, "timed out")
    assert reason(state, "run00001", 70 * SECOND) == "it was running when one went out of reach, 1m 00s ago"


# Machines that fail whatever they are given


def fail(state: State, seq: int, sweep: str, machine: str, now: int, seconds: float = 1.0) -> Outcome:
    submit(state, a_run(seq, sweep=sweep, need=on(machine)), now=now)
    return step(state, ended(f"run{seq:05d}.1", 1, seconds=seconds), now)


def succeed(state: State, seq: int, sweep: str, machine: str, now: int) -> None:
    submit(state, a_run(seq, sweep=sweep, need=on(machine)), now=now)
    step(state, ended(f"run{seq:05d}.1"), now)


def test_a_machine_that_fails_what_goes_well_elsewhere_is_set_aside() -> None:
    state = two()
    succeed(state, 1, "a", "other", 1)
    for seq, sweep in enumerate("aab", 2):
        assert state.seats["one"].open
        outcome = fail(state, seq, sweep, "one", seq)
    assert not state.seats["one"].open
    assert outcome.asides == {"one": state.seats["one"].aside}
    submit(state, a_run(9, need=on("one")))
    assert "set aside: the last 3 runs there failed at once" in reason(state, "run00009")
    trusted = step(state, seam.Trust("one"), 9)
    assert (where(trusted), trusted.asides) == ({"run00009": "one"}, {"one": ""})
    fail(state, 10, "b", "one", 10)
    assert state.seats["one"].open, "it starts afresh"


def test_a_run_that_lasts_elsewhere_is_proof_enough() -> None:
    state = two()
    submit(state, a_run(1, sweep="a", need=on("other")))
    step(state, seam.AttemptStarted("run00001.1", 0), 0)
    for seq, sweep in enumerate("aab", 2):
        fail(state, seq, sweep, "one", 20 * SECOND)
    assert state.seats["one"].aside


def test_what_could_not_be_prepared_counts() -> None:
    state = two()
    succeed(state, 1, "a", "other", 1)
    for seq, sweep in enumerate("aab", 2):
        submit(state, a_run(seq, sweep=sweep, need=on("one")))
        step(state, seam.PrepareFailed(f"run{seq:05d}.1", "no room on the disk"), 2)
    assert state.seats["one"].aside


@pytest.mark.parametrize(
    ("fails", "proof", "times", "seconds"),
    [
        ("aaaa", "a", (1, 2, 3, 4), 1),  # one kind: it is the code
        ("aab", "c", (1, 2, 3), 1),  # nothing of the kind goes well elsewhere
        ("ab", "a", (1, 2), 1),  # too few
        ("aab", "a", (1, 2, 700 * SECOND), 1),  # too long ago
        ("aab", "a", (1, 2, 3), 60),  # they did run
    ],
)
def test_failures_that_are_not_held_against_a_machine(
    fails: str, proof: str, times: tuple[int, ...], seconds: float
) -> None:
    state = two()
    succeed(state, 1, proof, "other", 1)
    for seq, (sweep, now) in enumerate(zip(fails, times, strict=True), 2):
        fail(state, seq, sweep, "one", now, seconds)
    assert state.seats["one"].open


def test_a_run_that_does_well_wipes_the_slate() -> None:
    state = two()
    succeed(state, 1, "a", "other", 1)
    fail(state, 2, "a", "one", 2)
    fail(state, 3, "b", "one", 3)
    succeed(state, 4, "c", "one", 4)
    fail(state, 5, "a", "one", 5)
    assert state.seats["one"].open


def test_the_only_machine_is_never_set_aside() -> None:
    state = two()
    succeed(state, 1, "a", "other", 1)
    step(state, seam.MachineDown("other", "no route"), 1)
    for seq, sweep in enumerate("aabb", 2):
        fail(state, seq, sweep, "one", seq)
    assert state.seats["one"].open


def test_a_queued_run_remembers_where_it_came_to_grief() -> None:
    state = two()
    submit(state, a_run(1, retries=1))
    step(state, seam.AttemptVanished("run00001.1", "reboot"), 1)
    status = state.runs["run00001"].status
    assert isinstance(status, Queued) and status.avoid == "one"


def test_what_a_run_asks_of_its_machine_survives_the_way_into_history() -> None:
    need = Need(2, GB, 1, 24 * GB, "gpu3", ("a100", "zone=b"))
    run = a_run(1, need=need, status=Queued(1, 2, "gpu4"))
    assert run_in(run_out(run)) == run
    before = {key: value for key, value in run_out(run).items() if key not in ("gpu_memory", "pinned", "labels")}
    assert run_in(before).ask.need == Need(2, GB, 1), "runs from before there were several machines"


def test_facts_say_where_it_may_run() -> None:
    facts = dict(runs.facts(a_run(1, need=Need(2, 0, 1, 24 * GB, "gpu3", ("a100",))), 0))
    assert facts["needs"] == "2 cpu, 1 gpu of 24 GB, only on gpu3, label a100"
