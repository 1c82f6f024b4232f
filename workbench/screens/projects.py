"""The projects: what each is for, what it does just now, and its best result so far."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Container, Vertical

from workbench import commands
from workbench.present.cells import Cell
from workbench.present.facts import fact_lines, heading
from workbench.present.projects import COLUMNS, Project, facts, row
from workbench.present.sanitise import clean
from workbench.present.status import counts
from workbench.screens.base import Panel
from workbench.screens.errand import errand
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.table import Table

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

    def body(self) -> ComposeResult:
        with Container(id="body"):
            table = Table(self._cells, COLUMNS, id="projects")
            table.add_class("main")
            yield table
            yield Lines(id="empty")
            with Vertical(id="detail"):
                yield OneLine(id="name")
                yield OneLine(id="counts")
                yield Lines(id="facts")

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    def _cells(self, index: int) -> tuple[Cell, ...] | None:
        return row(self._projects[index], self.desk.now()) if index < len(self._projects) else None

    def redraw(self) -> None:
        if self.desk.snapshot.order != self._fetched_order:
            self.soon("fetch", self.refetch)
        self.table.patch()
        self._draw_detail()

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
        self.table.set_count(len(self._projects))
        self._draw_detail()

    def _draw_detail(self) -> None:
        if not self._projects:
            return
        project = self._projects[self.table.cursor]
        self.query_one("#name", OneLine).show((Cell(clean(project["name"]), "title"),))
        self.query_one("#counts", OneLine).show(counts(project["counts"])[1:])
        pane = self.query_one("#facts", Lines)
        pane.show(fact_lines(facts(project, self.desk.now()), pane.size.width - 2))

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        self._draw_detail()

    async def on_table_row_opened(self, message: Table.RowOpened) -> None:
        await self.action_open()

    async def action_open(self) -> None:
        if self._projects:
            await self.desk.show_runs(project=self._projects[self.table.cursor]["name"])
