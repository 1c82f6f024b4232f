from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from workbench.present.axis import Unit
from workbench.present.canvas import FAINT, Bounds, Picture, Series, changes, frame, plot
from workbench.present.cells import width
from workbench.present.sparkline import bar, sparkline, thin
from workbench.present.view import View

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
    assert {line.split("┤")[0].strip() for line in lines if "┤" in line} == {"0", "5", "10", "15"}
    assert lines[0][-1] in "⠋⠉⠁⠔"
    assert lines[6][lines[6].index("┤") + 1] in "⡠⣠⢀⣀⡰"
    assert lines[-1].split() == ["0", "10"]


@given(VALUES, st.integers(0, 90), st.integers(0, 30))
def test_any_values_fit_any_size(values: list[float], wide: int, high: int) -> None:
    picture = plot([Series("m", list(range(len(values))), values)], wide, high)
    assert len(picture.rows) == high
    assert all(len(row) == wide for row in picture.rows)
    assert all(width(character) == 1 for row in picture.rows for character, _ in row)


@given(
    st.lists(st.tuples(st.floats(allow_nan=False, allow_infinity=False), st.floats()), max_size=30),
    st.booleans(),
    st.booleans(),
    st.tuples(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6)),
    st.sampled_from(Unit),
)
def test_any_values_fit_any_view(
    points: list[tuple[float, float]], log_x: bool, log_y: bool, window: tuple[float, float], unit: Unit
) -> None:
    points.sort()
    xs, ys = [max(-1e12, min(1e12, x)) for x, _ in points], [y for _, y in points]
    one = Series("m", xs, ys, lows=[y - 1 for y in ys], highs=[y * 2 for y in ys])
    for seen in (None, (window[0], window[0] + window[1])):
        view = View(log_x=log_x, log_y=log_y, window=seen, cursor=window[0])
        picture = plot([one], 40, 9, view=view, unit=unit)
        assert {len(row) for row in picture.rows} == {40}


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
    assert lines[-1].split() == ["-600", "-400", "-200", "0"]
    unlinked = Series("m", [-900, -800, -10, 0], [1.0, math.nan, 1.0, 1.0])
    assert min(x for x, _ in dots(plot([unlinked], 40, 5, bounds=Bounds(left=-600, right=0, bottom=0, top=2)))) > 30


def test_one_value_is_a_dot_in_the_middle() -> None:
    text = plot([Series("m", [5], [0.5])], 40, 7).text
    assert sum(0x2800 < ord(character) <= 0x28FF for character in text) == 1


def test_each_curve_has_its_style() -> None:
    low, high = Series("a", [0, 1], [0, 0], "series1"), Series("b", [0, 1], [1, 1], "series2")
    styles = {style for row in plot([low, high], 40, 8).rows for _, style in row}
    assert {"series1", "series2"} <= styles


def dots(picture: Picture) -> set[tuple[int, int]]:
    """(column, row) of the cells that have any."""
    return {
        (x, y)
        for y, row in enumerate(picture.rows)
        for x, (character, _) in enumerate(row)
        if 0x2800 < ord(character) <= 0x28FF
    }


def test_a_curve_has_no_holes_however_steep_it_is() -> None:
    jumps = plot([Series("m", [0, 1, 2, 3], [0.0, 1.0, 0.0, 1.0])], 60, 20)
    rows = {row: sorted(x for x, y in dots(jumps) if y == row) for row in range(19)}
    assert all(len(xs) >= 3 for xs in rows.values())
    flat = plot([Series("m", list(range(5)), [1.0] * 5)], 60, 5, bounds=Bounds(bottom=0, top=2))
    xs = sorted({x for x, _ in dots(flat)})
    assert xs == list(range(xs[0], 60))


def test_the_earlier_curve_gives_a_cell_its_colour_and_a_faint_one_never_does() -> None:
    first, second = Series("a", [0, 1], [0, 1], "series1"), Series("b", [0, 1], [0, 1], "series2")
    assert "series2" not in {style for row in plot([first, second], 40, 8).rows for _, style in row}
    behind = Series("c", [0, 1], [0, 1], "series3", faint=True)
    styles = {style for row in plot([behind, second], 40, 8).rows for _, style in row}
    assert "series2" in styles and FAINT + "series3" not in styles


def test_a_band_lies_behind_its_curve_and_holds_the_spikes() -> None:
    xs = list(range(50))
    highs = [9.0 if x == 25 else 2.0 for x in xs]
    one = Series("m", xs, [1.0] * 50, "series1", lows=[0.0] * 50, highs=highs)
    picture = plot([one], 60, 12)
    seen = frame([one])
    assert seen and seen.y.high >= 9
    band = {
        (x, y) for y, row in enumerate(picture.rows) for x, (_, style) in enumerate(row) if style == "faint series1"
    }
    assert any(y <= 1 for _, y in band)
    assert any(style == "series1" for row in picture.rows for _, style in row)


def test_a_logarithmic_scale_leaves_out_what_has_no_logarithm() -> None:
    one = Series("m", [0, 1, 2, 3, 4], [1000.0, 10.0, 0.0, -5.0, 1.0])
    picture = plot([one], 60, 16, view=View(log_y=True))
    lines = picture.text.splitlines()
    assert [line.split("┤")[0].strip() for line in lines if "┤" in line] == ["1000", "100", "10", "1"]
    assert "no values yet" in plot([Series("m", [0, 1], [0.0, -1.0])], 40, 5, view=View(log_y=True)).text


def test_a_window_shows_its_stretch_and_lines_that_leave_it() -> None:
    one = Series("m", [0, 100, 200], [0.0, 10.0, 0.0])
    seen = plot([one], 60, 10, view=View(window=(90, 110)))
    assert seen.frame and (seen.frame.x.low, seen.frame.x.high) == (90, 110)
    xs = sorted({x for x, _ in dots(seen)})
    assert xs == list(range(seen.margin, 60))


def test_the_cursor_is_a_line_through_what_is_free() -> None:
    picture = plot([rising()], 60, 10, view=View(cursor=10))
    column = {
        x for row in picture.rows for x, (character, style) in enumerate(row) if (character, style) == ("│", "accent")
    }
    assert len(column) == 1
    at = picture.x_at(column.pop())
    assert at is not None and abs(at - 10) < 0.5
    assert picture.x_at(0) is None
    assert plot([rising()], 60, 10, view=View(cursor=99)).text == plot([rising()], 60, 10).text


def test_a_curve_is_read_at_the_nearest_point() -> None:
    one = Series("m", [0, 10, 20], [1.0, 2.0, 3.0])
    assert [one.near(x) for x in (0, 4, 6, 20)] == [1.0, 1.0, 2.0, 3.0]
    assert math.isnan(one.near(-1)) and math.isnan(one.near(21)) and math.isnan(Series("m", [], []).near(0))


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
