"""GPUs as strips of marks, a shape for every state: colours may be missing, and some eyes don't tell them apart.

A machine is a mapping of the form that the protocol calls MachineView, a device one of its `devices`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from workbench.present.cells import Cell, Line

Machine = Mapping[str, Any]
Device = Mapping[str, Any]

SUMMED = 8
"""Cells of the strip that stands for the GPUs of all machines."""
SILENT = ("unreachable", "connecting")


class Mark(NamedTuple):
    glyph: str
    style: str
    word: str


MARKS: Mapping[str, Mark] = {
    "mine": Mark("█", "running", "mine"),
    "idle": Mark("▄", "warn", "held but idle"),
    "team": Mark("▓", "held", "team"),
    "stranger": Mark("▚", "bad", "stranger"),
    "free": Mark("░", "dim", "free"),
    "lost": Mark("✗", "error", "lost"),
    "unseen": Mark("·", "dim", "not seen"),
}
"""By the state of a device, in the order in which a strip of many shows them."""


def state(machine: Machine, device: Device) -> str:
    """Of a machine that does not answer only what we ourselves have put there is known."""
    if machine["status"] in SILENT:
        return "mine" if device["uuid"] in machine["devices_held"] else "unseen"
    return str(device["state"])


def mark(machine: Machine, device: Device, cells: int = 1) -> Cell:
    glyph, style, _ = MARKS[state(machine, device)]
    return Cell(glyph * cells, style)


def strip(machine: Machine, cells: int) -> Line:
    """`██▓▓░░`: so many cells a GPU, in the order in which nvidia-smi counts them."""
    return tuple(mark(machine, device, cells) for device in machine["devices"])


def legend(machines: Iterable[Machine]) -> Line:
    """`█ mine  ▓ team  ░ free`: the marks that are there."""
    found = _states(machines)
    cells: list[Cell] = []
    for name, (glyph, style, _) in MARKS.items():
        if found[name]:
            cells += [Cell(f"{glyph} ", style), Cell(f"{_short(name)}  ", "dim")]
    return tuple(cells)


def summary(machines: Sequence[Machine], words: bool = True) -> Line:
    """`GPU ██▓░ 5/8 (3 mine 1 team 1 stranger)`: how many are taken, and by whom."""
    found = _states(machines)
    total = sum(found.values())
    if not total:
        return ()
    taken = total - found["free"] - found["unseen"]
    cells = [Cell("GPU ", "dim"), *_summed(found, min(total, SUMMED)), Cell(f" {taken}/{total}")]
    if words and taken:
        said = [Cell(f"{found[name]} {_short(name)}", MARKS[name].style) for name in MARKS if _is_taken(name, found)]
        spaced = [cell for one in said for cell in (Cell(" "), one)][1:]
        cells += [Cell(" (", "dim"), *spaced, Cell(")", "dim")]
    return tuple(cells)


def _states(machines: Iterable[Machine]) -> Counter[str]:
    return Counter(state(machine, device) for machine in machines for device in machine["devices"])


def _is_taken(name: str, found: Counter[str]) -> bool:
    return found[name] > 0 and name not in ("free", "unseen")


def _short(name: str) -> str:
    return "idle" if name == "idle" else MARKS[name].word


def _summed(found: Counter[str], columns: int) -> list[Cell]:
    """A strip of so many cells, or more: each state that there is has one, the rest goes by number (D'Hondt)."""
    given = {name: 1 for name in MARKS if found[name]}
    for _ in range(columns - len(given)):
        given[max(given, key=lambda name: found[name] / given[name])] += 1
    return [Cell(MARKS[name].glyph * cells, MARKS[name].style) for name, cells in given.items()]
