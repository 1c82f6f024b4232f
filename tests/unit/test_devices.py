"""The rule that says when a GPU is free: pure, with a clock of the tests."""

from __future__ import annotations

from workbench.domain.devices import (
    UNSEEN,
    DeviceSample,
    Lease,
    Process,
    Rule,
    Standing,
    Verdict,
    Watch,
    judge,
    stand,
    watch,
)
from workbench.domain.time import SECOND

GB = 1_000_000_000
MB = 1_000_000
MINUTE = 60 * SECOND
OURS = Process(1, "alice", "python", 40 * GB, ours=True)
BOB = Process(2, "bob", "python", 31 * GB, ours=False)
EVE = Process(3, "eve", "julia", 2 * GB, ours=False)
STALE = Process(4, "bob", "jupyter", 200 * MB, ours=False)


MINE, BOBS = Lease(8, "alice", ours=True), Lease(9, "bob", ours=False)


def a_sample(*processes: Process, use: float | None = 0.0, lease: Lease | None = None, lost: str = "") -> DeviceSample:
    return DeviceSample("GPU-0", use, 0, None, None, processes, lease, lost)


def look(
    before: Verdict, *processes: Process, use: float | None = 0.0, lease: Lease | None = None, at: int = 0
) -> Verdict:
    return judge(before, a_sample(*processes, use=use, lease=lease), at)


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
    assert not judge(UNSEEN, a_sample(BOB, use=0.9), 0, Rule(ignored=("python",))).used


def test_a_lease_of_another_engine() -> None:
    lease = Lease(7, "bob", ours=False)
    assert look(Verdict(), lease=lease).used == "leased by bob"
    assert look(Verdict(), BOB, lease=lease).used == "leased by bob, used by bob (python, 31 GB)"
    assert look(Verdict(), lease=Lease(0, "", ours=False)).used == "leased by somebody"


def test_under_our_own_lease_nothing_is_judged() -> None:
    assert look(UNSEEN, BOB, lease=Lease(8, "alice", ours=True)) == Verdict()


def test_who_did_not_matter_before_a_run_of_ours_does_not_after_it_unless_it_has_grown() -> None:
    verdict = look(UNSEEN, STALE, at=0)
    for seconds in range(3):
        verdict = look(verdict, STALE, at=10 * MINUTE + seconds * SECOND)
    held = look(verdict, STALE, OURS, use=1.0, lease=MINE, at=11 * MINUTE)
    assert held == Verdict(idle={STALE.pid: 0}, tolerated=frozenset({STALE.pid}))
    assert not look(held, STALE, at=12 * MINUTE).used
    grown = Process(STALE.pid, "bob", "jupyter", 2 * GB, ours=False)
    assert look(look(held, grown, OURS, lease=MINE, at=12 * MINUTE), STALE, at=13 * MINUTE).used


def test_a_small_process_on_a_device_that_does_not_tell_its_use_is_never_idle() -> None:
    verdict = look(UNSEEN, STALE, use=None, at=0)
    assert look(verdict, STALE, use=None, at=1000 * MINUTE).used


def test_a_lost_device_is_nobodys_even_under_our_lease() -> None:
    verdict = judge(Verdict(), a_sample(OURS, lease=MINE, lost="GPU is lost"), 0)
    assert verdict.used == "lost (GPU is lost)"
    for _ in range(2):
        verdict = look(verdict)
        assert verdict.used, "and when it is back, not at once"
    assert not look(verdict).used


def standing(*samples: DeviceSample, held: bool = False, in_the_way: bool = False) -> Standing:
    """How it stands after these, a minute apart."""
    watched = Watch()
    for minute, seen in enumerate(samples):
        watched = watch(watched, seen, minute * MINUTE)
    return stand(watched, held, in_the_way)


def test_whose_a_device_is() -> None:
    assert standing() == Standing("unseen")
    assert standing(held=True) == Standing("mine")
    assert standing(a_sample()) == Standing("free")
    assert standing(a_sample(OURS, use=0.5, lease=MINE), held=True) == Standing("mine")
    assert standing(a_sample(), held=True) == Standing("mine"), "where no lease can be had"
    assert standing(a_sample(BOB, use=0.5, lease=BOBS), in_the_way=True) == Standing("team")
    assert standing(a_sample(BOB), in_the_way=True) == Standing("stranger", (BOB,))
    assert standing(a_sample(STALE)) == Standing("free", (STALE,)), "one that does not matter is shown as well"
    assert standing(a_sample(OURS, lease=MINE, lost="ERR"), held=True) == Standing("lost")


def test_strangers_are_seen_whoever_holds_the_device() -> None:
    desktop = Process(5, "root", "Xorg", 50 * MB, ours=False)
    assert standing(a_sample(OURS, BOB, desktop, use=1.0, lease=MINE), held=True) == Standing("mine", (BOB,))
    assert standing(a_sample(BOB, EVE, use=1.0, lease=BOBS), in_the_way=True) == Standing("team", (EVE,))


def test_a_device_that_is_held_and_computes_nothing_is_idle() -> None:
    for lease in (MINE, BOBS):
        quiet = a_sample(OURS, lease=lease)
        assert standing(quiet, quiet).state == "idle"
        assert standing(quiet).state != "idle", "it has only begun"
        assert standing(quiet, a_sample(OURS, use=0.1, lease=lease)).state != "idle"
        assert standing(a_sample(), quiet).state != "idle", "what it did before it was held does not count"
        unknown = a_sample(OURS, use=None, lease=lease)
        assert standing(unknown, unknown).state != "idle"
    assert standing(a_sample(), a_sample()).state == "free"
