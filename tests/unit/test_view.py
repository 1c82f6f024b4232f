from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.present.axis import Axis
from workbench.present.view import WHOLE, Sight, View, changed, zoomed

XS = list(range(0, 1001, 10))
EVERYTHING = Axis(0, 1000)
KEYS = ("zoom_in", "zoom_out", "earlier", "later", "left", "right", "over", "scale", "smooth", "reset")


def sight(view: View) -> Sight:
    return Sight(Axis(*view.window) if view.window else EVERYTHING, EVERYTHING, XS, 100)


def after(*keys: str, view: View = WHOLE) -> View:
    for key in keys:
        view = changed(view, key, sight(view))
    return view


def test_zooming_halves_what_is_seen_and_back_is_everything() -> None:
    windows = [after(*keys).window for keys in (["zoom_in"], ["zoom_in"] * 2, ["zoom_in", "zoom_out"])]
    assert windows == [(250, 750), (375, 625), None]


def test_the_cursor_keeps_its_place_while_one_zooms() -> None:
    assert after("zoom_in", view=View(cursor=900)).window == (450, 950)
    assert zoomed(WHOLE, sight(WHOLE), 0.5, at=0).window == (0, 500)


def test_one_goes_to_the_side_as_far_as_there_is_anything() -> None:
    assert after("zoom_in", "later").window == (375, 875)
    assert after("zoom_in", *["later"] * 9).window == (500, 1000)
    assert after("zoom_in", *["earlier"] * 9).window == (0, 500)
    assert after("later") == WHOLE


def test_the_cursor_begins_at_the_end_and_goes_from_point_to_point() -> None:
    assert after("left").cursor == 1000
    assert after("left", "left").cursor == 980
    assert after("left", "left", "right").cursor == 1000
    assert after("left", "right").cursor == 1000
    near = View(window=(0, 100))
    assert after("left", view=near).cursor == 100
    assert after("left", "left", view=near).cursor == 90
    assert after(*["left"] * 30, view=near).cursor == 0


def test_a_stretch_goes_with_the_cursor() -> None:
    view = after("right", view=View(window=(500, 600), cursor=600))
    assert view.cursor == 610
    assert view.window == (525, 625)


def test_other_units_end_stretch_and_cursor() -> None:
    assert changed(View(window=(1, 2), cursor=1), "over", None) == View("time")
    assert changed(View("time"), "over", None, ("step", "time")) == View("step")
    assert changed(View("epoch"), "over", None, ("step", "time")) == View("step")


def test_scales_smoothing_and_the_way_back() -> None:
    scales = [after(*["scale"] * times) for times in range(5)]
    assert [(view.log_x, view.log_y) for view in scales] == [
        *((False, False), (False, True), (True, False), (True, True), (False, False))
    ]
    assert [after(*["smooth"] * times).smoothing for times in range(4)] == [0.0, 0.6, 0.9, 0.0]
    assert after("reset", view=View("time", window=(1, 2), cursor=1, smoothing=0.6)) == View("time", smoothing=0.6)


def test_without_a_picture_there_is_nothing_to_move_in() -> None:
    assert all(changed(WHOLE, key, None) == WHOLE for key in ("zoom_in", "left", "later"))
    assert changed(WHOLE, "left", replace(sight(WHOLE), xs=())) == WHOLE
    with pytest.raises(ValueError, match="sideways"):
        changed(WHOLE, "sideways", sight(WHOLE))


@given(st.lists(st.sampled_from(KEYS), max_size=60))
def test_whatever_is_pressed_what_is_seen_stays_within_what_there_is(keys: list[str]) -> None:
    view = after(*keys)
    if view.window:
        low, high = view.window
        assert 0 <= low < high <= 1000
    assert view.cursor is None or view.cursor in XS
