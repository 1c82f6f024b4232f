"""How one looks at charts: over what, on which scales, how smooth, which stretch, and where the cursor reads. Pure.

A view knows nothing of the curves: whoever draws them says what is in sight.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workbench.present.axis import Axis, Unit
from workbench.present.smoothing import WEIGHTS

OVER = ("step", "time", "epoch")
UNITS = {"step": Unit.NUMBER, "time": Unit.DURATION, "epoch": Unit.NUMBER}
ZOOM = 0.5
"""Of a stretch that is left by one zoom in."""
PAN = 0.25
"""Of a stretch that one goes to the side."""
_FINEST = 1e-9
"""Of everything there is: no zoom goes below it."""


@dataclass(frozen=True, slots=True)
class View:
    over: str = OVER[0]
    """One of OVER: what x is."""
    log_x: bool = False
    log_y: bool = False
    smoothing: float = 0.0
    """One of WEIGHTS."""
    window: tuple[float, float] | None = None
    """The stretch of x that is seen; None: everything, also what is still to come."""
    cursor: float | None = None
    """The x where values are read."""


WHOLE = View()


@dataclass(frozen=True, slots=True)
class Sight:
    """What a chart shows just now: changes of a view go by it."""

    seen: Axis
    """The stretch of x on screen."""
    whole: Axis
    """All of x that there is."""
    xs: Sequence[float]
    """Where the cursor may stand; rising."""
    columns: int


def flags(view: View) -> list[str]:
    """Of `workbench plot`, which then draws by this view; a stretch and a cursor it has none."""
    words = ["--log"] * view.log_y
    words += [f"--smooth {view.smoothing:g}"] if view.smoothing else []
    return words + ([f"--x {view.over}"] if view.over != WHOLE.over else [])


def over_next(view: View, offered: Sequence[str] = OVER) -> View:
    """Over the next of what is offered. Stretch and cursor were in other units, and go."""
    known = [one for one in OVER if one in offered]
    following = known[(known.index(view.over) + 1) % len(known)] if view.over in known else known[0]
    return replace(view, over=following, window=None, cursor=None)


def scaled(view: View) -> View:
    """Logarithmic in y, then in x, then in both, then in neither."""
    turns = [(False, False), (False, True), (True, False), (True, True)]
    log_x, log_y = turns[(turns.index((view.log_x, view.log_y)) + 1) % len(turns)]
    return replace(view, log_x=log_x, log_y=log_y)


def smoother(view: View) -> View:
    following = next((weight for weight in WEIGHTS if weight > view.smoothing), WEIGHTS[0])
    return replace(view, smoothing=following)


def reset(view: View) -> View:
    """Everything there is, no cursor; axes and smoothing stay."""
    return replace(view, window=None, cursor=None)


def changed(view: View, how: str, sight: Sight | None, offered: Sequence[str] = OVER) -> View:
    """After a key: zoom_in, zoom_out, earlier, later, left, right, over, scale, smooth or reset. No sight: no picture
    yet, and nothing to move in."""
    match how:
        case "over":
            return over_next(view, offered)
        case "scale":
            return scaled(view)
        case "smooth":
            return smoother(view)
        case "reset":
            return reset(view)
    if sight is None:
        return view
    match how:
        case "zoom_in" | "zoom_out":
            return zoomed(view, sight, ZOOM if how == "zoom_in" else 1 / ZOOM)
        case "earlier" | "later":
            return panned(view, sight, -PAN if how == "earlier" else PAN)
        case "left" | "right":
            return pointed(view, sight, -1 if how == "left" else 1)
        case _:
            raise ValueError(how)


def zoomed(view: View, sight: Sight, factor: float, at: float | None = None) -> View:
    """So much of what is seen (2 is out again), around the cursor, or around `at`, or around the middle."""
    seen, whole, centre = sight.seen, sight.whole, at if at is not None else view.cursor
    place = 0.5 if centre is None else min(1.0, max(0.0, seen.place(centre)))
    near = seen.cut(place - place * factor, place + (1 - place) * factor)
    if near.high - near.low < (whole.high - whole.low) * _FINEST:
        return view
    return _within(view, near, whole)


def panned(view: View, sight: Sight, by: float) -> View:
    """To the side by so much of what is seen, as far as there is anything."""
    if view.window is None:
        return view
    left, right = sight.seen.place(sight.whole.low), sight.seen.place(sight.whole.high)
    by = max(min(left, 0.0), min(by, max(right, 1.0) - 1))
    return _within(view, sight.seen.cut(by, 1 + by), sight.whole)


def pointed(view: View, sight: Sight, by: int) -> View:
    """The cursor on the next point in this direction, at least a column away; the first time on the last that is
    seen. A stretch that it leaves goes with it."""
    seen, xs = sight.seen, sight.xs
    if not xs:
        return view
    if view.cursor is None:
        return replace(view, cursor=xs[max(0, bisect_right(xs, seen.high) - 1)])
    wanted = seen.at(seen.place(view.cursor) + by / max(1, sight.columns - 1))
    if by > 0:
        cursor = max(view.cursor, xs[min(bisect_left(xs, wanted), len(xs) - 1)])
    else:
        cursor = min(view.cursor, xs[max(0, bisect_right(xs, wanted) - 1)])
    view = replace(view, cursor=cursor)
    if view.window is None or seen.low <= cursor <= seen.high:
        return view
    return panned(view, sight, PAN if by > 0 else -PAN)


def _within(view: View, near: Axis, whole: Axis) -> View:
    """With this stretch, cut to what there is; None instead of all of it."""
    low, high = max(near.low, whole.low), min(near.high, whole.high)
    if low >= high:
        return view
    return replace(view, window=None if (low, high) == (whole.low, whole.high) else (low, high))
