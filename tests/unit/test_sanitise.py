from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.present.cells import cut, fit, width
from workbench.present.sanitise import clean, clean_bytes, clean_lines, one_line


def harmless(text: str) -> bool:
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") for character in text)


@pytest.mark.parametrize(
    ("dirty", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mx", "x"),
        ("\x1b]0;title\x07rest", "rest"),
        ("\x1b]52;c;cm0=\x1b\\rest", "rest"),
        ("\x1bPq#0sixel\x1b\\rest", "rest"),
        ("\x9b31mC1", "C1"),
        ("\x1b(Bcharset", "charset"),
        ("\x1bcreset", "reset"),
        ("bell\x07", "bell␇"),
        ("a\nb", "a␊b"),
        ("nul\x00del\x7f", "nul␀del␡"),
        ("a\tb", "a       b"),
        ("\u202egnp.exe", "gnp.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("\x85next", "�next"),
        ("line\u2028sep", "line sep"),
        ("unfinished \x1b[", "unfinished ␛["),
        ("北京", "北京"),
    ],
)
def test_what_comes_from_outside_can_be_drawn(dirty: str, shown: str) -> None:
    assert clean(dirty) == shown


@given(st.text())
def test_nothing_is_left_that_acts_on_a_terminal(text: str) -> None:
    assert harmless(clean(text))
    assert clean(clean(text)) == clean(text)


def test_many_lines_make_one() -> None:
    assert one_line("status:failed\r\nOR\n\x1b[31mlr\x1b[0m<1\n") == "status:failed OR lr<1"
    assert one_line("\n") == ""


@given(st.binary())
def test_neither_of_bytes(data: bytes) -> None:
    assert harmless(clean_bytes(data))


def test_a_progress_bar_is_the_line_it_ends_as() -> None:
    assert clean_lines("start\n 10%\r 50%\r100%\nend\n") == ["start", "100%", "end"]
    assert clean_lines("half\r") == ["half"]


@given(st.text(), st.integers(0, 30))
def test_a_cell_is_exactly_as_wide_as_asked(text: str, columns: int) -> None:
    text = clean(text)
    assert width(cut(text, columns)) <= columns
    assert width(fit(text, columns)) == columns
    assert width(fit(text, columns, right=True)) == columns


def test_what_is_cut_says_so() -> None:
    assert cut("brave-sunset-12", 8) == "brave-s…"
    assert cut("北京数据", 5) == "北京…"
    assert fit("北京数据", 6) == "北京… "
