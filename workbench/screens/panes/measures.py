"""What is fetched of metrics to draw: all of each, thinned, and of what one has zoomed into every point."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from workbench.present.curves import Measured, Pace, steps_within
from workbench.present.view import View
from workbench.protocol.messages import number_in

Fetch = Callable[..., Awaitable[dict[str, Any] | None]]
"""As Panel.fetch: a verb and its params, None where there is no answer."""
_NONE = Measured()
_WINDOWS = 3
"""Widths of a window that are fetched: the neighbours are there when one goes to the side."""


class Measures:
    """By run and key."""

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], Measured] = {}
        self._near: dict[tuple[str, str], Measured] = {}
        self._stretches: dict[str, tuple[int, int]] = {}
        """Run -> the first and the last step of what is near."""

    @property
    def fetched(self) -> bool:
        """Is anything known yet?"""
        return bool(self._whole)

    @property
    def thinned(self) -> bool:
        return any(one.lows for one in self._whole.values())

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
        if reply is not None:
            self._whole = _by_run_and_key(reply)
        return reply is not None

    async def look_closer(
        self, fetch: Fetch, paces: Mapping[str, Pace], keys: Sequence[str], points: int, view: View
    ) -> None:
        """Fetch what the view's window shows of runs whose points are not all known."""
        near: dict[tuple[str, str], Measured] = {}
        stretches: dict[str, tuple[int, int]] = {}
        for run, pace in paces.items():
            thinned = [one for key in keys if (one := self._whole.get((run, key))) and one.lows]
            if view.window is None or not thinned:
                continue
            first, last = steps_within(max(thinned, key=lambda one: len(one.steps)), view, pace)
            asked: dict[str, Any] = {"runs": [run], "keys": list(keys), "first": first, "last": last}
            reply = await fetch("series", **asked, points=points * _WINDOWS, bands=True)
            if reply is None:
                return
            near |= _by_run_and_key(reply)
            stretches[run] = first, last
        self._near, self._stretches = near, stretches


def _by_run_and_key(reply: Mapping[str, Any]) -> dict[tuple[str, str], Measured]:
    return {(one["run"], one["key"]): measured(one) for one in reply["series"]}


def measured(one: Mapping[str, Any]) -> Measured:
    """One of the series that the engine tells."""
    values, lows, highs = ([number_in(value) for value in one.get(name, ())] for name in ("values", "lows", "highs"))
    return Measured(one["steps"], one["times"], values, lows, highs)
