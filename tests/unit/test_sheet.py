from __future__ import annotations

import pytest

from workbench.present.cells import plain, width
from workbench.present.sheet import COLUMNS, ROWS, parse_sheet, sheet_header, sheet_lines


def test_columns_are_as_wide_as_what_stands_in_them_and_numbers_stand_right() -> None:
    sheet = parse_sheet("city,score\n北京,0.5\nZürich,12\n")
    assert sheet is not None
    assert plain(sheet_header(sheet)) == "city    score"
    assert [plain(line) for line in sheet_lines(sheet)] == ["北京      0.5", "Zürich     12"]
    assert {width(plain(line)) for line in sheet_lines(sheet)} == {13}
    assert [plain(line) for line in sheet_lines(sheet, 1)] == ["  0.5", "   12"]


@pytest.mark.parametrize("text", ["a;b\n1;2\n", "a\tb\n1\t2\n", "a|b\n1|2\n", "\ufeffa,b\r\n1,2\r\n"])
def test_the_delimiter_is_seen(text: str) -> None:
    sheet = parse_sheet(text)
    assert sheet is not None
    assert (sheet.header, sheet.rows) == (("a", "b"), (("1", "2"),))


def test_quotes_gaps_and_control_characters() -> None:
    sheet = parse_sheet('a,b\n"two\nlines",x\n\nshort\n\x1b[31mred,nan\n')
    assert sheet is not None
    assert sheet.rows == (("two lines", "x"), ("short", ""), ("red", "nan"))


def test_half_a_line_at_the_end_is_left_out() -> None:
    sheet = parse_sheet("a,b\n1,2\n3,", whole=False)
    assert sheet is not None
    assert (sheet.rows, sheet.more) == ((("1", "2"),), True)


def test_it_keeps_no_more_than_one_can_look_at() -> None:
    sheet = parse_sheet(",".join("x" * 300) + "\n" + "1\n" * (ROWS + 5))
    assert sheet is not None
    assert (len(sheet.rows), len(sheet.header), sheet.more) == (ROWS, COLUMNS, True)


@pytest.mark.parametrize("text", ["", "\n\n", "a," + "x" * 200_000])
def test_what_is_no_table(text: str) -> None:
    assert parse_sheet(text) is None
