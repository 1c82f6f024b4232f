"""Files: what the run left. A list of them, the inside of one, and the way to have them here."""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from textual.app import ComposeResult
from textual.widget import Widget

from workbench import commands
from workbench.client.content import Content
from workbench.client.mirror import Row
from workbench.domain.resources import format_size
from workbench.present import files
from workbench.present.cells import Cell, Line
from workbench.present.facts import heading
from workbench.present.sanitise import clean, clean_lines
from workbench.present.sheet import ROWS, parse_sheet
from workbench.screens import pulling
from workbench.screens.errand import errand
from workbench.screens.panes.pane import Pane
from workbench.widgets.file_view import FileView
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.picture import Unreadable, decode
from workbench.widgets.prompt import Prompt
from workbench.widgets.table import Table

LOOKED_AT = 1 << 20
"""Bytes of a text or table that are fetched."""
LONGEST = 20_000
"""Lines of a text that are shown."""
IMAGE = 32 << 20
"""Bytes that an image may have to be fetched."""
SECONDS = 2.0
"""Between two looks at what is still on its way."""

Artifact = Mapping[str, Any]


class FilesPane(Pane):
    TITLE = "files"
    SCOPE = "files"
    BINDINGS = commands.bindings("files")

    def __init__(self) -> None:
        super().__init__()
        self._row: Row | None = None
        self._shown: Mapping[str, Any] = {}
        self._files: Sequence[Artifact] = ()
        self._state: tuple[str, ...] = ()
        self._inside = False
        self._wanted: Artifact = {}
        self._telling = ""

    def compose(self) -> ComposeResult:
        yield Table(self._cells, files.COLUMNS, id="list")
        yield Lines(id="empty")
        yield FileView()
        yield OneLine(id="said")

    @property
    def scrolled(self) -> Lines:
        return self.query_one(FileView).content

    @property
    def table(self) -> Table:
        return self.query_one("#list", Table)

    @property
    def _run(self) -> Any:
        assert self._row is not None
        return self._row.run

    # What is shown.

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        self._row, self._shown = row, shown
        if not shown:
            return
        self._files = sorted(shown.get("artifacts") or (), key=lambda artifact: str(artifact["name"]))
        collecting = shown.get("collecting")
        state = (row.run.id, row.run.status.name)
        if self._state and state != self._state:
            self.panel.soon("files", self.panel.refetch)
        elif row.run.live or (collecting and collecting["moving"]):
            self.panel.soon("files", self.panel.refetch, SECONDS)
        self._state = state
        self.table.set_count(len(self._files))
        self._arrange()
        if self.has_focus and not self._inside:
            self.screen.set_focus(self.keyed)
        self._say_how_it_is(collecting)

    def _arrange(self) -> None:
        """At once, not by a style: what is to get the focus next must be there."""
        self.table.display = not self._inside and bool(self._files)
        self.query_one("#empty").display = not self._inside and not self._files
        self.query_one(FileView).display = self._inside

    def _say_how_it_is(self, collecting: Mapping[str, Any] | None) -> None:
        why = clean(collecting["text"]) if collecting else ""
        if self._telling:
            self.query_one("#said", OneLine).show((Cell(self._telling, "accent"),))
        elif self._files:
            said = "   ".join(filter(None, (files.summary(self._files), why)))
            self.query_one("#said", OneLine).show((Cell(said, "dim"),))
        elif self._row is None:
            return
        elif why or self._row.run.live:
            self.query_one("#empty", Lines).show([(Cell(why or "nothing yet"),), *_taught()])
        else:
            self.query_one("#empty", Lines).show([heading(files.NO_FILES[0]), *_taught()])

    def _cells(self, index: int) -> tuple[Cell, ...] | None:
        if index >= len(self._files):
            return None
        artifact, live = self._files[index], self._run.live
        return files.file_row(artifact, files.whereabouts(artifact, self._shown.get("collecting"), live))

    @property
    def keyed(self) -> Widget:
        """The list takes the keys of lists, the inside of a file those that scroll."""
        return self.table if self.table.display else self

    def on_focus(self) -> None:
        self._told("")  # nothing is asked any more

    def on_descendant_focus(self) -> None:
        self._told("")

    # Keys.

    def _here(self) -> Artifact | None:
        index = self.table.cursor
        return self._files[index] if index < len(self._files) else None

    def on_table_row_opened(self, message: Table.RowOpened) -> None:
        message.stop()
        self.action_look()

    def action_look(self) -> None:
        artifact = self._here()
        if artifact is None or self._inside:
            return
        if not artifact["stored"]:
            collecting = self._shown.get("collecting")
            lost = "the run told of it, and it was not there when the run was over"
            self.desk.say(collecting["text"] if collecting else lost)
            return
        self._inside = True
        self._arrange()
        self.screen.set_focus(self)
        self.query_one(FileView).say(_facts(artifact), [(Cell("fetching it…", "dim"),)])
        errand(self, partial(self._look, artifact), "file")

    def step_back(self) -> bool:
        if not self._inside:
            return False
        self._inside = False
        self.query_one(FileView).say(())
        self._arrange()
        self.screen.set_focus(self.keyed)
        return True

    def action_aside(self, by: int) -> None:
        if self._inside:
            self.query_one(FileView).turn_aside(by)

    async def action_open(self) -> None:
        if artifact := self._here():
            await self.desk.open_file(self._run, str(artifact["name"]), text=_is_text(artifact))

    def action_pull(self) -> None:
        if artifact := self._here():
            directory = pulling.default_directory(self._run)
            self._wanted = artifact
            self._told(f"copy {clean(str(artifact['name']))} to which directory?")
            self.panel.query_one(Prompt).open("pull", "→", directory)

    def prompted(self, kind: str, text: str) -> None:
        """Where `p` shall put the file."""
        if text:
            name = str(self._wanted["name"])
            self.desk.note_command(shlex.join(["pull", clean(self._run.name), name, "--to", text]))
            errand(self, partial(pulling.pull, self.desk, self._run, [self._wanted], text, self._told), "pull")

    def _told(self, text: str) -> None:
        self._telling = text
        self._say_how_it_is(self._shown.get("collecting"))

    # The inside of one.

    async def _look(self, artifact: Artifact) -> None:
        view, kind = self.query_one(FileView), files.kind_of(str(artifact["name"]))
        most = IMAGE if kind == files.IMAGE else LOOKED_AT
        if kind == files.IMAGE and artifact["size"] > most:
            view.say(_facts(artifact), _not_drawn(f"an image of {format_size(artifact['size'])} is too large for here"))
            return
        data = await self._beginning(artifact, most)
        if data is None:
            return
        if kind == files.IMAGE:
            await self._show_image(artifact, data)
            return
        whole = len(data) >= artifact["size"]
        text = files.text_in(data, whole)
        if text is None:
            view.say(_facts(artifact), _not_drawn("it is no text, no table and no image"))
            return
        delimiter = "\t" if str(artifact["name"]).lower().endswith(".tsv") else ""
        sheet = parse_sheet(text, delimiter, whole) if kind == files.TABLE else None
        if sheet:
            rows = f"the first {ROWS:,} rows" if sheet.more else f"{len(sheet.rows):,} rows"
            view.show_sheet(_facts(artifact, f"{rows}, {len(sheet.header)} columns"), sheet)
            return
        lines = clean_lines(text)
        part = "" if whole and len(lines) <= LONGEST else "its beginning; o shows all of it"
        view.show_text(_facts(artifact, part or f"{len(lines):,} lines"), lines[:LONGEST])

    async def _show_image(self, artifact: Artifact, data: bytes) -> None:
        view = self.query_one(FileView)
        try:
            image = await asyncio.to_thread(decode, data)
        except Unreadable as problem:
            view.say(_facts(artifact), _not_drawn(clean(str(problem))))
            return
        view.show_image(_facts(artifact), image)

    async def _beginning(self, artifact: Artifact, most: int) -> bytes | None:
        """At most so many bytes of it; None where the engine did not give them."""
        content, data = Content(self._run.id, artifact, min(most, LOOKED_AT)), b""
        while len(data) < most and (asked := content.wanted):
            reply = await self.fetch("pull", **asked)
            if reply is None:
                self.step_back()
                return None
            data += content.take(reply)
        return data


def _is_text(artifact: Artifact) -> bool:
    return files.kind_of(str(artifact["name"])) in (files.TEXT, files.TABLE)


def _facts(artifact: Artifact, more: str = "") -> Line:
    said = f"  {format_size(artifact['size'])}" + (f"  {more}" if more else "")
    return Cell(clean(str(artifact["name"])), "title"), Cell(said, "dim")


def _not_drawn(why: str) -> list[Line]:
    return [(), (Cell(why),), (Cell("o opens it with what is here for it, p copies it to a directory", "dim"),)]


def _taught() -> list[Line]:
    return [(Cell(line, "dim"),) for line in files.NO_FILES[1:]]
