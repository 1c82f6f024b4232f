"""The queue: what runs, what waits and why, then the past. From 120 columns with the run under the cursor beside it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import cached_property, partial

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from workbench import commands
from workbench.client.mirror import TREND, Row, Window, use_now
from workbench.domain.filters import quoted
from workbench.domain.run import Run
from workbench.domain.view import View
from workbench.errors import FilterError, WorkbenchError
from workbench.present.cells import Cell
from workbench.present.facts import heading
from workbench.present.listing import Listing, Seen, columns, edge, listing, order_by, row
from workbench.present.runs import favourite
from workbench.present.sanitise import clean
from workbench.screens import actions, arranging
from workbench.screens.acting import ActingPanel
from workbench.screens.base import SOON
from workbench.screens.errand import errand
from workbench.screens.marking import Marking
from workbench.screens.pages import Pages
from workbench.screens.undo import Step
from workbench.widgets.lines import Lines
from workbench.widgets.prompt import Prompt
from workbench.widgets.run_card import RunCard
from workbench.widgets.table import Table

OF_A_ROW, OF_THE_MARKED = ("queue.open", "queue.mark"), ("queue.cancel", "queue.compare")
"""Ids of commands that need a run under the cursor, and of those that marks are enough for."""
NOTHING = "   esc shows all runs    / changes the filter"
GAUGED = 50
"""Running rows whose recent values are fetched for their sparklines."""
SERIES_SECONDS = 1.0
POINTS = 400
LOG_END = 2000
"""Bytes of the log that the card shows the last lines of."""


class QueueScreen(ActingPanel):
    SCOPE = "queue"
    CSS_PATH = "queue.tcss"
    BINDINGS = commands.bindings("queue")

    def __init__(self) -> None:
        super().__init__()
        self._pages = Pages(self, self._page_came)
        self._metric = ""
        """The metric that is shown."""
        self._turned = False
        """Whether somebody chose the one that is shown."""
        self._listing = Listing()
        self._unsaid: View | None = None
        """What was asked for, until the engine has understood it: only then it is a command to copy."""

    @cached_property
    def _marking(self) -> Marking:
        return Marking(self.desk, self._pages)

    def body(self) -> ComposeResult:
        with Horizontal():
            with Vertical(id="list"):
                table = Table(self._cells, columns(self._listing), edge=self._edge, id="runs")
                table.add_class("main")
                yield table
                yield Lines(id="empty")
            yield RunCard(id="card")

    @property
    def title_text(self) -> str:
        view, total = self._pages.view, self._pages.window.total
        many = "runs" if not self._pages.known else "1 run" if total == 1 else f"{total:,} runs"
        by = "" if view.order == "queue" else f"by {clean(view.sorted_by)} {'▾' if view.order.startswith('-') else '▴'}"
        some = self._marking.range(self.table.cursor)
        chosen = f"range of {len(some):,}: v marks it" if some else ""
        return "  ".join(part for part in (many, clean(view.filter), by, chosen) if part)

    @property
    def idle(self) -> Collection[str]:
        """An empty list has no run for these keys, unless some are marked that it does not show."""
        empty = self._pages.known and not self._pages.window.total
        return [*OF_A_ROW, *(() if self.desk.marks else OF_THE_MARKED)] if empty else ()

    def looked_at(self) -> Iterable[str]:
        return self._pages.window.ids.values()

    @property
    def run(self) -> Run | None:
        known = self._pages.row(self.table.cursor)
        return known.run if known else None

    @property
    def table(self) -> Table:
        return self.query_one("#runs", Table)

    # What is shown.

    def _cells(self, index: int) -> tuple[Cell, ...] | None:
        known = self._pages.row(index)
        if known is None:
            return None
        seen = Seen(known.metrics, known.why, known.progress, known.trend.get(self._listing.metric, ()))
        return row(known.run, seen, self._listing, self.desk.now(), self._marked(index))

    def _marked(self, index: int) -> bool:
        return self._marking.has(index, self.table.cursor)

    def _edge(self, index: int) -> Cell:
        known = self._pages.row(index)
        return edge(self._marked(index), known is not None and known.notify)

    def redraw(self) -> None:
        if self._pages.outdated:
            self.soon("fetch", self.refetch)
        self._lay_out()
        self.table.patch()
        self._draw_card()

    def _lay_out(self) -> None:
        """The columns that were picked, or else the project's metric, or the one that most rows on screen have."""
        visible = [known for index in self.table.visible_rows if (known := self._pages.row(index))]
        keys = {key for known in visible for key in known.metrics}
        better = not self._turned and self._pages.metric in keys
        if keys and (self._metric not in keys or better):
            self._metric = favourite((known.metrics for known in visible), self._pages.metric)
        view = self._pages.view
        self._listing = self._listing.showing(self._metric, view.columns, view.order)
        self.table.set_columns(columns(self._listing))

    def _known(self) -> list[Row]:
        rows = self.desk.snapshot.rows
        return [rows[id] for id in self._pages.window.ids.values() if id in rows]

    def _draw_card(self) -> None:
        card, known = self.query_one(RunCard), self._pages.row(self.table.cursor)
        if not card.display:
            return
        if known is None:
            card.clear()
            return
        another = card.run != known.run.id
        if card.draw(known, use_now(self.desk.snapshot, known.run), self._listing.metric, self.desk.now()):
            self.soon("series", self._fetch_series, SOON if another else SERIES_SECONDS)

    def _show_list(self) -> None:
        table, empty, view = self.table, self.query_one("#empty", Lines), self._pages.view
        table.set_count(self._pages.window.total)
        nothing = self._pages.known and not self._pages.window.total
        empty.display, table.display = nothing, not nothing
        self.draw_keys()
        if nothing and view.filter:
            lines = [heading("Nothing fits."), (), (Cell(f"   {clean(view.filter)}", "accent"),), ()]
            empty.show([*lines, (Cell(NOTHING, "dim"),), (), (Cell(f"   {arranging.FILTER_HINT}", "dim"),)])
        elif nothing:
            first, *others = self.desk.no_runs
            empty.show([heading(first), *((Cell(line),) for line in others)])

    # What is fetched.

    def refetch(self) -> None:
        """What is on screen, again: order, members or counts may have changed."""
        if self._pages.known:
            self._pages.afresh(self.table.visible_rows)
        else:
            self._pages.view = self.desk.left.view
            self._pages.afresh(range(self.desk.left.index, self.desk.left.index + self.table.page))

    def _page_came(self, offset: int, ids: list[str], before: Window | None) -> None:
        first = not self.table.count
        if self._unsaid == self._pages.sound:
            self.desk.note_command(arranging.cli(self._pages.sound))
            self._unsaid = None
        self.draw_status()
        self._show_list()
        held = self.desk.left.run if first else before.ids.get(self.table.cursor, "") if before else ""
        if held in ids:
            moved = offset + ids.index(held) - self.table.cursor
            self._marking.shift(moved)
            self.table.move_to(self.table.cursor + moved)
        if first and self.run_here:
            self._keep_place()
        self._listing = listing([known.run for known in self._known()])
        self.redraw()
        errand(self, partial(self._fetch_trimmings, ids), "trimmings")
        self._pages.missing(self.table.visible_rows)

    async def _fetch_trimmings(self, ids: list[str]) -> None:
        """Sparklines of what runs: drawn when they come."""
        desk, metric = self.desk, self._listing.metric
        rows = [known for id in ids if (known := desk.snapshot.rows.get(id))]
        running = [known.run.id for known in rows if known.run.active and metric not in known.trend][:GAUGED]
        if running and metric:
            trends = await self.fetch("series", runs=running, keys=[metric], points=TREND)
            if trends is None:
                return
            desk.learn_trends(trends)
            self.redraw()

    def _fetch_series(self) -> None:
        errand(self, self._fill_card, "series")

    async def _fill_card(self) -> None:
        card, known = self.query_one(RunCard), self._pages.row(self.table.cursor)
        if known is None or not card.display:
            return
        id, keys = known.run.id, card.wanted(known, self._listing.metric)
        curves = await self.fetch("series", runs=[id], keys=keys, points=POINTS)
        log = await self.fetch("logs", run=id, offset=-LOG_END, limit=LOG_END)
        if curves and log:
            card.fill(known, curves["series"], log["text"])

    # What happens.

    def on_screen_resume(self) -> None:  # Textual calls that of Panel as well
        """What was asked ahead is answered before there is a road, and is in the first picture then."""
        if not self._pages.known:
            self.refetch()

    def on_table_rows_shown(self, message: Table.RowsShown) -> None:
        self._pages.missing(self.table.visible_rows)

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        if self._marking.open:
            self._show_marks()
        self._keep_place()
        self._draw_card()

    def _keep_place(self) -> None:
        """For whoever opens the screen again."""
        self.desk.left = replace(self.desk.left, run=self.run_here, index=self.table.cursor, view=self._pages.view)

    def on_table_row_opened(self, message: Table.RowOpened) -> None:
        self.action_open()

    def on_table_heading_clicked(self, message: Table.HeadingClicked) -> None:
        if order := order_by(message.column, self._listing):
            self.show(self._pages.view.sorted(order))

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    # Keys.

    async def chosen(self) -> list[Run]:
        """The marked runs, those of an open range with them; or the one under the cursor."""
        if self._marking.open:
            await self.action_range()
        rows = self.desk.snapshot.rows
        marked = [rows[id].run for id in self.desk.marks if id in rows]
        return marked or await super().chosen()

    def action_open(self) -> None:
        if self.run:
            self.desk.show_run(self.run.id)

    async def action_mark(self) -> None:
        if self._marking.open:
            await self.action_range()
        elif self.run:
            self._marking.turn(self.table.cursor)
            self._show_marks()
            self.table.action_down()

    async def action_range(self) -> None:
        """Begin one here; once more marks all that lie between, before the next key acts on what is marked."""
        if self._marking.open:
            await self._marking.close(self.table.cursor)
        else:
            self._marking.begin(self.table.cursor)
        self._show_marks()

    def action_unmark(self) -> None:
        if self.desk.marks:
            before = dict(self.desk.marks)
            self.desk.did(Step("unmarking", partial(self._mark_again, before)))
        self._marking.drop()
        self.desk.marks.clear()
        self._show_marks()

    async def _mark_again(self, marks: dict[str, str]) -> bool:
        self.desk.marks.update(marks)
        self._show_marks()
        return True

    def _show_marks(self) -> None:
        self.table.patch()
        self.draw_status()
        self.draw_keys()

    async def action_compare(self) -> None:
        await self.desk.show_comparison(list(self.desk.marks))

    def action_move(self, by: int) -> None:
        """Past the waiting run above or below."""
        run, other = self.run, self._pages.row(self.table.cursor + by)
        if self._pages.view.order != "queue":
            self.desk.say("only in the queue's own order can runs change places: o, then queue")
        elif run is None or other is None:
            self.desk.say("there is no run to change places with")
        else:
            errand(self, partial(actions.move, self.desk, run, other.run, by))

    # What is listed, and how.

    def show(self, view: View) -> None:
        """List these runs, in this order, with these columns."""
        self._pages.view = view
        self._unsaid = view
        self._marking.drop()
        self.table.move_to(0)
        self._keep_place()
        self.draw_status()
        self.refetch()

    def narrow(self, filter: str, project: str = "") -> None:
        """Show only the runs that fit, all of them in the queue's order."""
        within = f"project={quoted(project)}" if project else ""
        self.show(replace(self._pages.view, filter=" ".join(part for part in (within, filter) if part)))

    async def action_order(self) -> None:
        await arranging.ask_order(self, self._pages.view, self._known(), self.show)

    def action_turn_order(self) -> None:
        if self._pages.view.order == "queue":
            self.desk.say("the queue has one direction; o sorts by something else")
        else:
            self.show(self._pages.view.turned())

    async def action_columns(self) -> None:
        await arranging.ask_columns(self, self._pages.view, self._known(), self._show_columns)

    def _show_columns(self, view: View) -> None:
        self._pages.view = view
        self._keep_place()
        self.desk.note_command(arranging.cli(view))
        self.redraw()

    def action_save(self) -> None:
        arranging.ask_name(self)

    def action_metric(self) -> None:
        keys = [key.partition(".")[2] for key in arranging.metrics_of(self._known())]
        if not keys:
            return
        before = self._listing.metric
        after = keys[(keys.index(before) + 1) % len(keys)] if before in keys else keys[0]
        if self._pages.view.columns:
            swapped = tuple(f"metric.{after}" if one == f"metric.{before}" else one for one in self._pages.view.columns)
            self._pages.view = replace(self._pages.view, columns=tuple(dict.fromkeys(swapped)))
        self._metric, self._turned = after, True
        self.redraw()
        errand(self, partial(self._fetch_trimmings, list(self.looked_at())), "trimmings")

    def action_filter(self) -> None:
        arranging.ask_filter(self, self._pages.view.filter)

    def prompted(self, kind: str, text: str) -> None:
        if kind == "view":
            arranging.save(self, text, self._pages.view)
            return
        self.close_prompt()
        self.narrow(text)

    def refused(self, problem: WorkbenchError) -> None:
        """A filter that does not parse goes back to whoever typed it; the list stays as it was."""
        if not isinstance(problem, FilterError):
            super().refused(problem)
            return
        typed, self._pages.view = self._pages.view.filter, self._pages.sound
        self.draw_status()
        column = problem.evidence.get("column")
        arranging.ask_filter(self, typed)
        self.query_one(Prompt).trouble(problem.message, column if isinstance(column, int) else None)

    async def action_back(self) -> None:
        """Out of a range first, then out of the filter, then off with the marks."""
        if self._marking.open:
            self._marking.drop()
            self._show_marks()
        elif self._pages.view.filter:
            self.narrow("")
        elif self.desk.marks:
            self.action_unmark()
