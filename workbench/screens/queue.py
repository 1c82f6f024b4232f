"""The queue: what runs, what waits and why, then the past. From 120 columns with the run under the cursor beside it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from workbench import commands
from workbench.client.mirror import TREND, Row, Window, use_now
from workbench.domain.completion import complete, vocabulary
from workbench.domain.run import Run
from workbench.errors import FilterError, WorkbenchError
from workbench.present.cells import Cell
from workbench.present.facts import heading
from workbench.present.first_screen import NO_RUNS
from workbench.present.runs import Seen, favourite, queue_columns, queue_row
from workbench.present.sanitise import clean
from workbench.screens import actions
from workbench.screens.base import SOON, Panel
from workbench.screens.errand import errand
from workbench.widgets.lines import Lines
from workbench.widgets.prompt import Prompt
from workbench.widgets.run_card import RunCard
from workbench.widgets.table import Table

PAGE = 100
"""Rows of one fetch."""
MARGIN = 400
"""Rows kept above and below the screen."""
GAUGED = 50
"""Running rows whose recent values are fetched for their sparklines."""
SERIES_SECONDS = 1.0
POINTS = 400
FILTER_HINT = "words  is:live  loss<0.3  param.lr=0.1  tag:base*  since:2d  @gpu3  OR NOT ( )"
LOG_END = 2000
"""Bytes of the log that the card shows the last lines of."""


class QueueScreen(Panel):
    SCOPE = "queue"
    CSS_PATH = "queue.tcss"
    BINDINGS = commands.bindings("queue")

    def __init__(self) -> None:
        super().__init__()
        self.filter = ""
        self.project = ""
        self._sound = ("", "")
        self._window = Window()
        self._fetched_order = -1
        self._known = False
        self._metric = ""

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="list"):
                table = Table(self._cells, queue_columns("metric"), id="runs")
                table.add_class("main")
                yield table
                yield Lines(id="empty")
            yield RunCard(id="card")

    @property
    def title_text(self) -> str:
        total = self._window.total
        many = "runs" if not self._known else "1 run" if total == 1 else f"{total:,} runs"
        return "  ".join([many, *(clean(part) for part in (self.project, self.filter) if part)])

    def looked_at(self) -> Iterable[str]:
        return self._window.ids.values()

    @property
    def run_here(self) -> str:
        run = self._run()
        return run.id if run else ""

    @property
    def table(self) -> Table:
        return self.query_one("#runs", Table)

    # What is shown.

    def _row(self, index: int) -> Row | None:
        return self.desk.snapshot.rows.get(self._window.ids.get(index, ""))

    def _cells(self, index: int) -> tuple[Cell, ...] | None:
        row = self._row(index)
        if row is None:
            return None
        seen = Seen(row.metrics, row.why, row.progress, row.trend.get(self._metric, ()))
        return queue_row(row.run, seen, self._metric, self.desk.now(), row.run.id in self.desk.marks)

    def redraw(self) -> None:
        if self._known and self.desk.snapshot.order != self._fetched_order:
            self.soon("fetch", self.refetch)
        self._name_metric()
        self.table.patch()
        self._draw_card()

    def _name_metric(self) -> None:
        visible = [row for index in self.table.visible_rows if (row := self._row(index))]
        keys = {key for row in visible for key in row.metrics}
        if not self._metric or (keys and self._metric not in keys):
            self._metric = favourite(row.metrics for row in visible) if keys else ""
        self.table.set_columns(queue_columns(self._metric or "metric"))

    def _draw_card(self) -> None:
        card, row = self.query_one(RunCard), self._row(self.table.cursor)
        if not card.display:
            return
        if row is None:
            card.clear()
            return
        another = card.run != row.run.id
        if card.draw(row, use_now(self.desk.snapshot, row.run), self._metric, self.desk.now()):
            self.soon("series", self._fetch_series, SOON if another else SERIES_SECONDS)

    def _show_list(self) -> None:
        table, empty = self.table, self.query_one("#empty", Lines)
        table.set_count(self._window.total)
        nothing = self._known and not self._window.total
        empty.display, table.display = nothing, not nothing
        if nothing and (self.filter or self.project):
            empty.show([heading("Nothing fits."), (), (Cell("esc shows all runs, / changes the filter", "dim"),)])
        elif nothing:
            empty.show([heading(NO_RUNS[0]), *((Cell(line),) for line in NO_RUNS[1:])])

    # What is fetched.

    def refetch(self) -> None:
        """What is on screen, again: order, members or counts may have changed."""
        rows = self.table.visible_rows
        start = max(0, rows.start - PAGE // 4)
        fetch = partial(self._fetch, start, max(PAGE, len(rows) + PAGE // 2), afresh=True)
        errand(self, fetch, "page")

    def _fetch_missing(self) -> None:
        rows = self.table.visible_rows
        if rows and (gap := self._window.missing(rows.start, rows.stop - 1, PAGE)):
            errand(self, partial(self._fetch, *gap), "page")

    async def _fetch(self, offset: int, limit: int, afresh: bool = False) -> None:
        order = self.desk.snapshot.order
        reply = await self.fetch("runs", **self._query(), limit=limit, offset=offset)
        if reply is None:
            return
        self._sound = (self.filter, self.project)
        held = self._window.ids.get(self.table.cursor)
        ids = [row["run"]["id"] for row in reply["rows"]]
        self.desk.learn(reply)
        before = Window() if afresh else self._window
        rows = self.table.visible_rows
        self._window = before.place(offset, ids, reply["total"]).near(rows.start, rows.stop + limit, MARGIN)
        self._known, self._fetched_order = True, order
        self.draw_status()
        self._show_list()
        if afresh and held in ids:
            self.table.move_to(offset + ids.index(held))
        self.redraw()
        errand(self, partial(self._fetch_trimmings, ids), "trimmings")
        self._fetch_missing()

    def _query(self) -> dict[str, Any]:
        given = {"filter": self.filter, "project": self.project, "order": "queue"}
        return {key: value for key, value in given.items() if value}

    async def _fetch_trimmings(self, ids: list[str]) -> None:
        """Sparklines of what runs: drawn when they come."""
        desk = self.desk
        rows = [row for id in ids if (row := desk.snapshot.rows.get(id))]
        running = [row.run.id for row in rows if row.run.active and not row.trend][:GAUGED]
        if running and self._metric:
            trends = await self.fetch("series", runs=running, keys=[self._metric], points=TREND)
            if trends is None:
                return
            desk.learn_trends(trends)
            self.redraw()

    def _fetch_series(self) -> None:
        errand(self, self._fill_card, "series")

    async def _fill_card(self) -> None:
        card, row = self.query_one(RunCard), self._row(self.table.cursor)
        if row is None or not card.display:
            return
        id, keys = row.run.id, card.wanted(row, self._metric)
        curves = await self.fetch("series", runs=[id], keys=keys, points=POINTS)
        log = await self.fetch("logs", run=id, offset=-LOG_END, limit=LOG_END)
        if curves and log:
            card.fill(row, curves["series"], log["text"])

    # What happens.

    def on_table_rows_shown(self, message: Table.RowsShown) -> None:
        self._fetch_missing()

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        self._draw_card()

    def on_table_row_opened(self, message: Table.RowOpened) -> None:
        self.action_open()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    # Keys.

    def _run(self) -> Run | None:
        row = self._row(self.table.cursor)
        return row.run if row else None

    def _chosen(self) -> list[Run]:
        """The marked runs, or the one under the cursor."""
        rows = self.desk.snapshot.rows
        marked = [rows[id].run for id in self.desk.marks if id in rows]
        run = self._run()
        return marked or ([run] if run else [])

    def action_open(self) -> None:
        if run := self._run():
            self.desk.show_run(run.id)

    def action_mark(self) -> None:
        if run := self._run():
            marks = self.desk.marks
            if marks.pop(run.id, None) is None:
                marks[run.id] = run.name
            self.table.patch()
            self.draw_status()
            self.table.action_down()

    def action_unmark(self) -> None:
        self.desk.marks.clear()
        self.table.patch()
        self.draw_status()

    def action_cancel(self) -> None:
        errand(self, partial(actions.cancel, self, self.desk, self._chosen()))

    def action_rerun(self) -> None:
        if run := self._run():
            errand(self, partial(actions.rerun, self.desk, run))

    def action_hold(self) -> None:
        errand(self, partial(actions.hold_or_release, self.desk, self._chosen()))

    def action_tell(self) -> None:
        errand(self, partial(actions.notify, self.desk, self._chosen()))

    async def action_edit(self) -> None:
        if run := self._run():
            await actions.edit(self.desk, run)

    async def action_copy(self) -> None:
        if run := self._run():
            await self.desk.copy(run.id)

    async def action_compare(self) -> None:
        await self.desk.show_comparison(list(self.desk.marks))

    def action_move(self, by: int) -> None:
        """Past the waiting run above or below."""
        index, run = self.table.cursor, self._run()
        other = self._row(index + by)
        if run is None or other is None or {run.status.name, other.run.status.name} != {"queued"}:
            self.desk.say("only queued runs can change places")
            return
        way = "before" if by < 0 else "after"
        cli = f"move {clean(run.name)} {way} {clean(other.run.name)}"
        errand(self, partial(self.desk.act, cli, "move", run=run.id, to=f"{way} {other.run.id}"))

    def action_metric(self) -> None:
        keys = sorted({k for index in self.table.visible_rows if (row := self._row(index)) for k in row.metrics})
        if keys:
            self._metric = keys[(keys.index(self._metric) + 1) % len(keys)] if self._metric in keys else keys[0]
            self.redraw()
            ids = [id for index in self.table.visible_rows if (id := self._window.ids.get(index))]
            errand(self, partial(self._fetch_trimmings, ids), "trimmings")

    def action_filter(self) -> None:
        self._ask_filter(self.filter)

    def _ask_filter(self, typed: str) -> None:
        rows, machines = self.desk.snapshot.rows.values(), self.desk.snapshot.machines
        metrics = (key for row in rows for key in row.metrics)
        known = vocabulary((row.run for row in rows), metrics, (machine["name"] for machine in machines))
        hint = (Cell(FILTER_HINT, "dim"),)
        self.query_one(Prompt).open("filter", "/", typed, complete=partial(complete, known=known), hint=hint)

    def prompted(self, kind: str, text: str) -> None:
        self.close_prompt()
        self.narrow(text, self.project)

    def narrow(self, filter: str, project: str = "") -> None:
        """Show only the runs that fit."""
        self.filter, self.project = filter, project
        self.desk.note_command(f"runs '{filter}'" if filter else "runs")
        self.table.move_to(0)
        self.refetch()

    def refused(self, problem: WorkbenchError) -> None:
        """A filter that does not parse goes back to whoever typed it; the list stays as it was."""
        if not isinstance(problem, FilterError):
            super().refused(problem)
            return
        prompt, typed = self.query_one(Prompt), self.filter
        self.filter, self.project = self._sound
        self.draw_status()
        column = problem.evidence.get("column")
        self._ask_filter(typed)
        prompt.trouble(problem.message, column if isinstance(column, int) else None)

    async def action_back(self) -> None:
        """Out of the filter first, then back."""
        if self.filter or self.project:
            self.narrow("")
        elif self.desk.marks:
            self.action_unmark()
