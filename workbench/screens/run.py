"""One run: what it was asked, its log as it grows, its metrics as curves, and what it came from."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher

from workbench import commands
from workbench.client.mirror import Row, use_now
from workbench.domain.status import WAITING
from workbench.present.canvas import Series
from workbench.present.cells import Cell, Line, fit
from workbench.present.diff import diff_lines
from workbench.present.facts import LABEL, fact_lines, heading
from workbench.present.numbers import ago, metric, param
from workbench.present.runs import facts, headline, origins, uses, waiting
from workbench.present.sanitise import clean
from workbench.protocol.messages import number_in
from workbench.screens import actions
from workbench.screens.base import SOON, WIDE, Panel
from workbench.screens.errand import errand
from workbench.widgets.chart import Chart
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.log_view import LogView

TABS = ("overview", "log", "metrics", "inputs")
FIRST_LOG = 256 * 1024
"""Bytes of the log's end that are fetched first."""
LOG_STEP = 256 * 1024
LOG_WAIT = 20.0
"""Seconds that the engine may keep us waiting for more of the log."""
LOG_SECONDS = 0.04
"""Between two pieces of the log: as fast as an eye can tell, and a torrent is not drawn line by line."""
POINTS = 600
SERIES_SECONDS = 1.0


class RunScreen(Panel):
    SCOPE = "run"
    CSS_PATH = "run.tcss"
    BINDINGS = commands.bindings("run")
    AUTO_FOCUS = None

    def __init__(self, run: str) -> None:
        """run: its id."""
        super().__init__()
        self.run_id = run
        self._shown: Mapping[str, Any] = {}
        self._tab = "log"
        self._metric = ""
        self._diff: list[Line] = []
        self._next = -FIRST_LOG
        self._fetched: tuple[object, ...] = ()

    def body(self) -> ComposeResult:
        yield OneLine(id="headline")
        with Horizontal():
            with Vertical(id="aside"):
                yield Lines(id="about")
                yield Chart(id="glance")
            with Vertical(id="main"):
                yield OneLine(id="tabs")
                with ContentSwitcher(initial=self._tab):
                    yield Lines(id="overview")
                    yield LogView(id="log")
                    with Vertical(id="metrics"):
                        yield Chart(id="curve")
                        yield Lines(id="values")
                    yield Lines(id="inputs")

    @property
    def title_text(self) -> str:
        row = self._row
        return f"run  {clean(row.run.project)}" if row else "run"

    @property
    def _row(self) -> Row | None:
        return self.desk.snapshot.rows.get(self.run_id)

    @property
    def run_here(self) -> str:
        return self.run_id

    def looked_at(self) -> Iterable[str]:
        return (self.run_id,)

    # What is shown.

    def redraw(self) -> None:
        row = self._row
        if row is None:
            return
        now = self.desk.now()
        name = Cell(f" {clean(row.run.name)}  ", "title")
        self.query_one("#headline", OneLine).show((name, *headline(row.run, now)))
        self._draw_tabs()
        for pane in (self.query_one("#overview", Lines), self.query_one("#about", Lines)):
            if pane.size.width:
                pane.show(self._overview(row, pane.size.width - 2))
        inputs = self.query_one("#inputs", Lines)
        if inputs.size.width:
            inputs.show(self._inputs(row, inputs.size.width - 2))
        self._draw_values(row)
        state = (self._metric, row.run.status.name, row.metrics)
        if state != self._fetched:
            another = self._fetched[:1] != state[:1]
            self._fetched = state
            self.soon("series", self._fetch_series, SOON if another else SERIES_SECONDS)

    def _tabs(self) -> Sequence[str]:
        """From 120 columns the overview stands beside the others."""
        return TABS if self.size.width < WIDE else TABS[1:]

    def _draw_tabs(self) -> None:
        tabs = self._tabs()
        if self._tab not in tabs:
            self._tab = tabs[0]
        cells = [Cell(" ")]
        for tab in tabs:
            cells += [Cell(f" {tab} ", "tab" if tab == self._tab else "dim"), Cell(" ")]
        self.query_one("#tabs", OneLine).show(tuple(cells))
        self.query_one(ContentSwitcher).current = self._tab

    def _overview(self, row: Row, columns: int) -> list[Line]:
        run, now, columns = row.run, self.desk.now(), max(LABEL + 10, columns)
        lines: list[Line] = []
        if run.status.name in WAITING:
            lines += [*fact_lines([("waits for", waiting(run, row.why))], columns), ()]
        words = getattr(run.status, "words", "")
        if (reason := getattr(run.status, "reason", "")) and run.status.name != "held":
            lines += [*fact_lines([(run.status.name, clean(reason))], columns)]
            lines += [(Cell(clean(word), "bad"),) for word in words.splitlines()[:40]]
            lines.append(())
        use = use_now(self.desk.snapshot, run)
        lines += fact_lines([*facts(run, now), *([uses(use)] if use else [])], columns)
        if run.ask.params:
            lines += [(), heading("params")]
            lines += fact_lines([(clean(k), param(v)) for k, v in run.ask.params.items()], columns)
        lines += [(), heading("came from"), *fact_lines(origins(run), columns)]
        lines += [(Cell(f"! {clean(warning)}", "warn"),) for warning in self._shown.get("warnings") or ()]
        if events := self._shown.get("events"):
            lines += [(), heading("history")]
            said = [(clean(event["kind"]), _event(event, now)) for event in events]
            lines += fact_lines(said, columns)
        return lines

    def _inputs(self, row: Row, columns: int) -> list[Line]:
        lines: list[Line] = [heading("came from"), *fact_lines(origins(row.run), max(LABEL + 10, columns))]
        if self._diff:
            lines += [(), heading("changes that were not committed"), *self._diff]
        return lines

    def _draw_values(self, row: Row) -> None:
        """Each metric's last value, and its extremes where the engine told them."""
        known = self._shown.get("metrics") or {}
        lines: list[Line] = []
        for key in self._keys(row):
            told = known.get(key, {})
            cells = [
                Cell(" ▪ " if key == self._metric else "   ", "series1"),
                Cell(fit(clean(key), 24), "strong" if key == self._metric else ""),
                Cell(fit(metric(row.metrics[key]), 10, right=True)),
            ]
            if told:
                extremes = (f"{name} {metric(number_in(told[name]))}" for name in ("min", "max"))
                cells.append(Cell("   " + "   ".join(extremes), "dim"))
            lines.append(tuple(cells))
        if count := self._shown.get("malformed"):
            lines.append((Cell(f" ! {count} lines of metrics made no sense and were skipped", "warn"),))
        pane = self.query_one("#values", Lines)
        pane.styles.height = min(max(1, len(lines)), 8)
        pane.show(lines)

    def _keys(self, row: Row) -> list[str]:
        keys = sorted(row.metrics)
        if self._metric not in keys:
            self._metric = next((key for key in keys if "loss" in key), keys[0] if keys else "")
        return keys

    # What is fetched.

    def refetch(self) -> None:
        errand(self, self._fetch, "show")

    async def _fetch(self) -> None:
        if shown := await self.fetch("show", run=self.run_id):
            self._learn(shown)
            self.redraw()
            errand(self, self._follow_log, "log")
            errand(self, self._fetch_diff, "diff")

    def _learn(self, shown: Mapping[str, Any]) -> None:
        self._shown, desk = shown, self.desk
        last = {key: value["last"] for key, value in shown["metrics"].items()}
        desk.learn({"rows": [{"run": shown["run"], "metrics": last}]})
        if waiting := shown.get("waiting"):
            desk.learn_reasons({self.run_id: waiting["text"] if isinstance(waiting, Mapping) else str(waiting)})

    async def _follow_log(self) -> None:
        """The end of the log first, then what is added, until the run is over."""
        view = self.query_one(LogView)
        while True:
            wait = LOG_WAIT if self._next >= 0 else 0
            piece = await self.fetch("logs", run=self.run_id, offset=self._next, limit=LOG_STEP, wait=wait)
            if piece is None:
                return
            if piece["text"]:
                view.append(piece["text"])
            self._next = piece["next"]
            if piece["over"] and piece["next"] >= piece["size"]:
                view.end()
                return
            await asyncio.sleep(LOG_SECONDS)  # what is written meanwhile comes in one piece

    async def _fetch_diff(self) -> None:
        row = self._row
        if row is None:
            return
        if row.run.code.diff and (reply := await self.fetch("diff", run=self.run_id)):
            self._diff = diff_lines(reply["text"])
        self.redraw()

    def _fetch_series(self) -> None:
        errand(self, self._draw_curve, "series")

    async def _draw_curve(self) -> None:
        row = self._row
        if row is None or not self._keys(row):
            return
        reply = await self.fetch("series", runs=[self.run_id], keys=[self._metric], points=POINTS)
        if reply is None:
            return
        curves = [
            Series(clean(one["key"]), one["steps"], [number_in(value) for value in one["values"]])
            for one in reply["series"]
        ]
        last = metric(curves[0].ys[-1]) if curves and curves[0].ys else ""
        title = (Cell(f" {clean(self._metric)}", "title"), Cell(f"  {last}"), Cell("   by step", "dim"))
        for chart in self.query(Chart):
            chart.show(title, curves)

    # Keys.

    def _pane(self) -> Lines:
        pane = self.query_one(f"#{self._tab}")
        return pane if isinstance(pane, Lines) else self.query_one("#values", Lines)

    def action_tab(self, by: int) -> None:
        tabs = self._tabs()
        self._tab = tabs[(tabs.index(self._tab) + by) % len(tabs)]
        self._draw_tabs()
        self.call_after_refresh(self.redraw)

    def action_turn(self, lines: int) -> None:
        self._pane().turn(lines)

    def action_turn_page(self, direction: int) -> None:
        self._pane().turn_page(direction)

    def action_turn_to(self, end: int) -> None:
        pane = self._pane()
        pane.scroll_line(pane.max_scroll_y if end else 0)

    def action_metric(self) -> None:
        row = self._row
        keys = self._keys(row) if row else []
        if row and keys:
            self._metric = keys[(keys.index(self._metric) + 1) % len(keys)]
            self._tab = "metrics"
            self.desk.note_command(f"plot {clean(row.run.name)} {clean(self._metric)}")
            self.redraw()

    def action_cancel(self) -> None:
        if row := self._row:
            errand(self, partial(actions.cancel, self, self.desk, [row.run]))

    def action_rerun(self) -> None:
        if row := self._row:
            errand(self, partial(actions.rerun, self.desk, row.run))

    def action_hold(self) -> None:
        if row := self._row:
            errand(self, partial(actions.hold_or_release, self.desk, [row.run]))

    async def action_edit(self) -> None:
        if row := self._row:
            await actions.edit(self.desk, row.run)

    async def action_copy(self) -> None:
        await self.desk.copy(self.run_id)

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)


def _event(event: Mapping[str, Any], now: int) -> str:
    by = f" by {clean(event['by'])}" if event.get("by") else ""
    return ago(event["at"], now) + by
