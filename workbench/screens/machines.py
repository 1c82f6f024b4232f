"""The machines: load now, the last ten minutes as curves, each GPU and who holds it."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical

from workbench import commands
from workbench.present.axis import Unit
from workbench.present.canvas import Bounds
from workbench.present.cells import Cell, Line
from workbench.present.machines import (
    COLUMNS,
    SPAN,
    Machine,
    cpu_curves,
    device_line,
    gpu_curves,
    row,
    usage_line,
)
from workbench.present.sanitise import clean
from workbench.screens.base import Panel
from workbench.screens.errand import errand
from workbench.widgets.chart import Chart
from workbench.widgets.line import OneLine
from workbench.widgets.lines import Lines
from workbench.widgets.table import Table

LISTED = 10
"""Machines on screen before the list scrolls."""
HOLDERS = 500
PERCENT = Bounds(left=-SPAN, right=0, bottom=0, top=100)


class MachinesScreen(Panel):
    SCOPE = "machines"
    CSS_PATH = "machines.tcss"
    BINDINGS = commands.bindings("machines")

    def body(self) -> ComposeResult:
        table = Table(self._cells, COLUMNS, id="machines")
        table.add_class("main")
        yield table
        with Vertical(id="detail"):
            yield OneLine(id="name")
            yield Lines(id="devices")
            with Horizontal(id="charts"):
                yield Chart(bounds=PERCENT, unit=Unit.AGO, say=_percent, empty="no samples yet", id="cpu")
                yield Chart(bounds=PERCENT, unit=Unit.AGO, say=_percent, empty="no GPU here", id="gpu")

    def refetch(self) -> None:
        errand(self, self._fetch_holders, "page")

    async def _fetch_holders(self) -> None:
        """The runs that hold devices: strips show their names."""
        if reply := await self.fetch("runs", filter="is:active", limit=HOLDERS):
            self.desk.learn(reply)
            self.redraw()

    def looked_at(self) -> Iterable[str]:
        return (id for machine in self.desk.snapshot.machines for id in machine["running"])

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    def point(self, machine: str) -> None:
        """Put the cursor on it."""
        names = [one["name"] for one in self.desk.snapshot.machines]
        if machine in names:
            self.redraw()
            self.table.move_to(names.index(machine))

    @property
    def _machine(self) -> Machine | None:
        machines = self.desk.snapshot.machines
        return machines[self.table.cursor] if self.table.cursor < len(machines) else None

    def _cells(self, index: int) -> tuple[Cell, ...] | None:
        machines = self.desk.snapshot.machines
        return row(machines[index]) if index < len(machines) else None

    def redraw(self) -> None:
        machines = self.desk.snapshot.machines
        self.table.styles.height = min(LISTED, max(1, len(machines))) + 1
        self.table.set_count(len(machines))
        machine = self._machine
        if machine is None:
            return
        self.query_one("#name", OneLine).show(self._headline(machine))
        self._draw_devices(machine)
        now = self.desk.now()
        curves, gpus = cpu_curves(machine, now), gpu_curves(machine, now)
        self.query_one("#cpu", Chart).show("load", curves)
        gpu = self.query_one("#gpu", Chart)
        gpu.display = bool(gpus)
        gpu.show("GPU use", gpus)

    def _headline(self, machine: Machine) -> Line:
        host = clean(machine["hostname"])
        cells = [
            Cell(" " + clean(machine["name"]), "title"),
            Cell(f"  {host}  " if host != machine["name"] else "  ", "dim"),
        ]
        return (*cells, *usage_line(machine, self.size.width))

    def _draw_devices(self, machine: Machine) -> None:
        lines: list[Line] = []
        for device in machine["devices"]:
            holder = machine["devices_held"].get(device["uuid"], "")
            known = self.desk.snapshot.rows.get(holder)
            text = f"{known.run.name} ({known.run.user})" if known else holder
            lines.append((Cell(" "), *device_line(machine, device, text, self.size.width)))
        lines += [(Cell(f" ! {clean(warning)}", "warn"),) for warning in machine["warnings"]]
        if machine["reason"]:
            lines.append((Cell(" " + clean(machine["reason"]), "unreachable"),))
        pane = self.query_one("#devices", Lines)
        pane.display = bool(lines)
        pane.styles.height = min(len(lines), max(1, self.size.height // 3))
        pane.show(lines)

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        self.redraw()

    def on_resize(self) -> None:
        self.call_after_refresh(self.redraw)

    async def on_table_row_opened(self, message: Table.RowOpened) -> None:
        await self.action_open()

    async def action_open(self) -> None:
        if machine := self._machine:
            await self.desk.show_runs(f"@{machine['name']}")


def _percent(value: float) -> str:
    return f"{value:.0f}%"
