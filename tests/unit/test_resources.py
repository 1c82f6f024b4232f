import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.resources import format_size, parse_size
from workbench.errors import UsageError


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1000", 1000),
        ("8GB", 8 * 10**9),
        ("512M", 512 * 10**6),
        ("512MiB", 512 * 2**20),
        ("1.5TiB", 3 * 2**39),
        ("10 kb", 10_000),
        (" 1G ", 10**9),
    ],
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "0.0001", "GB", "-1G", "1X", "1GBB", "nan", "inf", "1e9"])
def test_what_is_no_size_is_said_to_be_none(text: str) -> None:
    with pytest.raises(UsageError, match="not a size"):
        parse_size(text)


@given(st.integers(1, 10**17))
def test_what_is_shown_is_near_the_truth_and_short(size: int) -> None:
    shown = format_size(size)
    assert len(shown) <= 6 or shown.endswith(" PB")
    assert parse_size(shown) == pytest.approx(size, rel=0.06)


@given(st.text(max_size=20))
def test_no_text_makes_the_parser_fall_over(text: str) -> None:
    try:
        assert parse_size(text) > 0
    except UsageError:
        pass
