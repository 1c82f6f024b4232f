from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.time import SECOND, format_duration, parse_duration, parse_moment
from workbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("0.5", 0.5), ("30s", 30), ("2h", 7200), ("1h30m", 5400), ("1.5d", 129600), ("1w", 604800)],
)
def test_durations(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "0", "-5m", "5 m", "h", "1h30", "nan", "inf", "20000w", "1e5", "5M"])
def test_what_is_no_duration_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UsageError, match="not a duration"):
        parse_duration(text)


@given(st.integers(1, 9 * 365 * 86400))
def test_what_is_shown_reads_back_to_what_is_shown(seconds: int) -> None:
    shown = format_duration(seconds)
    back = parse_duration(shown.replace(" ", ""))
    assert format_duration(back) == shown
    assert back <= seconds


@given(st.floats(-1e6, 1e9))
def test_a_duration_fits_its_column(seconds: float) -> None:
    assert len(format_duration(seconds)) <= 10


@given(st.text(max_size=20))
def test_no_text_makes_the_parser_fall_over(text: str) -> None:
    try:
        assert parse_duration(text) > 0
    except UsageError:
        pass


NOW = int(datetime(2026, 11, 22, 9, 30, 12).astimezone().timestamp()) * SECOND


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("20:00", datetime(2026, 11, 21, 20)),
        ("09:30", datetime(2026, 11, 22, 9, 30)),
        ("9:31", datetime(2026, 11, 21, 9, 31)),
        ("2d", datetime(2026, 11, 20, 9, 30, 12)),
        ("1h30m", datetime(2026, 11, 22, 8, 0, 12)),
        ("2026-11-01", datetime(2026, 11, 1)),
        ("2026-11-01 20:15", datetime(2026, 11, 1, 20, 15)),
        ("2026-11-01T20:15+00:00", datetime(2026, 11, 1, 20, 15, tzinfo=UTC)),
    ],
)
def test_moments(text: str, moment: datetime) -> None:
    assert parse_moment(text, NOW) == int(moment.astimezone().timestamp()) * SECOND


@pytest.mark.parametrize("text", ["", "25:00", "20:60", "yesterday", "5 m", "0d", "2026-13-01", "9999999999-01-01"])
def test_what_is_no_moment_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UsageError, match="is not a"):
        parse_moment(text, NOW)
