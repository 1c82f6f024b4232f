"""Runs side by side, a tab each for what differs, groups over seeds, curves, config, code and environments."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from textual.app import ComposeResult
from textual.widgets import ContentSwitcher

from workbench import commands
from workbench.domain.comparison import Comparison
from workbench.errors import WorkbenchError
from workbench.present.cells import Cell
from workbench.present.compare import View, headline
from workbench.present.facts import heading
from workbench.present.groups import worth
from workbench.present.sanitise import clean
from workbench.protocol.comparison import comparison_in
from workbench.screens.base import Panel
from workbench.screens.comparing.curves import CurvesSide
from workbench.screens.comparing.groups import GroupsSide
from workbench.screens.comparing.pairs import CodeSide, EnvironmentSide
from workbench.screens.comparing.sheets import ConfigSide, TableSide
from workbench.screens.comparing.side import OF_METRICS, Side
from workbench.screens.errand import errand
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.tab_bar import TabBar
from workbench.widgets.table import Table

FRESH_SECONDS = 2.0
"""While one of them runs, its metrics change: asked again so often at most."""
LEAST = 2
SIDES: tuple[type[Side], ...] = (TableSide, GroupsSide, CurvesSide, ConfigSide, CodeSide, EnvironmentSide)


class CompareScreen(Panel):
    SCOPE = "compare"
    CSS_PATH = "compare.tcss"
    BINDINGS = commands.bindings("compare")
    AUTO_FOCUS = None

    def __init__(self, wanted: Sequence[str]) -> None:
        """wanted: the runs, by id or as somebody typed them."""
        super().__init__()
        self._wanted = list(wanted)
        self._comparison = Comparison()
        self._view = View()
        self._sides = [kind() for kind in SIDES]
        self._front = self._sides[0]
        self._painted: Side | None = None
        """Whose cursor tells which run is looked at."""

    def body(self) -> ComposeResult:
        for side in self._sides:
            side.id = side.TITLE
        yield OneLine(id="headline")
        yield TabBar()
        with ContentSwitcher(initial=self._front.id):
            yield from self._sides
        yield Lines(id="empty")

    @property
    def title_text(self) -> str:
        runs = self._comparison.runs
        projects = {run.project for run in runs}
        where = f" of {len(projects)} projects" if len(projects) > 1 else ""
        return f"compare {len(runs)} runs{where}" if runs else "compare"

    @property
    def scopes(self) -> tuple[str, ...]:
        return (*self._front.scopes, self.SCOPE, "list")

    @property
    def idle(self) -> Collection[str]:
        return self._front.idle if self._comparison.metrics else OF_METRICS

    @property
    def run_here(self) -> str:
        return self._comparison.runs[self._at].id if self._comparison.runs else ""

    @property
    def _at(self) -> int:
        return self._front.at(self._view)

    # What is shown.

    def redraw(self) -> None:
        if self._painted is self._front and self._comparison.runs:
            # Word of the cursor's last move may still be on its way: nothing pulls it back.
            self._view = replace(self._view, at=min(self._at, len(self._comparison.runs) - 1))
        self._paint()

    def _paint(self) -> None:
        if not self._comparison.runs:
            return
        if any(run.live for run in self._comparison.runs):
            self.soon("fetch", self._keep_up, FRESH_SECONDS)
        self.query_one("#headline", OneLine).show(headline(self._comparison, self._view, measured=self._front.METRICS))
        self._front.draw(self._comparison, self._view)
        self._painted = self._front if self._front.size.width else None
        self._draw_tabs()

    def _draw_tabs(self) -> None:
        titles = [side.TITLE for side in self._sides]
        self.query_one(TabBar).show(titles, self._front.TITLE, self._front.note)

    def _show(self, side: Side) -> None:
        self._front = side
        self.query_one(ContentSwitcher).current = side.id
        self.set_focus(side.keyed)
        self.draw_keys()
        self._paint()

    def _look(self, view: View) -> None:
        """At the same runs in another way."""
        self._view = view
        self._paint()

    # What is fetched.

    def refetch(self) -> None:
        errand(self, self._fetch, "page")

    def _keep_up(self) -> None:
        """Under another screen there is nothing to keep up: coming back fetches."""
        if self.app.screen is self:
            self.refetch()

    async def _fetch(self) -> None:
        reply = await self.fetch("compare", runs=self._wanted)
        if reply is None:
            return
        self._comparison = comparison_in(reply)
        self._wanted = [run.id for run in self._comparison.runs]
        if self._view.metric not in self._comparison.metrics:
            self._view = replace(self._view, metric=self._comparison.favourite())
        self.query_one("#empty", Lines).display = False
        self.redraw()
        self.draw_status()
        self.draw_keys()

    def refused(self, problem: WorkbenchError) -> None:
        super().refused(problem)
        if not self._comparison.runs:
            empty = self.query_one("#empty", Lines)
            empty.display = True
            empty.show(
                [
                    heading("There is nothing to compare here."),
                    (Cell(clean(problem.message), "warn"),),
                    (),
                    (Cell("Mark runs in the queue with  space  and press  =", "dim"),),
                    (Cell("or type  :compare NAME NAME", "dim"),),
                ]
            )

    # What happens.

    def on_side_run_chosen(self, message: Side.RunChosen) -> None:
        at = self._front.at(replace(self._view, at=message.index))  # the cursor may have gone on since
        if at != self._view.at:
            self._look(replace(self._view, at=at))

    def on_table_row_opened(self, message: Table.RowOpened) -> None:
        self.action_open()

    def on_tab_bar_clicked(self, message: TabBar.Clicked) -> None:
        self._turn_to(next(side for side in self._sides if message.title == side.TITLE))

    def on_mount(self) -> None:
        self.query_one("#empty", Lines).display = False
        self._show(self._front)

    def close_prompt(self) -> None:
        super().close_prompt()
        self.set_focus(self._front.keyed)

    # Keys.

    def action_tab(self, by: int) -> None:
        self._turn_to(self._sides[(self._sides.index(self._front) + by) % len(self._sides)])

    def _turn_to(self, side: Side) -> None:
        self._show(side)
        self._note()

    def _note(self) -> None:
        if self._comparison.runs:
            self.desk.note_command(self._front.command(self._comparison, self._view))

    def action_sideways(self, by: int) -> None:
        if self._comparison.runs:
            self._front.sideways(by, self._comparison, self._view)
            self._draw_tabs()

    def action_open(self) -> None:
        if run := self.run_here:
            self.desk.show_run(run)

    def action_base(self) -> None:
        """The run under the cursor is what the others are measured by."""
        if self._comparison.runs:
            self._look(replace(self._view, at=self._at, base=self._at))

    def action_best(self) -> None:
        self._look(replace(self._view, best=not self._view.best))
        self._note()

    def action_delta(self) -> None:
        self._look(replace(self._view, deltas=not self._view.deltas))

    def action_fold(self) -> None:
        self._look(replace(self._view, unfolded=not self._view.unfolded))

    def action_metric(self) -> None:
        if keys := list(self._comparison.metrics):
            metric = keys[(keys.index(self._view.metric) + 1) % len(keys)]
            self._look(replace(self._view, metric=metric))
            self._note()

    def action_over(self) -> None:
        """Average over the next param that differs; after the last one over seeds again."""
        params = list(_differing(self._comparison))
        choices: list[tuple[str, ...]] = [(), *((key,) for key in params)]
        index = choices.index(self._view.over) if self._view.over in choices else 0
        self._look(replace(self._view, over=choices[(index + 1) % len(choices)]))

    def action_order(self) -> None:
        """Best first, by the metric that is looked at."""
        if self._view.metric not in self._comparison.metrics:
            return
        values = self._comparison.values(self._view.metric, self._view.best)
        aim = self._comparison.metrics[self._view.metric].aim
        self._keep(sorted(range(len(values)), key=lambda index: worth(values[index], aim)))

    def action_remove(self) -> None:
        runs = self._comparison.runs
        if len(runs) <= LEAST:
            self.desk.say("two runs are the least that can be compared")
            return
        self._keep([index for index in range(len(runs)) if index != self._at])
        self.draw_status()

    def _keep(self, order: Sequence[int]) -> None:
        """These of the runs, in this order; base and cursor stay on their runs, or where they were."""
        place = {index: number for number, index in enumerate(order)}
        at = place.get(self._at, min(self._at, len(order) - 1))
        self._comparison = self._comparison.of(order)
        self._wanted = [run.id for run in self._comparison.runs]
        self._look(replace(self._view, at=at, base=place.get(self._view.base, 0)))

    async def action_copy(self) -> None:
        text = self._front.markdown(self._comparison, self._view) if self._comparison.runs else ""
        if text:
            await self.desk.copy(text, f"the {self._front.TITLE} as Markdown")
        else:
            self.desk.say("there is nothing to copy here")


def _differing(comparison: Comparison) -> Iterable[str]:
    runs = comparison.runs
    keys = dict.fromkeys(key for run in runs for key in run.ask.params)
    return (key for key in keys if len({repr(run.ask.params.get(key)) for run in runs}) > 1)
