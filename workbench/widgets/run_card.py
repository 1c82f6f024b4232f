"""A run at a glance, beside a list: status, params, its curve, the end of its log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from workbench.client.mirror import Row
from workbench.domain.status import WAITING, Error, Held, OutOfMemory
from workbench.domain.time import Micros
from workbench.domain.use import Use
from workbench.present.canvas import Series
from workbench.present.cells import Cell, Line
from workbench.present.facts import LABEL, fact_lines
from workbench.present.progress import told
from workbench.present.runs import facts, headline, origins, params, uses, waiting
from workbench.present.sanitise import clean, clean_lines
from workbench.protocol.messages import number_in
from workbench.widgets.chart import Chart
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines

LOG_LINES = 6


class RunCard(Vertical):
    DEFAULT_CSS = """
    RunCard #facts { max-height: 50%; }
    RunCard #charts { height: 1fr; }
    RunCard #log { height: 6; }
    """

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._drawn: tuple[object, ...] = ()

    def compose(self) -> ComposeResult:
        yield OneLine(id="name")
        yield OneLine(id="headline")
        yield Lines(id="facts")
        with Horizontal(id="charts"):
            yield Chart(id="first")
            yield Chart(id="second")
        yield Lines(id="log")

    @property
    def run(self) -> object:
        """Id of the run that is drawn."""
        return self._drawn[0] if self._drawn else None

    def clear(self) -> None:
        self._drawn = ()
        for pane in self.query(OneLine):
            pane.show(())
        for lines in self.query(Lines):
            lines.show(())
        for chart in self.query(Chart):
            chart.show("", ())

    def draw(self, row: Row, use: Use | None, metric_name: str, now: Micros) -> bool:
        """Show what the snapshot knows; whether curve and log should be fetched anew."""
        run = row.run
        self.query_one("#name", OneLine).show(
            (Cell(clean(run.name), "title"), Cell(f"  {clean(run.user)} · {clean(run.project)}", "dim"))
        )
        self.query_one("#headline", OneLine).show(headline(run, now))
        said, pane = _facts(row, use, now, self.size.width - 2), self.query_one("#facts", Lines)
        pane.styles.height = len(said)
        pane.show(said)
        before, self._drawn = self._drawn, (run.id, run.status.name, metric_name, row.metrics)
        if not before or before[0] != run.id:
            for chart in self.query(Chart):
                chart.show("", ())
            self.query_one("#log", Lines).show(())
        return before != self._drawn

    def wanted(self, row: Row, metric_name: str) -> list[str]:
        """Metrics to draw: the one that the list shows, and another where there is room for it."""
        keys = [key for key in (metric_name, *sorted(row.metrics)) if key in row.metrics]
        return list(dict.fromkeys(keys))[:2]

    def fill(self, row: Row, series: Sequence[Mapping[str, Any]], log: str) -> None:
        """With what was fetched, unless another run is shown by now."""
        if self.run != row.run.id:
            return
        self.set_class(len(series) > 1, "two")
        for chart, one in zip(self.query(Chart), series, strict=False):
            key, values = clean(one["key"]), [number_in(value) for value in one["values"]]
            chart.show(key, [Series(key, one["steps"], values, bold=True)])
        self.query_one("#log", Lines).show([(Cell(line, "dim"),) for line in clean_lines(log)[-LOG_LINES:]])


def _facts(row: Row, use: Use | None, now: Micros, columns: int) -> list[Line]:
    run = row.run
    said: list[tuple[str, str]] = []
    if run.status.name in WAITING:
        said.append(("held" if isinstance(run.status, Held) else "waits for", waiting(run, row.why)))
    if isinstance(run.status, Error | OutOfMemory):
        said.append((run.status.name, clean(run.status.reason)))
    if row.progress:
        said.append(("preparing", told(row.progress)))
    if run.ask.params:
        said.append(("params", params(run)))
    known = dict(facts(run, now, row.after))
    said += [(label, known[label]) for label in ("command", "needs", "after") if label in known]
    if use:
        said.append(uses(use))
    made = dict(origins(run))
    said += [(label, made[label]) for label in ("commit", "environment") if label in made]
    return fact_lines(said, max(LABEL + 10, columns))
