from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.present.axis import Axis, Unit, around, duration, rounded, ticks

LIMIT = 1e300


def labels(low: float, high: float, most: int, unit: Unit = Unit.NUMBER, log: bool = False) -> list[str]:
    return [tick.label for tick in ticks(Axis(low, high, log), most, unit)]


@pytest.mark.parametrize(
    ("low", "high", "most", "said"),
    [
        (0, 100, 3, ["0", "50", "100"]),
        (0.35, 1.8, 6, ["0.5", "1.0", "1.5"]),
        (0, 59, 7, ["0", "10", "20", "30", "40", "50"]),
        (12_000, 13_000, 4, ["12.0k", "12.5k", "13.0k"]),
        (0, 1_000_000, 5, ["0", "0.2M", "0.4M", "0.6M", "0.8M", "1.0M"]),
        (1e-5, 3e-4, 4, ["1e-4", "2e-4", "3e-4"]),
        (-3, 7, 6, ["-2", "0", "2", "4", "6"]),
    ],
)
def test_numbers_come_in_steps_of_one_two_or_five(low: float, high: float, most: int, said: list[str]) -> None:
    assert labels(low, high, most) == said


def test_a_logarithmic_axis_has_powers_of_ten_or_finer_ones_where_there_are_few() -> None:
    assert labels(1e-5, 3, 6, log=True) == ["1e-5", "1e-4", "0.001", "0.01", "0.1", "1"]
    assert labels(0.2, 1.9, 6, log=True) == ["0.2", "0.5", "1"]
    assert labels(0.2, 0.3, 4, log=True) == ["0.20", "0.25", "0.30"]
    assert labels(1, 1e12, 4, log=True) == ["1", "1000", "1M", "1G", "1e+12"]


def test_time_is_written_as_clocks_divide_it() -> None:
    assert labels(0, 724, 6, Unit.DURATION) == ["0s", "5m", "10m"]
    assert labels(-600, 0, 4, Unit.AGO) == ["-10m", "-5m", "now"]
    assert labels(0, 7200, 4, Unit.DURATION) == ["0s", "30m", "1h", "1h 30m", "2h"]
    assert [duration(seconds) for seconds in (0, 0.25, 59, 3661, -90, 200_000)] == [
        *("0s", "0.25s", "59s", "1h 1m", "-1m 30s", "2d 7h"),
    ]


def test_the_time_of_day_is_that_of_this_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        start = 1_790_000_000.0  # 21 Sep 2026, 19:43:20 there
        assert labels(start, start + 7200, 4, Unit.CLOCK) == ["20:00", "20:30", "21:00", "21:30"]
        assert labels(start, start + 60, 4, Unit.CLOCK) == ["19:43:30", "19:43:45", "19:44:00", "19:44:15"]
        assert labels(start, start + 4 * 86400, 4, Unit.CLOCK) == ["22 Sep", "23 Sep", "24 Sep", "25 Sep"]
    finally:
        monkeypatch.undo()
        time.tzset()


def test_round_ends_stay_while_little_is_added() -> None:
    ends = rounded(Axis(0.35, 1.79))
    assert ends == rounded(Axis(0.34, 1.79))
    assert [ends.low, ends.high] == pytest.approx([0.3, 1.8])
    assert rounded(Axis(0.5, 2, log=True)) == Axis(0.5, 2, log=True)


@given(st.floats(-LIMIT, LIMIT), st.floats(-LIMIT, LIMIT), st.integers(0, 20), st.sampled_from(Unit))
def test_ticks_lie_within_any_axis(one: float, other: float, most: int, unit: Unit) -> None:
    axis = around(min(one, other), max(one, other))
    slack = (axis.high - axis.low) * 1e-6
    found = ticks(rounded(axis, unit), most, unit)
    assert all(rounded(axis, unit).low - slack <= tick.value <= rounded(axis, unit).high + slack for tick in found)
    assert len(found) <= 401


@given(st.floats(1e-300, LIMIT), st.floats(1e-300, LIMIT), st.integers(1, 20))
def test_so_do_those_of_a_logarithmic_one(one: float, other: float, most: int) -> None:
    axis = around(min(one, other), max(one, other), log=True)
    assert all(-1e-6 <= axis.place(tick.value) <= 1 + 1e-6 for tick in ticks(axis, most))


@given(st.floats(0.001, 1e6), st.floats(1.1, 1e6), st.floats(0, 1), st.booleans())
def test_a_place_leads_back_to_its_value(low: float, factor: float, place: float, log: bool) -> None:
    axis = Axis(low, low * factor, log)
    assert axis.place(axis.at(place)) == pytest.approx(place, abs=1e-6)
