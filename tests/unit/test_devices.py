"""The rule that says when a GPU is free: pure, with a clock of the tests."""

from __future__ import annotations

from workbench.domain.devices import UNSEEN, Lease, Process, Rule, Verdict, judge
from workbench.domain.time import SECOND

GB = 1_000_000_000
MB = 1_000_000
MINUTE = 60 * SECOND
OURS = Process(1, "alice", "python", 40 * GB, ours=True)
BOB = Process(2, "bob", "python", 31 * GB, ours=False)
EVE = Process(3, "eve", "julia", 2 * GB, ours=False)
STALE = Process(4, "bob", "jupyter", 200 * MB, ours=False)


def look(before: Verdict, *processes: Process, use: float = 0.0, lease: Lease | None = None, at: int = 0) -> Verdict:
    return judge(before, use, processes, lease, at)


def test_a_gpu_that_was_never_looked_at_is_not_free() -> None:
    assert UNSEEN.used
    assert not look(UNSEEN).used, "one look at an empty one is enough"


def test_the_process_of_another_is_named_with_its_owner() -> None:
    assert look(UNSEEN, BOB).used == "used by bob (python, 31 GB)"
    assert look(UNSEEN, EVE, BOB).used == "used by bob (python, 31 GB) and 1 more"
    assert look(UNSEEN, Process(5, "", "", 3 * GB, ours=False)).used == "used by somebody (3.0 GB)"


def test_our_own_process_stands_in_nobodys_way() -> None:
    assert not look(UNSEEN, OURS, use=1.0).used


def test_it_is_free_again_after_three_samples_on_end() -> None:
    verdict = look(UNSEEN, BOB)
    told = []
    for processes in ((), (), (BOB,), (), (), ()):
        verdict = look(verdict, *processes)
        told.append(bool(verdict.used))
    assert told == [True, True, True, True, True, False]


def test_a_small_process_that_computes_nothing_is_ignored_after_ten_minutes() -> None:
    verdict = look(UNSEEN, STALE, at=0)
    assert verdict.used == "used by bob (jupyter, 200 MB)"
    for minute in range(1, 10):
        verdict = look(verdict, STALE, at=minute * MINUTE)
        assert verdict.used
    for seconds in range(3):
        assert verdict.used
        verdict = look(verdict, STALE, at=10 * MINUTE + seconds * SECOND)
    assert not verdict.used


def test_the_ten_minutes_begin_anew_with_every_use_and_every_process() -> None:
    verdict = look(UNSEEN, STALE, at=0)
    verdict = look(verdict, STALE, use=0.4, at=9 * MINUTE)
    verdict = look(verdict, STALE, at=10 * MINUTE)
    assert verdict.idle == {STALE.pid: 10 * MINUTE}
    another = Process(6, "eve", "python", 10 * MB, ours=False)
    verdict = look(verdict, STALE, another, at=20 * MINUTE)
    assert verdict.used == "used by eve (python, 10 MB)"


def test_a_large_process_is_never_idle_enough() -> None:
    verdict = look(UNSEEN, BOB, at=0)
    assert look(verdict, BOB, at=1000 * MINUTE).used


def test_what_is_ignored_by_name() -> None:
    assert not judge(UNSEEN, 0.9, (BOB,), None, 0, Rule(ignored=("python",))).used


def test_a_lease_of_another_engine() -> None:
    lease = Lease(7, "bob", ours=False)
    assert look(Verdict(), lease=lease).used == "leased by bob"
    assert look(Verdict(), BOB, lease=lease).used == "leased by bob, used by bob (python, 31 GB)"
    assert look(Verdict(), lease=Lease(0, "", ours=False)).used == "leased by somebody"


def test_under_our_own_lease_nothing_is_judged() -> None:
    assert look(UNSEEN, BOB, lease=Lease(8, "alice", ours=True)) == Verdict()
