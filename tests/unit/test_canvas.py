from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from workbench.present.canvas import Bounds, Picture, Series, changes, plot
from workbench.present.cells import width
from workbench.present.sparkline import bar, sparkline, thin

VALUES = st.lists(st.floats(allow_nan=True, allow_infinity=True, width=32), max_size=50)


def rising(length: int = 20) -> Series:
    return Series("loss", list(range(length)), [float(value) for value in range(length)])


def applied(old: Picture, new: Picture) -> tuple[tuple[tuple[str, str], ...], ...]:
    """The old picture with the reported stretches painted over."""
    rows = [list(row) for row in old.rows]
    for x, y, wide in changes(old, new):
        rows[y][x : x + wide] = new.rows[y][x : x + wide]
    return tuple(tuple(row) for row in rows)


def test_a_rising_line_goes_from_corner_to_corner() -> None:
    lines = plot([rising()], 30, 8).text.splitlines()
    assert lines[0].lstrip().startswith("19┤")
    assert lines[0].rstrip()[-1] in "⠁⠉⠋⢀⣀⡠⠔⠊⡤⠞⢠⡜⠜⡰⢁⠈"
    assert lines[6].lstrip().startswith("0┤")
    assert lines[-1].split() == ["0", "19"]


@given(VALUES, st.integers(0, 90), st.integers(0, 30))
def test_any_values_fit_any_size(values: list[float], wide: int, high: int) -> None:
    picture = plot([Series("m", list(range(len(values))), values)], wide, high)
    assert len(picture.rows) == high
    assert all(len(row) == wide for row in picture.rows)
    assert all(width(character) == 1 for row in picture.rows for character, _ in row)


@given(VALUES, VALUES)
def test_painting_what_changed_gives_the_new_picture(before: list[float], after: list[float]) -> None:
    old = plot([Series("m", list(range(len(before))), before)], 40, 8)
    new = plot([Series("m", list(range(len(after))), after)], 40, 8)
    assert applied(old, new) == new.rows
    assert not list(changes(new, new))


def test_a_new_point_touches_few_cells() -> None:
    values = [math.exp(-x / 40) for x in range(200)]
    xs = list(range(200))
    end = Series("end", [300], [0.5])
    old = plot([Series("m", xs, values), end], 80, 16, bounds=Bounds(bottom=0, top=1))
    new = plot([Series("m", [*xs, 200], [*values, 0.006]), end], 80, 16, bounds=Bounds(bottom=0, top=1))
    assert sum(wide for _, _, wide in changes(old, new)) <= 4


def test_no_values_is_said() -> None:
    assert "no values yet" in plot([], 40, 5).text
    assert "no values yet" in plot([Series("m", [0.0], [math.nan])], 40, 5).text


def test_a_gap_where_a_value_is_no_number() -> None:
    whole = plot([Series("m", [0, 1, 2], [1.0, 1.0, 1.0])], 40, 5, bounds=Bounds(bottom=0, top=2))
    broken = plot([Series("m", [0, 1, 2], [1.0, math.nan, 1.0])], 40, 5, bounds=Bounds(bottom=0, top=2))
    assert whole.text != broken.text


def test_edges_that_are_bound_stay() -> None:
    late = Series("m", [-900, -10, 0], [1.0, 1.0, 1.0])
    lines = plot([late], 40, 5, bounds=Bounds(left=-600, right=0, bottom=0, top=2)).text.splitlines()
    assert lines[-1].split() == ["-600", "0"]
    drawn = [line.index(character) for line in lines for character in line if 0x2800 < ord(character) <= 0x28FF]
    assert min(drawn) > 30


def test_one_value_is_a_dot_in_the_middle() -> None:
    text = plot([Series("m", [5], [0.5])], 40, 7).text
    assert sum(0x2800 < ord(character) <= 0x28FF for character in text) == 1


def test_each_curve_has_its_style() -> None:
    low, high = Series("a", [0, 1], [0, 0], "series1"), Series("b", [0, 1], [1, 1], "series2")
    styles = {style for row in plot([low, high], 40, 8).rows for _, style in row}
    assert {"series1", "series2"} <= styles


def test_sparklines() -> None:
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8) == "▁▂▃▄▅▆▇█"
    assert sparkline([1, 1, 1], 8) == "▅▅▅"
    assert sparkline([1, math.nan, 2], 8) == "▁ █"
    assert sparkline([], 8) == sparkline([math.nan], 8) == ""
    assert len(sparkline(list(range(100)), 8)) == 8
    assert thin([1.0, 1.0, 3.0, 3.0], 2) == [1.0, 3.0]


def test_bars_keep_their_width() -> None:
    for fraction in (-1.0, 0.0, 0.33, 0.5, 1.0, 7.0):
        assert len("".join(bar(fraction, 10))) == 10
    assert bar(1.0, 4)[0] == "━━━━"
