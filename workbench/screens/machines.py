"""The machines: whose their GPUs are, how full they were over a while that one chooses, and who has processes there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial

from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical

from workbench import commands
from workbench.client.mirror import use_now
from workbench.domain.load import MACHINE, UNIT, Load, loads, taken
from workbench.domain.time import SECOND, Micros
from workbench.present.axis import Unit
from workbench.present.canvas import Bounds
from workbench.present.cells import Cell, Line
from workbench.present.devices import Machine
from workbench.present.loads import LIVE, SPANS, curves, heading, load_in, parts
from workbench.present.machines import ROOMY, columns_of, device_line, held_line, legend, row
from workbench.present.processes import COLUMNS as PROCESS_COLUMNS
from workbench.present.processes import Entry, entries
from workbench.present.sanitise import clean
from workbench.present.status import MACHINE_GLYPHS
from workbench.present.view import View
from workbench.screens.actions import about
from workbench.screens.base import HUGE, Panel
from workbench.screens.dialog import Confirm
from workbench.screens.errand import errand
from workbench.widgets.chart import GAP, Chart
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.table import Cells, Table

LISTED = (4, 10)
"""Machines on screen, at least and at most, before the list scrolls."""
HOLDERS = 500
POINTS = 240
CHART = 5
"""Rows of a chart at least: below that it says nothing."""
PERCENT = Bounds(bottom=0, top=100)
NO_SAMPLES = "no samples"
FRESH = 10 * SECOND
"""What was fetched is old after so long, or after one of its buckets."""
_NAMES = tuple(SPANS)
_AROUND = 5
"""Rows of the screen that are neither list, devices nor charts."""


class MachinesScreen(Panel):
    SCOPE = "machines"
    CSS_PATH = "machines.tcss"
    BINDINGS = commands.bindings("machines")

    def __init__(self) -> None:
        super().__init__()
        self._span = LIVE
        self._told: tuple[str, str] = ("", "")
        """Machine and span of what was fetched."""
        self._told_at: Micros = 0
        self._every: Micros = UNIT
        self._loads: Mapping[str, Load] = {}
        self._live: tuple[object, Mapping[str, Load]] = (None, {})
        """What was made of the samples in the snapshot, and of which."""
        self._entries: list[Entry] = []

    def body(self) -> ComposeResult:
        with Container(id="body"):
            with Vertical(id="list"):
                table = Table(self._cells, (), id="machines")
                table.add_class("main")
                yield table
                yield OneLine(id="legend")
                yield OneLine(id="there")
                yield Table(self._process, PROCESS_COLUMNS, id="processes")
            with Vertical(id="detail"):
                yield OneLine(id="name")
                yield Lines(id="devices")
                yield OneLine(id="spans")
                with Horizontal(id="charts"):
                    with Container(id="own"):
                        yield Chart(bounds=PERCENT, id="cpu")
                        yield Chart(bounds=PERCENT, id="memory")
                    with Container(id="cards"):
                        yield Chart(bounds=PERCENT, id="gpu")
                        yield Chart(bounds=PERCENT, id="gpu-memory")

    def refetch(self) -> None:
        errand(self, self._fetch_holders, "page")
        self._told = ("", "")

    async def _fetch_holders(self) -> None:
        """The runs that are there: marks and processes show their names."""
        if reply := await self.fetch("runs", filter="is:active", limit=HOLDERS):
            self.desk.learn(reply)
            self.redraw()

    def looked_at(self) -> Iterable[str]:
        return (id for machine in self.desk.snapshot.machines for id in machine["running"])

    @property
    def table(self) -> Table:
        return self.query_one("#machines", Table)

    def point(self, machine: str) -> None:
        """Put the cursor on it."""
        names = [one["name"] for one in self.desk.snapshot.machines]
        if machine in names:
            self.redraw()
            self.table.move_to(names.index(machine))

    @property
    def processes(self) -> Table:
        return self.query_one("#processes", Table)

    @property
    def _on_processes(self) -> bool:
        return self.focused is self.processes  # has_focus is told of it later, the next key may come sooner

    @property
    def run_here(self) -> str:
        entry = self._entry if self._on_processes else None
        return entry.run if entry else ""

    @property
    def _machine(self) -> Machine | None:
        machines = self.desk.snapshot.machines
        return machines[self.table.cursor] if self.table.cursor < len(machines) else None

    @property
    def _entry(self) -> Entry | None:
        return self._entries[self.processes.cursor] if self.processes.cursor < len(self._entries) else None

    def _cells(self, index: int) -> Cells | None:
        machines = self.desk.snapshot.machines
        return row(machines[index], self._roomy) if index < len(machines) else None

    def _process(self, index: int) -> Cells | None:
        return self._entries[index].cells if index < len(self._entries) else None

    @property
    def _roomy(self) -> bool:
        return self.table.size.width >= ROOMY

    # What is shown.

    def redraw(self) -> None:
        machines = self.desk.snapshot.machines
        machine = self._machine
        self._lay_out(machine)
        self.table.set_columns(columns_of(machines, self._roomy))
        self.table.set_count(len(machines))
        self.query_one("#legend", OneLine).show(legend(machines, self.table.size.width))
        if machine is None:
            return
        self.query_one("#name", OneLine).show(self._headline(machine))
        if self._shows_processes:
            self._draw_processes(machine)
        if self._shows_charts:
            self._draw_loads(machine)

    @property
    def _shows_processes(self) -> bool:
        return self._on_processes or self.size.width >= HUGE

    @property
    def _shows_charts(self) -> bool:
        return not self._on_processes or self.size.width >= HUGE

    def _lay_out(self, machine: Machine | None) -> None:
        """Lists take what they need, charts what is left; where that is too little they are left out."""
        beside = self.size.width >= HUGE
        devices = len(machine["devices"]) if machine else 0
        lines = len(self._about(machine)) if machine else 0
        height = self.size.height
        most = height // 2 if beside else max(LISTED[0], min(LISTED[1], height - _AROUND - CHART - 2 - min(8, lines)))
        listed = min(most, max(1, len(self.desk.snapshot.machines)))
        self.table.styles.height = listed + 1
        room = height - 5 if beside else height - _AROUND - listed - 2
        shown = min(lines, max(1, room - CHART if room > 2 * CHART else room))
        pane = self.query_one("#devices", Lines)
        pane.display = bool(lines)
        pane.styles.height = shown
        room -= shown
        self.query_one("#charts").display = room >= CHART
        low = room < 2 * CHART + 2
        own, cards = self.query_one("#own"), self.query_one("#cards")
        cards.display = bool(devices)
        own.set_class(not devices, "beside")
        self.query_one("#memory").display = not (low and devices)
        self.query_one("#gpu-memory").display = not low
        self.set_class(self._on_processes, "-processes")

    def _headline(self, machine: Machine) -> Line:
        host, status = clean(machine["hostname"]), machine["status"]
        cells = [
            Cell(" " + clean(machine["name"]), "title"),
            Cell(f"  {host}" if host and host != machine["name"] else "", "dim"),
            Cell(f"  {MACHINE_GLYPHS.get(status, '?')} {clean(status)}  ", status),
        ]
        return (*cells, *held_line(machine))

    def _about(self, machine: Machine) -> list[Line]:
        """A line a device, then what is wrong."""
        found = self._parts(machine)
        lines: list[Line] = []
        for device in machine["devices"]:
            holder = machine["devices_held"].get(device["uuid"], "")
            known = self.desk.snapshot.rows.get(holder)
            text = f"{known.run.name} ({known.run.user})" if known else holder
            line = device_line(machine, device, text, self._detail_columns, found.get(device["uuid"]))
            lines.append((Cell(" "), *line))
        lines += [(Cell(f" ! {clean(warning)}", "warn"),) for warning in machine["warnings"]]
        if machine["reason"]:
            lines.append((Cell(" " + clean(machine["reason"]), machine["status"]),))
        return lines

    @property
    def _detail_columns(self) -> int:
        return self.query_one("#detail").size.width or self.size.width

    def _draw_processes(self, machine: Machine) -> None:
        rows, ids = self.desk.snapshot.rows, machine["running"]
        runs = {id: rows[id].run for id in ids if id in rows}
        uses = {id: use for id, run in runs.items() if (use := use_now(self.desk.snapshot, run))}
        self._entries = entries(machine, runs, uses)
        empty = "" if self._entries else "  nothing runs there, and nobody is on its GPUs"
        title = Cell(f" runs and processes on {clean(machine['name'])}", "title")
        self.query_one("#there", OneLine).show((title, Cell(empty, "dim")))
        self.processes.set_count(len(self._entries))

    def _draw_loads(self, machine: Machine) -> None:
        self.query_one("#devices", Lines).show(self._about(machine))
        self.query_one("#spans", OneLine).show(self._spans_line())
        live, now = self._span == LIVE, self.desk.now()
        every = UNIT if live else self._every
        until = -(-now // UNIT) * UNIT if live else self._told_at or now
        found = self._parts(machine)
        current = taken(machine["sample"]) if machine["sample"] else {}
        view = View(window=(-float(SPANS[self._span]), 0.0))
        for part in parts(machine)[:2]:
            load, (use, memory) = found.get(part.id, Load()), current.get(part.id, (None, None))
            of_use, of_memory = ("#cpu", "#memory") if part.id == MACHINE else ("#gpu", "#gpu-memory")
            for id, title, course, value, of, style in (
                (of_use, part.title, load.use, use, 1.0, "series1"),
                (of_memory, part.memory_title, load.memory, memory, part.memory, "series3"),
            ):
                chart = self.query_one(id, Chart)
                if chart.display:
                    chart.look(view, Unit.AGO, NO_SAMPLES)
                    said = heading(title, course, value, of, chart.size.width - GAP, style, id == of_memory)
                    chart.show(said, curves(course, every, until, of, style))

    def _spans_line(self) -> Line:
        cells = [Cell(" ")]
        for name in _NAMES:
            cells.append(Cell(f" {name} ", "tab" if name == self._span else "dim"))
        return tuple(cells)

    # Where the figures come from.

    def _parts(self, machine: Machine) -> Mapping[str, Load]:
        """part -> its load over the span: made of the samples at hand, or fetched."""
        if self._span == LIVE:
            return self._made(machine)
        if self._told != (machine["name"], self._span) or self.desk.now() - self._told_at > max(FRESH, self._every):
            self.soon("samples", lambda: errand(self, self._fetch_samples, "samples"))
        return self._loads if self._told == (machine["name"], self._span) else {}

    def _made(self, machine: Machine) -> Mapping[str, Load]:
        history = machine["history"]
        key = (machine["name"], history[-1]["at"] if history else None)
        if self._live[0] != key:
            since = self.desk.now() // UNIT * UNIT - SPANS[LIVE] * SECOND
            recent = [sample for sample in history if sample["at"] >= since]
            self._live = (key, loads(recent, since, UNIT))
        return self._live[1]

    async def _fetch_samples(self) -> None:
        machine, span, now = self._machine, self._span, self.desk.now()
        if machine is None or span == LIVE:
            return
        since = now - SPANS[span] * SECOND
        reply = await self.fetch("samples", machine=machine["name"], since=since, until=now, points=POINTS)
        self._told, self._told_at = (machine["name"], span), now
        self._loads = {part: load_in(data) for part, data in reply["parts"].items()} if reply else {}
        self._every = reply["every"] if reply else UNIT
        self.redraw()

    # Keys.

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        if message.table is self.table:
            self.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    def on_descendant_focus(self) -> None:
        self.redraw()

    async def on_table_row_opened(self, message: Table.RowOpened) -> None:
        await self.action_open()

    async def action_open(self) -> None:
        machine = self._machine
        if machine is None:
            return
        if not self._on_processes:
            self.desk.note_command(f"runs @{clean(machine['name'])}")
            await self.desk.show_runs(f"@{machine['name']}")
        elif self.run_here:
            self.desk.show_run(self.run_here)
        elif self._entry:
            self.desk.say("that process belongs to no run of ours")

    async def action_copy(self) -> None:
        if machine := self._machine:
            await self.desk.copy(self.run_here or clean(machine["name"]))

    def action_processes(self) -> None:
        self.set_focus(self.table if self._on_processes else self.processes)
        self.call_after_refresh(self.redraw)

    async def action_back(self) -> None:
        if self._on_processes:
            self.action_processes()
        else:
            await super().action_back()

    def action_span(self, by: int) -> None:
        place = max(0, min(len(_NAMES) - 1, _NAMES.index(self._span) + by))
        machine = self._machine
        if _NAMES[place] != self._span and machine:
            self._span = _NAMES[place]
            self.desk.note_command(f"machines show {clean(machine['name'])} --since {self._span}")
            self.redraw()

    def action_drain(self) -> None:
        if machine := self._machine:
            errand(self, partial(self._drain, machine))

    async def _drain(self, machine: Machine) -> None:
        name = machine["name"]
        if machine["status"] in ("draining", "set aside"):
            await self.desk.act(f"machines resume {clean(name)}", "machines_resume", name=name)
            return
        rows = self.desk.snapshot.rows
        runs = [rows[id].run for id in machine["running"] if id in rows]
        unknown = len(machine["running"]) - len(runs)
        lines = [(Cell("It gets nothing new; what runs there finishes.", "dim"),), *about(runs, self.desk.user)]
        lines += [(Cell(f"and {unknown} more", "dim"),)] if unknown else []
        if await self.app.push_screen_wait(Confirm(f"Drain {clean(name)}?", lines)):
            await self.desk.act(f"machines drain {clean(name)}", "machines_drain", name=name)
