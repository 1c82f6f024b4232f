"""How long a run still takes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.estimate import FEWEST, Left, remaining

SECONDS = st.floats(0, 1e6)
TOOK = st.lists(SECONDS, max_size=30).map(sorted)


@pytest.mark.parametrize(
    ("took", "elapsed", "limit", "left"),
    [
        ([10, 20, 60], 0, None, Left(20)),
        ([10, 20, 60, 80], 15, None, Left(45)),
        ([10, 20, 60], 15, None, None),
        ([10, 20, 60], 15, 100, Left(85, at_most=True)),
        ([10, 20, 60], 0, 12, Left(12)),
        ([10, 20], 0, None, None),
        ([], 50, 40, Left(0, at_most=True)),
    ],
)
def test_the_median_of_those_that_took_longer(
    took: list[float], elapsed: float, limit: float | None, left: Left | None
) -> None:
    assert remaining(took, elapsed, limit) == left


@given(took=TOOK, elapsed=SECONDS, more=SECONDS, limit=st.none() | SECONDS)
def test_an_end_is_never_in_the_past_nor_beyond_the_limit_and_only_ever_put_off(
    took: list[float], elapsed: float, more: float, limit: float | None
) -> None:
    now, later = remaining(took, elapsed, limit), remaining(took, elapsed + more, limit)
    for left, at in ((now, elapsed), (later, elapsed + more)):
        if left is not None:
            assert left.seconds >= 0
            assert limit is None or left.seconds <= max(0.0, limit - at)
            assert left.at_most == (sum(seconds > at for seconds in took) < FEWEST)
    if now and later and now.at_most == later.at_most:
        assert elapsed + now.seconds <= elapsed + more + later.seconds + 1e-6


def test_it_is_told_no_finer_than_it_is_known() -> None:
    assert [str(Left(seconds)) for seconds in (0.2, 75, 7700)] == ["in ~1s", "in ~1m", "in ~2h 08m"]
    assert str(Left(7200, at_most=True)) == "in at most 2h 00m"
