"""What is fetched of metrics to draw: all of each, thinned, and of what one has zoomed into every point."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from workbench.present.curves import Measured, Pace, steps_within
from workbench.present.view import View
from workbench.protocol.messages import number_in
from workbench.screens.base import SOON

Fetch = Callable[..., Awaitable[dict[str, Any] | None]]
"""As Panel.fetch: a verb and its params, None where there is no answer."""
_NONE = Measured()
SECONDS = 1.0
"""Between two fetches of curves that grow."""
LONG_SECONDS = 5.0
"""The same where there are more points than dots: nobody sees one more, and a million take a third of a second."""
_WINDOWS = 3
"""Widths of a window that are fetched: the neighbours are there when one goes to the side."""


class Measures:
    """By run and key."""

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], Measured] = {}
        self._near: dict[tuple[str, str], Measured] = {}
        self._stretches: dict[str, tuple[int, int]] = {}
        """Run -> the first and the last step of what is near."""
        self._asked: tuple[object, ...] = ()

    @property
    def fetched(self) -> bool:
        """Is anything known yet?"""
        return bool(self._whole)

    def due(self, wanted: object, now: object) -> float | None:
        """In how many seconds to fetch: at once what was not wanted before, as often as curves may grow where only what
        there is now differs. None: nothing does."""
        if self._asked == (wanted, now):
            return None
        anew = not self._asked or self._asked[0] != wanted
        self._asked = (wanted, now)
        thinned = any(one.lows for one in self._whole.values())
        return SOON if anew else LONG_SECONDS if thinned else SECONDS

    def forget(self) -> None:
        """What was due has not been fetched after all."""
        self._asked = ()

    def get(self, run: str, key: str, view: View, pace: Pace) -> Measured:
        """What is known best of the view's window."""
        whole = self._whole.get((run, key), _NONE)
        near = self._near.get((run, key))
        if view.window is None or near is None:
            return whole
        first, last = steps_within(whole, view, pace, 0)
        start, stop = self._stretches[run]
        return near if start <= first and last <= stop else whole

    def epochs(self, run: str, key: str) -> Measured:
        """Of what is known as a whole: a window is found by it."""
        return self._whole.get((run, key), _NONE)

    async def learn(self, fetch: Fetch, runs: Sequence[str], keys: Sequence[str], points: int) -> bool:
        """Fetch all of them anew; whether there was an answer."""
        reply = await fetch("series", runs=list(runs), keys=list(keys), points=points, bands=True)
        if reply is None:
            self.forget()
            return False
        self._whole = _by_run_and_key(reply)
        return True

    async def look_closer(
        self, fetch: Fetch, paces: Mapping[str, Pace], keys: Sequence[str], points: int, view: View
    ) -> None:
        """Fetch what the view's window shows of runs whose points are not all known."""
        stretches: dict[str, tuple[int, int]] = {}
        for run, pace in paces.items():
            thinned = [one for key in keys if (one := self._whole.get((run, key))) and one.lows]
            if view.window is None or not thinned:
                continue
            stretches[run] = steps_within(max(thinned, key=lambda one: len(one.steps)), view, pace)
        near: dict[tuple[str, str], Measured] = {}
        for first, last in dict.fromkeys(stretches.values()):
            runs = [run for run, stretch in stretches.items() if stretch == (first, last)]
            asked: dict[str, Any] = {"runs": runs, "keys": list(keys), "first": first, "last": last}
            reply = await fetch("series", **asked, points=points * _WINDOWS, bands=True)
            if reply is None:
                return
            near |= _by_run_and_key(reply)
        self._near, self._stretches = near, stretches


def _by_run_and_key(reply: Mapping[str, Any]) -> dict[tuple[str, str], Measured]:
    return {(one["run"], one["key"]): measured(one) for one in reply["series"]}


def measured(one: Mapping[str, Any]) -> Measured:
    """One of the series that the engine tells."""
    values, lows, highs = ([number_in(value) for value in one.get(name, ())] for name in ("values", "lows", "highs"))
    return Measured(one["steps"], one["times"], values, lows, highs)
