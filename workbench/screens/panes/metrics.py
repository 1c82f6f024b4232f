"""Metrics: one as a curve, and of each its last value and its extremes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult

from workbench.client.mirror import Row
from workbench.present.cells import Cell, Line, fit
from workbench.present.numbers import metric
from workbench.present.sanitise import clean
from workbench.protocol.messages import number_in
from workbench.screens.panes.curve import Curve
from workbench.screens.panes.pane import Pane
from workbench.widgets.lines import Lines

LISTED = 8
"""Metrics on screen before the list scrolls."""


class MetricsPane(Pane):
    TITLE = "metrics"

    def __init__(self) -> None:
        super().__init__()
        self.metric = ""
        """The one that is drawn."""

    def compose(self) -> ComposeResult:
        yield Curve(id="curve")
        yield Lines(id="values")

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        lines = [_value(row, key, shown, key == self.metric) for key in self.keys(row)]
        if count := shown.get("malformed"):
            lines.append((Cell(f" ! {count} lines of metrics made no sense and were skipped", "warn"),))
        self.scrolled.styles.height = min(max(1, len(lines)), LISTED)
        self.scrolled.show(lines)
        self.query_one(Curve).draw(row, self.metric)

    def keys(self, row: Row) -> list[str]:
        """The run's metrics; the first time one is chosen among them."""
        keys = sorted(row.metrics)
        if self.metric not in keys:
            self.metric = next((key for key in keys if "loss" in key), keys[0] if keys else "")
        return keys

    def turn_metric(self, row: Row) -> None:
        """To the next one."""
        if keys := self.keys(row):
            self.metric = keys[(keys.index(self.metric) + 1) % len(keys)]


def _value(row: Row, key: str, shown: Mapping[str, Any], chosen: bool) -> Line:
    told = (shown.get("metrics") or {}).get(key, {})
    extremes = "   ".join(f"{name} {metric(number_in(told[name]))}" for name in ("min", "max") if name in told)
    return (
        Cell(" ▪ " if chosen else "   ", "series1"),
        Cell(fit(clean(key), 24), "strong" if chosen else ""),
        Cell(fit(metric(row.metrics[key]), 10, right=True)),
        Cell(f"   {extremes}" if extremes else "", "dim"),
    )
