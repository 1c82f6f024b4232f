"""How a run stood at each moment, from what happened to it and how it stands by now."""

from __future__ import annotations

from dataclasses import replace

from tests.screens.made_up import NOW, attempt, run
from workbench.domain.course import Event, Life, life
from workbench.domain.run import attempt_of
from workbench.domain.status import Ended, Failed, Held, Queued, Running
from workbench.domain.time import SECOND

MINUTE = 60 * SECOND
END = Failed(Ended(replace(attempt("gpu3"), number=2), NOW + 50 * MINUTE, NOW + 60 * MINUTE, None), 3)
FOX = replace(run(1, "fox", END), submitted=NOW, attempts=2, retried=1)


def told(*kinds: str, of: object = END, by: str = "") -> Life:
    events = (Event(NOW + 10 * MINUTE * place, kind, by) for place, kind in enumerate(kinds))
    return life(replace(FOX, status=of), events)  # type: ignore[arg-type]


def names(life: Life) -> list[str]:
    return [stage.status.name for stage in life.stages]


def test_a_run_that_was_tried_twice() -> None:
    lived = told("submitted", "placed", "started", "retried", "placed", "started", "ended")
    assert names(lived) == ["queued", "preparing", "running", "queued", "preparing", "running", "failed"]
    assert [stage.attempts for stage in lived.stages] == [0, 1, 1, 1, 2, 2, 2]
    assert lived.stages[-1].retried == 1
    machines = [a.machine if (a := attempt_of(stage.status)) else None for stage in lived.stages]
    assert machines == [None, "", "", None, "gpu3", "gpu3", "gpu3"], "where the first attempt was is not on record"
    then = lived.at(NOW + 55 * MINUTE)
    assert then and isinstance(then.status, Running) and then.status.started == NOW + 50 * MINUTE
    assert lived.at(NOW - 1) is None
    assert lived.at(NOW + 60 * MINUTE) == FOX


def test_what_was_held_at_its_submit_shows_in_what_followed() -> None:
    assert names(told("submitted", "edited", "released", "placed")) == ["held", "held", "queued", "preparing"]
    assert names(told("submitted", "held", "released")) == ["queued", "held", "queued"]
    waiting = told("submitted", of=Held(NOW, "by bob"))
    assert names(waiting) == ["held"]
    assert names(told("submitted", of=Queued(NOW))) == ["queued"]


def test_a_reason_to_hold_is_the_one_on_record_where_it_is_the_last() -> None:
    again = told("submitted", "held", "released", "held", of=Held(NOW, "waits for #7, which failed"), by="bob")
    assert [one.status.reason for one in again.stages if isinstance(one.status, Held)] == [
        "by bob",
        "waits for #7, which failed",
    ]


def test_who_wants_it_cancelled_is_known_from_then_on() -> None:
    status = told("submitted", "placed", "started", "cancelling", by="bob").stages[-1].status
    assert isinstance(status, Running) and status.cancelled_by == "bob"


def test_a_clock_that_was_set_back_turns_nothing_round() -> None:
    lived = life(FOX, [Event(NOW, "submitted", ""), Event(NOW - MINUTE, "placed", ""), Event(NOW + 1, "started", "")])
    assert [stage.event.at for stage in lived.stages] == [NOW, NOW, NOW + 1]


def test_an_end_that_the_run_does_not_show_yet_is_left_out() -> None:
    assert names(told("submitted", "placed", "started", "ended", of=Running(attempt(), NOW))) == [
        "queued",
        "preparing",
        "running",
    ]
