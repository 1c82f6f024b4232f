"""Metrics: a list of them, and those that are chosen as curves that one can hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.widget import Widget

from workbench import commands
from workbench.client.mirror import Row
from workbench.domain.run import started_at
from workbench.present.canvas import SERIES_STYLES, Series
from workbench.present.cells import Cell
from workbench.present.curves import EPOCH, Pace, drawn, offered
from workbench.present.families import families, family, with_its_kin
from workbench.present.metrics import COLUMNS, metric_row
from workbench.present.sanitise import clean
from workbench.present.view import WHOLE, View, flags
from workbench.screens.errand import errand
from workbench.screens.panes.measures import Measures
from workbench.screens.panes.pane import Pane
from workbench.widgets.chart import NO_VALUES, Chart
from workbench.widgets.charts import Charts
from workbench.widgets.line import OneLine
from workbench.widgets.table import Table

LISTED = 8
"""Metrics on screen before the list scrolls."""
MOST = 6
"""Charts at once."""
WIDE, HIGH = 52, 12
"""Columns and lines that a chart has at least where there are several."""
BESIDE = 8
"""Runs in one chart: more are for the comparison."""
BOLD = 2
"""Curves up to which they are drawn thick."""
NOTHING = 'no metrics yet: wb.log(loss=0.3) after "import workbench as wb" makes one'


class MetricsPane(Pane):
    TITLE = "metrics"
    SCOPE = "metrics"
    BINDINGS = [*commands.bindings("metrics"), *commands.bindings("chart")]  # noqa: RUF012

    def __init__(self) -> None:
        super().__init__()
        self.chosen: tuple[str, ...] = ()
        """Metrics in the first chart."""
        self._wished = ""
        """What the project is measured by."""
        self._view = WHOLE
        self._measures = Measures()
        self._wanted: tuple[list[str], int] = [], 0
        """Metrics, and points of each."""
        self._keys: list[str] = []
        self._row: Row | None = None
        self._kept: Mapping[str, Any] = {}

    def compose(self) -> ComposeResult:
        yield Charts(MOST)
        yield Table(self._cells, COLUMNS, id="values")
        yield OneLine(id="malformed")

    @property
    def scopes(self) -> tuple[str, ...]:
        return "metrics", "chart"

    @property
    def keyed(self) -> Widget:
        return self._table

    @property
    def metric(self) -> str:
        """Of those that are drawn the project's own, or else the first."""
        return self._wished if self._wished in self.chosen else self.chosen[0] if self.chosen else ""

    # What is shown.

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        self._row, self._kept = row, shown.get("metrics") or self._kept
        self.first(row, shown)
        self._list()
        malformed = self.query_one("#malformed", OneLine)
        count = shown.get("malformed", 0)
        malformed.display = bool(count)
        malformed.show((Cell(f" ! {count} lines of metrics made no sense and were skipped", "warn"),))
        self._draw_charts()

    def first(self, row: Row, shown: Mapping[str, Any]) -> str:
        """The metric to begin with: the project's own, with its kin. "" before the engine has said which."""
        known = families(row.metrics)
        self._wished = shown.get("metric", "")
        self._keys = [key for one in known for key in one]
        self.chosen = tuple(key for key in self.chosen if key in row.metrics)
        if not self.chosen and known and shown:
            self.chosen = next((one for one in known if self._wished in one), known[0])
        return self.metric

    def turn_metric(self, row: Row) -> None:
        """To the next family."""
        self._list()
        known = families(row.metrics)
        if known:
            here = next((index for index, one in enumerate(known) if self.metric in one), -1)
            self.chosen = known[(here + 1) % len(known)]
            self._table.move_to(self._keys.index(self.metric))

    def _list(self) -> None:
        count = len(self._keys)
        self._table.display = bool(count)
        height = min(count, LISTED) + 1
        if self._table.styles.height is None or self._table.styles.height.value != height:
            self._table.styles.height = height
        self._table.set_count(count)

    def _cells(self, index: int) -> tuple[Cell, ...] | None:
        if self._row is None or index >= len(self._keys):
            return None
        key = self._keys[index]
        mark = SERIES_STYLES[self.chosen.index(key) % len(SERIES_STYLES)] if key in self.chosen else ""
        return metric_row(key, self._row.metrics.get(key), self._kept.get(key, {}), mark)

    def _draw_charts(self) -> None:
        width, height = self.charts.size
        if self._row is None or not width:
            return
        columns, rows = max(1, width // WIDE), max(1, height // HIGH)
        others = [one for one in families(self._keys) if not set(one) & {EPOCH, *self.chosen}]
        sheets = [self.chosen, *others][: min(MOST, columns * rows)] if self.chosen else []
        columns = min(columns, max(1, len(sheets)))
        self._fetch_soon([key for keys in sheets for key in keys], 4 * (width // columns))
        paces = self._paces()
        empty = NO_VALUES if self._measures.fetched else "" if self._keys else NOTHING
        self.charts.show([(_title(keys), self._curves(keys, paces)) for keys in sheets], self._view, columns, empty)

    def _curves(self, keys: Sequence[str], paces: Mapping[str, Pace]) -> list[Series]:
        found: list[Series] = []
        rows = self.desk.snapshot.rows
        pairs = [(run, key) for run in paces for key in keys]
        for number, (run, key) in enumerate(pairs):
            label = " ".join([clean(self._names[run])] * (len(paces) > 1) + [clean(key)] * (len(keys) > 1))
            style = SERIES_STYLES[number % len(SERIES_STYLES)]
            one = self._measures.get(run, key, self._view, paces[run])
            last = rows[run].metrics.get(key) if run in rows else None
            bold = len(pairs) <= BOLD
            found += drawn(one, label or clean(key), style, self._view, paces[run], bold=bold, last=last)
        return found

    # What is fetched.

    @property
    def _names(self) -> dict[str, str]:
        """The runs that are drawn: this one, then the marked ones."""
        if self._row is None:
            return {}
        names = {self._row.run.id: self._row.run.name, **self.desk.marks}
        return dict(list(names.items())[:BESIDE])

    def _paces(self) -> dict[str, Pace]:
        rows = self.desk.snapshot.rows
        started = {run: started_at(rows[run].run.status) or 0 if run in rows else 0 for run in self._names}
        return {run: Pace(started[run], self._measures.epochs(run, EPOCH)) for run in self._names}

    def _fetch_soon(self, keys: Sequence[str], points: int) -> None:
        """Where something has changed: at once what is looked at anew, else as often as curves may grow."""
        rows, runs = self.desk.snapshot.rows, tuple(self._names)
        wanted = (runs, tuple(keys), points, self._view.over, self._view.window)
        now = tuple((rows[run].run.status.name, rows[run].metrics) for run in runs if run in rows)
        seconds = self._measures.due(wanted, now) if keys else None
        if seconds is None:
            return
        self._wanted = [*keys, *([EPOCH] if self._view.over == EPOCH and EPOCH not in keys else [])], points
        self.panel.soon(f"curves {seconds}", lambda: errand(self, self._fetch, "curves"), seconds)

    async def _fetch(self) -> None:
        """What is wanted by now."""
        keys, points = self._wanted
        if not await self._measures.learn(self.fetch, list(self._names), keys, points):
            return
        await self._measures.look_closer(self.fetch, self._paces(), keys, points, self._view)
        self._draw_charts()

    # Keys.

    @property
    def charts(self) -> Charts:
        return self.query_one(Charts)

    @property
    def _table(self) -> Table:
        return self.query_one(Table)

    def action_look(self, how: str) -> None:
        self._look(self.charts.changed(how, offered(EPOCH in self._keys)))

    def on_chart_looked(self, message: Chart.Looked) -> None:
        self._look(message.view)

    def action_choose(self) -> None:
        """The metric under the cursor with its kin; alone, where that is drawn already."""
        if self._keys:
            key = self._keys[self._table.cursor]
            kin = tuple(with_its_kin(key, self._keys))
            self._choose(kin if self.chosen != kin else (key,))

    def action_overlay(self) -> None:
        if self._keys:
            key = self._keys[self._table.cursor]
            rest = tuple(one for one in self.chosen if one != key)
            self._choose(rest if rest and key in self.chosen else (*rest, key))

    def on_table_row_opened(self, message: Table.RowOpened) -> None:
        self.action_choose()

    def _choose(self, keys: tuple[str, ...]) -> None:
        self.chosen = keys
        self._table.patch()
        self._note()
        self._draw_charts()

    def _look(self, view: View) -> None:
        noted = flags(view) != flags(self._view)
        self._view = view
        if noted:
            self._note()
        self._draw_charts()

    def _note(self) -> None:
        """The command line that prints this chart."""
        if self._row is None:
            return
        this, *others = (clean(name) for name in self._names.values())
        words = ["plot", this, *map(clean, self.chosen), *(f"--with {name}" for name in others)]
        self.desk.note_command(" ".join([*words, *flags(self._view)]))


def _title(keys: Sequence[str]) -> str:
    """What these have in common."""
    names = dict.fromkeys(map(family, keys))
    return clean(" · ".join(names)) if len(names) <= 2 else f"{len(keys)} metrics"
