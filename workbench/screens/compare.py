"""The marked runs side by side: what differs first, what is equal folded away."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from workbench import commands
from workbench.domain.run import Run
from workbench.present.cells import Cell
from workbench.present.compare import columns, rows, shown
from workbench.present.facts import heading
from workbench.protocol.messages import number_in
from workbench.protocol.runs import run_in
from workbench.screens.base import Panel
from workbench.screens.errand import errand
from workbench.widgets.lines import Lines
from workbench.widgets.table import Table

FRESH_SECONDS = 2.0
"""While one of them runs, its metrics change: asked again so often at most."""
_EMPTY = (
    "Nothing to compare yet.",
    "",
    "Mark runs in the queue with  space  and press  =",
    "or type  :compare NAME NAME",
)


class CompareScreen(Panel):
    SCOPE = "compare"
    CSS_PATH = "compare.tcss"
    BINDINGS = commands.bindings("compare")

    def __init__(self, wanted: Sequence[str]) -> None:
        super().__init__()
        self._wanted = list(wanted)
        self._runs: list[Run] = []
        self._metrics: dict[str, list[float | None]] = {}
        self._first = 0
        self._unfolded = False
        self._rows: list[tuple[Cell, ...]] = []

    def body(self) -> ComposeResult:
        table = Table(lambda index: self._rows[index], (), id="comparison")
        table.add_class("main")
        yield table
        yield Lines(id="empty")

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    @property
    def title_text(self) -> str:
        count = len(self._runs)
        part = shown(count, self._first, self.size.width)
        hidden = f", {part.start + 1} to {part.stop} shown" if part.stop - part.start < count else ""
        return f"compare {count} runs{hidden}" if count else "compare"

    def redraw(self) -> None:
        empty = self.query_one("#empty", Lines)
        empty.display = not self._wanted
        self.table.display = bool(self._wanted)
        if not self._wanted:
            empty.show([heading(_EMPTY[0]), *((Cell(line),) for line in _EMPTY[1:])])
            return
        if not self._runs:
            return
        if any(run.live for run in self._runs):
            self.soon("fetch", self.refetch, FRESH_SECONDS)
        part = shown(len(self._runs), self._first, self.size.width)
        self._rows = rows(self._runs, self._metrics, self.desk.now(), part=part, unfolded=self._unfolded)
        self.table.set_columns(columns([run.name for run in self._runs[part]]))
        self.table.set_count(len(self._rows))

    def refetch(self) -> None:
        if self._wanted:
            errand(self, self._fetch, "page")

    async def _fetch(self) -> None:
        reply = await self.fetch("compare", runs=self._wanted)
        if reply is None:
            return
        self._runs = [run_in(run) for run in reply["runs"]]
        self._metrics = {
            key: [None if value is None else number_in(value) for value in values]
            for key, values in reply["metrics"].items()
        }
        self.redraw()
        self.draw_status()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def action_fold(self) -> None:
        self._unfolded = not self._unfolded
        self.redraw()

    def action_column(self, by: int) -> None:
        self._first = max(0, min(self._first + by, len(self._runs) - 1))
        self.redraw()

    def action_open(self) -> None:
        if self._runs:
            self.desk.show_run(self._runs[self._first].id)
