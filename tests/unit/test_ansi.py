"""Colours that programs print: kept, and nothing else with them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.screens.made_up import HOSTILE
from tests.unit.test_sanitise import harmless
from workbench.present.ansi import cells, coloured
from workbench.present.cells import Cell, plain, width, wrap_line
from workbench.present.sanitise import clean

SGR = re.compile(r"\x1b\[(?:[0-9]+(?:;[0-9]+)*)?m")
DIRTY = st.lists(
    st.one_of(st.text(max_size=4), st.sampled_from([*HOSTILE, "\x1b[", "\x9b", "31m", ";", "38;5;", "\x1b[1;4m", "\t"]))
).map("".join)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", (Cell("plain"),)),
        ("\x1b[31mred\x1b[0m not", (Cell("red", "bad"), Cell(" not"))),
        (
            "\x1b[1;32mbold\x1b[22m green\x1b[39m none",
            (Cell("bold", "good+=bold"), Cell(" green", "good"), Cell(" none")),
        ),
        ("\x1b[97;41malarm", (Cell("alarm", "bad+=reverse"),)),
        ("\x1b[38;5;208mx\x1b[48;2;1;2;3my", (Cell("x", "=#ff8700"), Cell("y", "=#ff8700+=on #010203"))),
        ("\x1b[38;5;1mone of the sixteen", (Cell("one of the sixteen", "bad"),)),
        ("\x1b[38;5;250mgrey", (Cell("grey", "=#bcbcbc"),)),
        ("\x1b[38;5mcut \x1b[38;2;1;2mshort", (Cell("cut short"),)),
        ("\x1b[8mhidden\x1b[5m", (Cell("hidden"),)),
        ("\x1b[31m\x1b[2Kone \x1b[31mcell", (Cell("one cell", "bad"),)),
        ("\x1b[mx\x1b[;31my", (Cell("x"), Cell("y", "bad"))),
        ("a\x1b[31m\tb", (Cell("a"), Cell("       b", "bad"))),
    ],
)
def test_colours(text: str, shown: object) -> None:
    assert cells(text) == shown


def test_for_a_terminal_they_are_written_anew() -> None:
    assert coloured("\x1b[1;31;48;5;208mred\x1b[2J!\x1b]0;x\x07") == "\x1b[1;31;48;2;255;135;0mred!\x1b[0m"
    assert coloured("\x1b[91mbright") == "\x1b[91mbright\x1b[0m"
    assert coloured("\x1b[102mground") == "\x1b[102mground\x1b[0m"


@given(DIRTY)
def test_nothing_else_is_left(text: str) -> None:
    shown = cells(text)
    assert harmless(plain(shown))
    assert harmless(SGR.sub("", coloured(text)))
    assert all(harmless(cell.style) for cell in shown)


@given(DIRTY)
def test_the_text_is_what_it_is_without_colours(text: str) -> None:
    assert plain(cells(text)).replace(" ", "") == clean(text).replace(" ", "")


@pytest.mark.parametrize(
    "piece", ["\x9d", "\x1b]", "\x1b[", "\x1b[31m", "\x1b[1;", "\x1bP", "\x1b[38;5;", "\x98\x1b[0"]
)
def test_work_is_bounded_by_the_length(piece: str) -> None:
    """Quadratic work on this would take minutes: pytest's limit on time would end it."""
    text = piece * (1_000_000 // len(piece))
    assert harmless(plain(cells(text)))


@given(DIRTY.map(cells), st.integers(2, 30))
def test_wrapped_it_is_all_there(line: tuple[Cell, ...], columns: int) -> None:
    rows = wrap_line(line, columns)
    assert "".join(map(plain, rows)) == plain(line)
    assert all(width(plain(row)) <= columns for row in rows)
    assert [cell.style for row in rows for cell in row for _ in cell.text] == [c.style for c in line for _ in c.text]
