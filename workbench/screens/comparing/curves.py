"""One metric of all runs as curves over each other, beside the list that is their legend."""

from __future__ import annotations

from textual.app import ComposeResult

from workbench import commands
from workbench.domain.comparison import Comparison
from workbench.domain.run import started_at
from workbench.present.columns import Column
from workbench.present.compare import View
from workbench.present.curves import EPOCH, Pace, offered
from workbench.present.matrix import markdown_table
from workbench.present.overlay import FEW, columns, entries, overlaid, rows
from workbench.present.sanitise import clean
from workbench.present.view import WHOLE, flags
from workbench.present.view import View as Look
from workbench.screens.comparing.side import ListedSide
from workbench.screens.errand import errand
from workbench.screens.panes.measures import Measures
from workbench.widgets.chart import NO_VALUES, Chart
from workbench.widgets.charts import Charts
from workbench.widgets.table import Table

DOTS, CELLS = 4, 1
"""Points of a curve that are fetched for each column: of few runs, of many."""
NOTHING = 'no metrics yet: wb.log(loss=0.3) after "import workbench as wb" makes one'


class CurvesSide(ListedSide, inherit_bindings=False):
    TITLE = "curves"
    SCOPE = "chart"
    BINDINGS = commands.bindings("chart")

    def __init__(self) -> None:
        super().__init__()
        self._comparison, self._view, self._look = Comparison(), View(), WHOLE
        self._measures = Measures()
        self._drawn: tuple[object, ...] = ()
        """What the picture was made of: a clock that ticks draws nothing."""
        self._listed: tuple[str, ...] = ()
        """The runs that the list's cursor goes by; () where it may stand on another one."""

    def compose(self) -> ComposeResult:
        yield from super().compose()
        yield Charts()

    @property
    def charts(self) -> Charts:
        return self.query_one(Charts)

    @property
    def note(self) -> str:
        return "j k run   m metric" if self._view.metric else ""

    def on_show(self) -> None:
        """In front again: another tab may have moved to another run."""
        self._listed = self._drawn = ()
        self.call_after_refresh(self.panel.redraw)

    def draw(self, comparison: Comparison, view: View) -> None:
        self._comparison, self._view = comparison, view
        if not self.charts.size.width:
            return
        self._fetch_soon()
        facts = comparison, view, self._look, self.charts.size
        if facts == self._drawn:
            return
        self._drawn = facts
        every = entries(comparison, view)
        paces = [self._paces[run.id] for run in comparison.runs]
        measured = [
            self._measures.get(run.id, view.metric, self._look, pace)
            for run, pace in zip(comparison.runs, paces, strict=True)
        ]
        curves = overlaid(every, measured, comparison.values(view.metric, False), view.at, self._look, paces)
        self._rows = rows(comparison, view.metric, view, self._look, every, curves)
        self._list(columns(comparison, view.metric, self._look))
        empty = (NO_VALUES if self._measures.fetched else "") if view.metric else NOTHING
        self.charts.show(
            [(clean(view.metric), [one for those in curves.values() for one in those])], self._look, empty=empty
        )

    def _list(self, shown: tuple[Column, ...]) -> None:
        table, runs = self.table, tuple(run.id for run in self._comparison.runs)
        if table.styles.max_height is None or table.styles.max_height.value != len(runs) + 1:
            table.styles.max_height = len(runs) + 1
        table.set_columns(shown)
        table.set_count(len(runs))
        if self._listed != runs:
            self._listed = runs
            table.move_to(self._view.at)

    def at(self, view: View) -> int:
        return self.table.cursor if self._listed else view.at

    def command(self, comparison: Comparison, view: View) -> str:
        if not view.metric:
            return super().command(comparison, view)
        this, *others = (clean(run.name) for run in comparison.runs)
        return " ".join(["plot", this, clean(view.metric), *(f"--with {name}" for name in others), *flags(self._look)])

    def markdown(self, comparison: Comparison, view: View) -> str:
        if not self._rows:
            return ""
        head = [one.title for one in columns(comparison, view.metric, self._look)]
        return markdown_table([line[1:] for line in (head, *([cell.text for cell in row] for row in self._rows))])

    # What is fetched.

    @property
    def _paces(self) -> dict[str, Pace]:
        return {
            run.id: Pace(started_at(run.status) or 0, self._measures.epochs(run.id, EPOCH))
            for run in self._comparison.runs
        }

    @property
    def _keys(self) -> list[str]:
        return list(dict.fromkeys([self._view.metric, *([EPOCH] if self._look.over == EPOCH else [])]))

    @property
    def _points(self) -> int:
        return self.charts.size.width * (DOTS if len(self._comparison.runs) <= FEW else CELLS)

    def _fetch_soon(self) -> None:
        if not self._view.metric:
            return
        runs = self._comparison.runs
        wanted = [run.id for run in runs], self._keys, self._points, self._look.over, self._look.window
        now = [run.status.name for run in runs], self._comparison.values(self._view.metric, False)
        seconds = self._measures.due(wanted, now)
        if seconds is not None:
            self.panel.soon(f"curves {seconds}", self._fetch_in_front, seconds)

    def _fetch_in_front(self) -> None:
        if self.display:
            errand(self, self._fetch, "curves")
        else:
            self._measures.forget()

    async def _fetch(self) -> None:
        """What is wanted by now."""
        runs = [run.id for run in self._comparison.runs]
        if not await self._measures.learn(self.fetch, runs, self._keys, self._points):
            return
        await self._measures.look_closer(self.fetch, self._paces, self._keys, self._points, self._look)
        self._drawn = ()
        self.panel.redraw()

    # Keys and mouse.

    def action_look(self, how: str) -> None:
        self._look_at(self.charts.changed(how, offered(EPOCH in self._comparison.metrics)))

    def on_chart_looked(self, message: Chart.Looked) -> None:
        self._look_at(message.view)

    def _look_at(self, look: Look) -> None:
        if not self._comparison.runs:
            return
        noted, self._look = flags(look) != flags(self._look), look
        if noted:
            self.desk.note_command(self.command(self._comparison, self._view))
        self.draw(self._comparison, self._view)

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        self.post_message(self.RunChosen(message.index))
