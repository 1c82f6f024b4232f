"""A machine as a row, as strips of its devices, and as curves of its last minutes.

A machine is a mapping of the form that the protocol calls MachineView.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.domain.devices import Process, used
from workbench.domain.resources import format_size
from workbench.domain.time import SECOND, Micros
from workbench.present.canvas import SERIES_STYLES, Series
from workbench.present.cells import Cell, Line, fit
from workbench.present.columns import Column
from workbench.present.numbers import percent
from workbench.present.sanitise import clean
from workbench.present.sparkline import bar, sparkline, thin
from workbench.present.status import MACHINE_GLYPHS

Machine = Mapping[str, Any]
SPAN = 600
"""Seconds that the curves show."""
BAR, SPARK = 10, 20

COLUMNS = (
    Column("machine", 12, grows=1, most=30),
    Column("status", 13),
    Column("cpu", 5, right=True),
    Column("", 20, need=100),
    Column("memory", 15, right=True),
    Column("gpus", 9, right=True),
    Column("runs", 5, right=True),
    Column("load", 6, right=True, need=70),
    Column("disk free", 9, right=True, need=110),
)


def row(machine: Machine) -> tuple[Cell, ...]:
    """As many cells as COLUMNS."""
    status, sample = machine["status"], machine["sample"]
    held, devices = len(machine["devices_held"]), len(machine["devices"])
    name = Cell(clean(machine["name"]) + (" !" if machine["warnings"] else ""), "strong")
    state = Cell(f"{MACHINE_GLYPHS.get(status, '?')} {clean(status)}", status)
    if status == "unreachable" or sample is None:
        reason = clean(machine["reason"]) or "no sample yet"
        return name, state, Cell(reason, "unreachable" if status == "unreachable" else "dim")
    return (
        name,
        state,
        Cell(percent(sample["cpu"]), _heat(sample["cpu"])),
        Cell(sparkline(thin([one["cpu"] for one in machine["history"]], SPARK), SPARK, 0, 1), "series1"),
        Cell(f"{format_size(sample['memory'])} of {short_size(machine['memory'])}", _heat(_part(sample, machine))),
        Cell(f"{held} of {devices}" if devices else "–", "" if devices else "dim"),
        Cell(str(len(machine["running"])), "" if machine["running"] else "dim"),
        Cell(f"{sample['load']:.1f}", "dim"),
        Cell(format_size(sample["disk_free"]), "warn" if sample["disk_free"] < 5e9 else "dim"),
    )


def short_size(size: float) -> str:
    """`512G`: a capacity, where a unit is enough."""
    return format_size(size).replace(" ", "").removesuffix("B")


def device_line(machine: Machine, device: Mapping[str, Any], holder: str, columns: int) -> Line:
    """`GPU 0  ██████····  71%   31 of 80 GB  61°  brave-sunset-12`: load, memory, and who holds or uses it."""
    sample = next((one for one in _devices(machine) if one["uuid"] == device["uuid"]), None)
    label = Cell(f"GPU {device['label']}  ", "heading")
    if sample is None:
        return label, Cell("no sample  ", "dim"), *whose(machine, device, holder)
    filled, empty = bar(sample["use"] or 0.0, BAR)
    use, memory, temperature, power = (sample[key] for key in ("use", "memory", "temperature", "power"))
    taken = "–" if memory is None else format_size(memory)
    cells = [
        label,
        Cell(filled, "warn" if device["state"] == "idle" else "series2"),
        Cell(empty, "dim"),
        Cell(f" {'–' if use is None else percent(use):>4}  "),
        Cell(fit(f"{taken} of {short_size(device['memory'])}", 14, right=True) + "  "),
    ]
    if columns >= 90:
        heat = "–" if temperature is None else f"{temperature:.0f}"
        watts = "–" if power is None else f"{power:.0f}"
        cells.append(Cell(f"{heat:>2}°C  {watts:>4} W  ", "dim"))
    cells += whose(machine, device, holder)
    if columns >= 120:
        cells.append(Cell(f"  {clean(device['name'])}", "dim"))
    return tuple(cells)


def whose(machine: Machine, device: Mapping[str, Any], holder: str) -> Line:
    """`brave-sunset-12  idle  used by bob (python, 31 GB)`: whose a device is, and who else is there."""
    said = [Cell(clean(holder), "running")] if holder else []
    if device["state"] == "idle":
        said.append(Cell("idle", "warn"))
    by = machine["devices_used"].get(device["uuid"], "")
    if not by and holder and device["strangers"]:
        by = used([Process(**process) for process in device["strangers"]])
    if by:
        said.append(Cell(clean(by), "warn"))
    cells = [Cell("  ")] * (2 * len(said) - 1)
    cells[::2] = said
    return tuple(cells) or (Cell("free", "dim"),)


def usage_line(machine: Machine, columns: int) -> Line:
    """Cores and memory that runs hold."""
    held = f"held by runs: {machine['cpus_held']} of {machine['cpus']} cores"
    if machine["memory"]:
        held += f", {format_size(machine['memory_held'])} of {format_size(machine['memory'])}"
    return (Cell(held, "dim"),)


def cpu_curves(machine: Machine, now: Micros) -> list[Series]:
    """Processor and memory over the last ten minutes, in percent."""
    history = machine["history"]
    xs = [(one["at"] - now) / SECOND for one in history]
    memory = machine["memory"] or 1
    return [
        Series("cpu", xs, [100 * one["cpu"] for one in history], "series1"),
        Series("memory", xs, [100 * one["memory"] / memory for one in history], "series3"),
    ]


def gpu_curves(machine: Machine, now: Micros) -> list[Series]:
    """Each device's use over the last ten minutes, in percent."""
    curves = []
    for number, device in enumerate(machine["devices"]):
        seen = [
            (one["at"], spot["use"])
            for one in machine["history"]
            for spot in one["devices"]
            if spot["uuid"] == device["uuid"] and spot["use"] is not None
        ]
        xs, ys = [(at - now) / SECOND for at, _ in seen], [100 * use for _, use in seen]
        curves.append(Series(f"GPU {device['label']}", xs, ys, SERIES_STYLES[(number + 1) % len(SERIES_STYLES)]))
    return curves


def summary(machines: Sequence[Machine]) -> Line:
    """`machines ● 3  ○ 1   GPU 5/8`: for a status line."""
    if not machines:
        return ()
    cells = [Cell("machines ", "dim")]
    for status, glyph in MACHINE_GLYPHS.items():
        if number := sum(machine["status"] == status for machine in machines):
            cells.append(Cell(f"{glyph} {number} ", status))
    if devices := sum(len(machine["devices"]) for machine in machines):
        held = sum(len(machine["devices_held"]) for machine in machines)
        filled, empty = bar(held / devices, 4)
        cells += [Cell("  GPU ", "dim"), Cell(filled, "series2"), Cell(empty, "dim"), Cell(f" {held}/{devices}")]
    return tuple(cells)


def _devices(machine: Machine) -> Sequence[Mapping[str, Any]]:
    return machine["sample"]["devices"] if machine["sample"] else ()


def _part(sample: Mapping[str, Any], machine: Machine) -> float:
    return float(sample["memory"] / machine["memory"]) if machine["memory"] else 0.0


def _heat(fraction: float) -> str:
    return "bad" if fraction >= 0.95 else "warn" if fraction >= 0.85 else ""
