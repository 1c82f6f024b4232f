"""Usage: what the run takes of its machine, now and since it started."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from textual.app import ComposeResult

from workbench.client.mirror import Row, use_now
from workbench.domain.resources import format_size
from workbench.domain.run import Run, started_at
from workbench.domain.status import WAITING
from workbench.domain.use import Use
from workbench.present.axis import Unit
from workbench.present.canvas import Bounds
from workbench.present.cells import Cell
from workbench.present.runs import uses
from workbench.present.usage import drawings
from workbench.screens.errand import errand
from workbench.screens.panes.pane import Pane
from workbench.widgets.chart import Chart
from workbench.widgets.lines import Lines

POINTS = 600
NONE_OR_MORE = Bounds(bottom=0)


class UsagePane(Pane):
    TITLE = "usage"
    DEFAULT_CSS = "UsagePane #present { height: 1; }"

    def __init__(self) -> None:
        super().__init__()
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield Lines(id="present")
        yield Chart(id="computing", bounds=NONE_OR_MORE, unit=Unit.DURATION, say="{:.1f}".format, empty="")
        yield Chart(id="memory", bounds=NONE_OR_MORE, unit=Unit.DURATION, say=format_size, empty="")

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        """Fetches what was sampled when there is something new."""
        run, use = row.run, use_now(self.desk.snapshot, row.run)
        self.scrolled.show([(Cell(" ".join(uses(use)) if use else ""),)])
        state = (run.id, run.status.name, use)
        if state != self._drawn:
            self._drawn = state
            errand(self, partial(self._fetch, run), "usage")

    async def _fetch(self, run: Run) -> None:
        reply = await self.fetch("usage", run=run.id, points=POINTS)
        if reply is None:
            self._drawn = ()
            return
        computing = self.query_one("#computing", Chart)
        computing.look(computing.view, Unit.DURATION, _nothing(run))
        drawn = drawings([Use(**use) for use in reply["usage"]], started_at(run.status) or 0)
        for id, drawing in zip(("#computing", "#memory"), drawn, strict=True):
            self.query_one(id, Chart).show("", drawing)


def _nothing(run: Run) -> str:
    """What stands there instead of curves."""
    if run.status.name in WAITING:
        return "it has not started"
    return "no samples yet" if run.live else "it was over before the first sample"
