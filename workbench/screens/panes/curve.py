"""A metric of a run as a curve, fetched anew as it grows."""

from __future__ import annotations

from typing import cast

from workbench.client.mirror import Row
from workbench.present.canvas import SERIES_STYLES
from workbench.present.curves import Pace, drawn
from workbench.present.sanitise import clean
from workbench.present.view import WHOLE
from workbench.screens.base import SOON, Panel
from workbench.screens.errand import errand
from workbench.screens.panes.measures import measured
from workbench.widgets.chart import Chart

POINTS = 600
SECONDS = 1.0
"""Between two fetches of a curve that grows."""


class Curve(Chart):
    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._wanted = ("", "")
        self._drawn: tuple[object, ...] = ()
        self._last: float | None = None

    def draw(self, row: Row, key: str) -> None:
        """Show this metric. Fetches only what has changed."""
        state = (row.run.id, key, row.run.status.name, row.metrics.get(key))
        if not key or not self.size.width or state == self._drawn:
            return
        another = self._wanted != (row.run.id, key)
        self._drawn, self._wanted, self._last = state, (row.run.id, key), row.metrics.get(key)
        self._panel.soon(f"curve {self.id}", lambda: errand(self, self._fetch, "curve"), SOON if another else SECONDS)

    @property
    def _panel(self) -> Panel:
        return cast(Panel, self.screen)

    async def _fetch(self) -> None:
        run, key = self._wanted
        reply = await self._panel.fetch("series", runs=[run], keys=[key], points=POINTS, bands=True)
        if reply is None:
            self._drawn = ()
            return
        curves = [
            curve
            for one in reply["series"]
            for curve in drawn(measured(one), clean(key), SERIES_STYLES[0], WHOLE, Pace(), bold=True, last=self._last)
        ]
        self.show(clean(key), curves)
