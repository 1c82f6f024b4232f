"""Inputs: the code and environment that it came from, and what was changed since the commit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from textual.app import ComposeResult

from workbench.client.mirror import Row
from workbench.present.cells import Line
from workbench.present.diff import diff_lines
from workbench.present.facts import LABEL, fact_lines, heading
from workbench.present.runs import origins
from workbench.screens.errand import errand
from workbench.screens.panes.pane import Pane
from workbench.widgets.lines import Lines


class InputsPane(Pane):
    TITLE = "inputs"

    def __init__(self) -> None:
        super().__init__()
        self._diff: list[Line] | None = None

    def compose(self) -> ComposeResult:
        yield Lines()

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        if row.run.code.diff and self._diff is None:
            self._diff = []
            errand(self, partial(self._fetch, row), "diff")
        columns = max(LABEL + 10, self.size.width - 2)
        lines: list[Line] = [heading("came from"), *fact_lines(origins(row.run), columns)]
        if self._diff:
            lines += [(), heading("changes that were not committed"), *self._diff]
        self.scrolled.show(lines)

    async def _fetch(self, row: Row) -> None:
        reply = await self.fetch("diff", run=row.run.id)
        self._diff = diff_lines(reply["text"]) if reply else None
        if reply:
            self.draw(row, {})
