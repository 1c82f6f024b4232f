"""A machine as a row of a list, and its devices as lines: what they do, and who holds or uses them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.domain.devices import Process, used
from workbench.domain.load import Load
from workbench.domain.resources import format_size
from workbench.present import devices
from workbench.present.cells import Cell, Line, fit, plain, width
from workbench.present.columns import Column
from workbench.present.devices import SILENT, Machine, mark, strip
from workbench.present.loads import gauge, heat, words
from workbench.present.numbers import percent
from workbench.present.sanitise import clean
from workbench.present.status import MACHINE_GLYPHS

BAR = 10
ROOMY = 100
"""Columns from which a list shows its peaks as figures, and two marks a GPU."""
_STRIP = 16
"""Columns that the marks of a machine's GPUs take at most."""


def columns_of(machines: Sequence[Machine], wide: bool) -> tuple[Column, ...]:
    """Of a list of these machines."""
    most = max((len(machine["devices"]) for machine in machines), default=0)
    return (
        Column("machine", 12, grows=1, most=30),
        Column("status", 13),
        Column("GPUs", min(_STRIP, max(4, most * (2 if wide else 1)))),
        Column("cpu", 22 if wide else 13),
        Column("memory", 22 if wide else 13),
        Column("runs", 4, right=True),
        Column("disk free", 9, right=True, need=ROOMY),
    )


def row(machine: Machine, wide: bool = False) -> tuple[Cell | Line, ...]:
    """As many cells as columns_of; fewer where the last one takes the rest of the row: why nothing is known."""
    status, sample = machine["status"], machine["sample"]
    name = Cell(clean(machine["name"]) + (" !" if machine["warnings"] else ""), "strong")
    state = Cell(f"{MACHINE_GLYPHS.get(status, '?')} {clean(status)}", status)
    if status in SILENT or sample is None:
        reason = clean(machine["reason"]) or "no sample yet"
        return name, state, Cell(reason, "unreachable" if status == "unreachable" else "dim")
    cells = 2 if wide and 2 * len(machine["devices"]) <= _STRIP else 1
    cpus = [one["cpu"] for one in machine["history"]]
    memories = [one["memory"] for one in machine["history"]]
    return (
        name,
        state,
        strip(machine, cells) or Cell("–", "dim"),
        _meter(sample["cpu"], max(cpus, default=None), 1.0, wide),
        _meter(sample["memory"], max(memories, default=None), machine["memory"], wide, hot=True),
        Cell(str(len(machine["running"])), "" if machine["running"] else "dim"),
        Cell(format_size(sample["disk_free"]), "warn" if sample["disk_free"] < 5e9 else "dim"),
    )


def _meter(now: float, peak: float | None, of: float, wide: bool, hot: bool = False) -> Cell | Line:
    """`━━━╸──┃─  34%`, and with its peak in figures where there is room."""
    if not of:
        return Cell("–", "dim")
    cells = [*gauge(now / of, None if peak is None else peak / of, 10 if wide else 8, hot)]
    cells.append(Cell(f" {percent(now / of):>4}", (hot and heat(now / of)) or ""))
    if wide and peak is not None:
        cells += [Cell("  ┃", "dim"), Cell(f"{percent(peak / of):>4}", (hot and heat(peak / of)) or "dim")]
    return tuple(cells)


def legend(machines: Sequence[Machine], columns: int) -> Line:
    """What the marks of a list mean."""
    marks, peak = devices.legend(machines), (Cell("┃ ", "strong"), Cell("peak of 10 minutes", "dim"))
    return (Cell(" "), *marks, *(peak if width(plain((*marks, *peak))) < columns else ()))


def short_size(size: float) -> str:
    """`512G`: a capacity, where a unit is enough."""
    return format_size(size).replace(" ", "").removesuffix("B")


def device_line(
    machine: Machine, device: Mapping[str, Any], holder: str, columns: int, load: Load | None = None
) -> Line:
    """`█ GPU 0  ██████──┃─  71%  31 GB of 80G  61°C  251 W  brave-sunset-12`: what it does, and who holds or uses it.

    load: of the stretch of time that is looked at, for its peak."""
    sample = next((one for one in _devices(machine) if one["uuid"] == device["uuid"]), None)
    label = (mark(machine, device), Cell(f" GPU {clean(str(device['label'])):<2} ", "heading"))
    if sample is None or machine["status"] in SILENT:
        return (*label, Cell("no sample  ", "dim"), *whose(machine, device, holder))
    whole = load.use.whole if load else None
    use, memory, temperature, power = (sample[key] for key in ("use", "memory", "temperature", "power"))
    taken = "–" if memory is None else format_size(memory)
    cells = [
        *label,
        *gauge(use, whole.peak if whole else None, BAR),
        Cell(f" {'–' if use is None else percent(use):>4}  "),
        Cell(fit(f"{taken} of {short_size(device['memory'])}", 14, right=True) + "  "),
    ]
    if columns >= 110:
        warmth = "–" if temperature is None else f"{temperature:.0f}"
        watts = "–" if power is None else f"{power:.0f}"
        cells.append(Cell(f"{warmth:>3}°C {watts:>4} W  ", "dim"))
        cells.append(Cell(fit("  ".join(words(whole, None).split("  ")[:2]), 20), "dim"))
    cells += whose(machine, device, holder)
    if columns >= 150:
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


def held_line(machine: Machine) -> Line:
    """Cores and memory that runs hold."""
    if not machine["cpus"]:
        return ()
    held = f"held by runs: {machine['cpus_held']} of {machine['cpus']} cores"
    if machine["memory"]:
        held += f", {format_size(machine['memory_held'])} of {format_size(machine['memory'])}"
    return (Cell(held, "dim"),)


def summary(machines: Sequence[Machine], words: bool = True) -> Line:
    """`machines ● 3 ○ 1   GPU ██▓░ 5/8 (3 mine 1 team 1 stranger)`: for a status line."""
    if not machines:
        return ()
    cells = [Cell("machines ", "dim")]
    for status, glyph in MACHINE_GLYPHS.items():
        if number := sum(machine["status"] == status for machine in machines):
            cells.append(Cell(f"{glyph} {number} ", status))
    gpus = devices.summary(machines, words)
    return (*cells, Cell("  "), *gpus) if gpus else tuple(cells)


def _devices(machine: Machine) -> Sequence[Mapping[str, Any]]:
    return machine["sample"]["devices"] if machine["sample"] else ()
