"""The projects: what each is for, what it does just now, its best result so far, and its latest runs."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from workbench import commands
from workbench.domain.filters import quoted
from workbench.present.canvas import Series
from workbench.present.cells import Cell, Line, plain, width
from workbench.present.facts import LABEL, fact_lines, heading
from workbench.present.projects import COLUMNS, Project, best, facts, recent, row
from workbench.present.sanitise import clean
from workbench.present.sparkline import sparkline, thin
from workbench.present.status import counts
from workbench.protocol.messages import number_in
from workbench.screens.base import SOON, WIDE, Panel
from workbench.screens.errand import errand
from workbench.widgets.chart import Chart
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.table import Table

LISTED = 10
"""Projects on screen before the list scrolls."""
RECENT = 30
"""Runs of a project that are listed, the newest first."""
POINTS = 400
SPARK = 40
_EMPTY = (
    "No projects yet.",
    "",
    "A project is a directory with a workbench.toml,",
    "or wherever you type  workbench run -- python train.py",
)


class ProjectsScreen(Panel):
    SCOPE = "projects"
    CSS_PATH = "projects.tcss"
    BINDINGS = commands.bindings("projects")

    def __init__(self) -> None:
        super().__init__()
        self._projects: list[Project] = []
        self._fetched_order = -1
        self._about = ""
        self._recent: list[str] = []
        self._values: Series | None = None

    def body(self) -> ComposeResult:
        table = Table(self._cells, COLUMNS, id="projects")
        table.add_class("main")
        yield table
        yield Lines(id="empty")
        with Vertical(id="detail"):
            yield OneLine(id="name")
            with Horizontal(id="about"):
                yield Lines(id="facts")
                yield Chart(empty="no result yet", id="curve")
            yield Lines(id="recent")

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    @property
    def _project(self) -> Project | None:
        return self._projects[self.table.cursor] if self.table.cursor < len(self._projects) else None

    def looked_at(self) -> Iterable[str]:
        return self._recent

    def _cells(self, index: int) -> tuple[Cell, ...] | None:
        return row(self._projects[index], self.desk.now()) if index < len(self._projects) else None

    def redraw(self) -> None:
        if self.desk.snapshot.order != self._fetched_order:
            self.soon("fetch", self.refetch)
        self.table.patch()
        self._draw_detail()

    # What is fetched.

    def refetch(self) -> None:
        errand(self, self._fetch, "page")

    async def _fetch(self) -> None:
        order = self.desk.snapshot.order
        reply = await self.fetch("projects")
        if reply is None:
            return
        self._projects, self._fetched_order = reply["projects"], order
        empty = self.query_one("#empty", Lines)
        empty.display = not self._projects
        self.table.display = self.query_one("#detail").display = bool(self._projects)
        empty.show([heading(_EMPTY[0]), *((Cell(line),) for line in _EMPTY[1:])])
        self.table.styles.height = min(LISTED, max(1, len(self._projects))) + 1
        self.table.set_count(len(self._projects))
        self._draw_detail()
        await self._fetch_about()

    async def _fetch_about(self) -> None:
        """The latest runs of the project under the cursor, and the curve of its best."""
        project = self._project
        if project is None:
            return
        within = f"project={quoted(project['name'])}"
        reply = await self.fetch("runs", filter=within, order="newest", limit=RECENT)
        if reply is None:
            return
        self.desk.learn(reply)
        values, found = None, project["best"]
        if found:
            curves = await self.fetch("series", runs=[found["run"]], keys=[project["metric"]], points=POINTS)
            for one in curves["series"] if curves else ():
                ys = [number_in(value) for value in one["values"]]
                values = Series(clean(one["key"]), one["steps"], ys)
        self._about, self._values = project["name"], values
        self._recent = [one["run"]["id"] for one in reply["rows"]]
        self._draw_detail()

    # What is shown.

    def _draw_detail(self) -> None:
        project = self._project
        if project is None:
            return
        known = self._about == project["name"]
        values = self._values if known else None
        self.query_one("#name", OneLine).show(self._headline(project))
        pane, narrow = self.query_one("#facts", Lines), self.size.width < WIDE
        lines = fact_lines(facts(project, self.desk.now()), (pane.size.width or self.size.width) - 2)
        if values and narrow:
            lines.append((Cell(" " * LABEL), Cell(sparkline(thin(values.ys, SPARK), SPARK), "series1")))
        self.query_one("#detail").set_class(not project["best"], "-plain")
        pane.styles.height = len(lines) if narrow else None
        pane.show(lines)
        name = clean(project["best"]["name"]) if project["best"] else ""
        title = (Cell(f" {best(project)}", "title"), Cell(f"  {name}", "dim"))
        self.query_one("#curve", Chart).show(title if values else (), [values] if values else [])
        rows = [row for id in self._recent if (row := self.desk.snapshot.rows.get(id))] if known else []
        metric, now = project["metric"], self.desk.now()
        latest = [recent(row.run, row.metrics.get(metric), now, self.size.width - 3) for row in rows]
        self.query_one("#recent", Lines).show([heading("latest runs"), *latest] if latest else [])

    def _headline(self, project: Project) -> Line:
        name = Cell(clean(project["name"]), "title")
        for full in (True, False):
            line = (name, *counts(project["counts"], full=full))
            if width(plain(line)) <= self.size.width - 2:
                break
        return line

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        self._draw_detail()
        self.soon("about", lambda: errand(self, self._fetch_about, "about"), SOON)

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    async def on_table_row_opened(self, message: Table.RowOpened) -> None:
        await self.action_open()

    async def action_open(self) -> None:
        if project := self._project:
            await self.desk.show_runs(project=project["name"])

    async def action_copy(self) -> None:
        if project := self._project:
            await self.desk.copy(clean(project["name"]))
