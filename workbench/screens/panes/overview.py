"""Overview: what was asked, why it waits or how it ended, what it came from, and what happened to it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.app import ComposeResult

from workbench.client.mirror import Row, use_now
from workbench.domain.status import WAITING
from workbench.domain.time import Micros
from workbench.present.cells import Cell, Line
from workbench.present.facts import LABEL, fact_lines, heading
from workbench.present.numbers import ago, param
from workbench.present.runs import facts, origins, uses, waiting
from workbench.present.sanitise import clean
from workbench.screens.panes.pane import Pane
from workbench.widgets.lines import Lines

WORDS = 40
"""Lines of a tool's complaint that are shown."""


class OverviewPane(Pane):
    TITLE = "overview"

    def compose(self) -> ComposeResult:
        yield Lines()

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        if columns := self.size.width:
            self.scrolled.show(self._lines(row, shown, max(LABEL + 10, columns - 2)))

    def _lines(self, row: Row, shown: Mapping[str, Any], columns: int) -> list[Line]:
        run, now = row.run, self.desk.now()
        use = use_now(self.desk.snapshot, run)
        lines: list[Line] = []
        if run.status.name in WAITING:
            label = "held" if run.status.name == "held" else "waits for"
            lines += [*fact_lines([(label, waiting(run, row.why))], columns), ()]
        words = getattr(run.status, "words", "")
        if (reason := getattr(run.status, "reason", "")) and run.status.name != "held":
            lines += [*fact_lines([(run.status.name, clean(reason))], columns)]
            lines += [(Cell(clean(word), "bad"),) for word in words.splitlines()[:WORDS]]
            lines.append(())
        lines += fact_lines([*facts(run, now, row.after), *([uses(use)] if use else [])], columns)
        if run.ask.params:
            lines += [(), heading("params")]
            lines += fact_lines([(clean(k), param(v)) for k, v in run.ask.params.items()], columns)
        lines += [(), heading("came from"), *fact_lines(origins(run), columns)]
        lines += [(Cell(f"! {clean(warning)}", "warn"),) for warning in shown.get("warnings") or ()]
        if events := shown.get("events"):
            said = [(clean(event["kind"]), _event(event, now)) for event in events]
            lines += [(), heading("history"), *fact_lines(said, columns)]
        return lines


def _event(event: Mapping[str, Any], now: Micros) -> str:
    by = f" by {clean(event['by'])}" if event.get("by") else ""
    return ago(event["at"], now) + by
