"""One run: a tab for what it was asked, its log as it grows, its metrics, what it takes, and what it came from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher

from workbench import commands
from workbench.client.mirror import Row
from workbench.domain.run import Run
from workbench.present.cells import Cell
from workbench.present.runs import headline
from workbench.present.sanitise import clean
from workbench.screens.acting import ActingPanel
from workbench.screens.base import WIDE
from workbench.screens.errand import errand
from workbench.screens.panes.curve import Curve
from workbench.screens.panes.files import FilesPane
from workbench.screens.panes.inputs import InputsPane
from workbench.screens.panes.log import LogPane
from workbench.screens.panes.metrics import MetricsPane
from workbench.screens.panes.overview import OverviewPane
from workbench.screens.panes.pane import Pane
from workbench.screens.panes.usage import UsagePane
from workbench.widgets.line import OneLine
from workbench.widgets.tab_bar import TabBar

PANES: tuple[type[Pane], ...] = (OverviewPane, LogPane, MetricsPane, UsagePane, FilesPane, InputsPane)
FIRST = LogPane


class RunScreen(ActingPanel):
    SCOPE = "run"
    CSS_PATH = "run.tcss"
    BINDINGS = commands.bindings("run")
    AUTO_FOCUS = None

    def __init__(self, run: str) -> None:
        """run: its id."""
        super().__init__()
        self.run_id = run
        self._shown: Mapping[str, Any] = {}
        self._panes = [kind() for kind in PANES]
        self._beside = OverviewPane()
        self._front: Pane = next(pane for pane in self._panes if isinstance(pane, FIRST))

    def body(self) -> ComposeResult:
        for pane in self._panes:
            pane.id = pane.TITLE
        yield OneLine(id="headline")
        with Horizontal():
            with Vertical(id="aside"):
                yield self._beside
                yield Curve(id="glance")
            with Vertical(id="main"):
                yield TabBar()
                with ContentSwitcher(initial=self._front.id):
                    yield from self._panes

    @property
    def title_text(self) -> str:
        row = self._row
        return f"run  {clean(row.run.project)}" if row else "run"

    @property
    def _row(self) -> Row | None:
        return self.desk.snapshot.rows.get(self.run_id)

    @property
    def run(self) -> Run | None:
        return self._row.run if self._row else None

    @property
    def run_here(self) -> str:
        return self.run_id

    @property
    def scopes(self) -> tuple[str, ...]:
        return *self._front.scopes, self.SCOPE

    @property
    def idle(self) -> Collection[str]:
        row = self._row
        if row is None:
            return ()
        return [*(["run.metric"] if not row.metrics else []), *([] if row.run.live else ["run.cancel"])]

    def looked_at(self) -> Iterable[str]:
        return (self.run_id,)

    # What is shown.

    def redraw(self) -> None:
        row = self._row
        if row is None:
            return
        name = Cell(f" {clean(row.run.name)}  ", "title")
        notify = Cell("   you will be told", "accent") if row.notify else Cell("")
        self.query_one("#headline", OneLine).show((name, *headline(row.run, self.desk.now(), row.progress), notify))
        self._draw_tabs()
        self.draw_keys()
        self._front.draw(row, self._shown)
        self._beside.draw(row, self._shown)
        self.query_one("#glance", Curve).draw(row, self._metrics.first(row, self._shown))

    def _tabs(self) -> Sequence[Pane]:
        """From 120 columns the overview stands beside the others."""
        return [pane for pane in self._panes if self.size.width < WIDE or not isinstance(pane, OverviewPane)]

    def _draw_tabs(self) -> None:
        tabs = self._tabs()
        if self._front not in tabs:
            self._show_tab(tabs[0])
        self.query_one(TabBar).show([pane.TITLE for pane in tabs], self._front.TITLE)

    def _show_tab(self, pane: Pane) -> None:
        self._front = pane
        self.query_one(ContentSwitcher).current = pane.id
        self.set_focus(pane.keyed)
        self.draw_keys()

    @property
    def _metrics(self) -> MetricsPane:
        return next(pane for pane in self._panes if isinstance(pane, MetricsPane))

    # What is fetched.

    def refetch(self) -> None:
        errand(self, self._fetch, "show")

    async def _fetch(self) -> None:
        if shown := await self.fetch("show", run=self.run_id):
            self._learn(shown)
            self.redraw()

    def _learn(self, shown: Mapping[str, Any]) -> None:
        self._shown, desk = shown, self.desk
        last = {key: value["last"] for key, value in shown["metrics"].items()}
        said = {it: shown[it] for it in ("notify", "progress", "after") if it in shown}
        desk.learn({"rows": [{"run": shown["run"], "metrics": last, **said}]})
        if waiting := shown.get("waiting"):
            desk.learn_reasons({self.run_id: waiting["text"] if isinstance(waiting, Mapping) else str(waiting)})

    # Keys.

    def on_mount(self) -> None:  # Textual calls that of Panel as well
        self._show_tab(self._front)

    def close_prompt(self) -> None:
        super().close_prompt()
        self.set_focus(self._front.keyed)

    def prompted(self, kind: str, text: str) -> None:
        self.close_prompt()
        self._front.prompted(kind, text)

    async def action_back(self) -> None:
        """Out of what is open in a tab first, then back."""
        if not self._front.step_back():
            await super().action_back()

    def action_tab(self, by: int) -> None:
        tabs = self._tabs()
        self._turn_to_tab(tabs[(tabs.index(self._front) + by) % len(tabs)])

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        self._turn_to_tab(next(pane for pane in self._panes if message.title == pane.TITLE))

    def _turn_to_tab(self, pane: Pane) -> None:
        self._show_tab(pane)
        self._draw_tabs()
        self.call_after_refresh(self.redraw)

    def action_turn(self, lines: int) -> None:
        self._front.turning.turn(lines)

    def action_turn_page(self, direction: int) -> None:
        self._front.turning.turn_page(direction)

    def action_turn_to(self, end: int) -> None:
        self._front.turning.turn_to(end)

    def action_metric(self) -> None:
        if (row := self._row) and row.metrics:
            self._metrics.turn_metric(row)
            self._show_tab(self._metrics)
            self.desk.note_command(f"plot {clean(row.run.name)} {clean(self._metrics.metric)}")
            self.call_after_refresh(self.redraw)

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)
