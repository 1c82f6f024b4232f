"""What goes on at a machine: the runs there with what they take, and every process on its GPUs with its owner."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from workbench.domain.resources import format_size
from workbench.domain.run import Run
from workbench.domain.use import Use
from workbench.present.cells import Cell
from workbench.present.columns import Column
from workbench.present.devices import SILENT, Machine
from workbench.present.sanitise import clean
from workbench.present.status import GLYPHS

COLUMNS = (
    Column("run or process", 20, grows=1, most=44),
    Column("owner", 9, grows=1, most=16),
    Column("GPU", 5),
    Column("cores", 6, right=True),
    Column("memory", 8, right=True),
    Column("on GPU", 8, right=True),
    Column("pid", 8, right=True),
)


@dataclass(frozen=True, slots=True)
class Entry:
    cells: tuple[Cell, ...]
    """As many as COLUMNS."""
    run: str = ""
    """Id of the run that it is or belongs to, "" where it is nobody's of ours."""


def entries(machine: Machine, runs: Mapping[str, Run], uses: Mapping[str, Use]) -> list[Entry]:
    """Each run with its processes on GPUs below it, then those of others. Of a silent machine only the runs are known.

    runs: those that are known, by id. uses: id -> what it takes now."""
    labels = {device["uuid"]: clean(str(device["label"])) for device in machine["devices"]}
    seen = list(_seen(machine))
    found = []
    for id in machine["running"]:
        held = [uuid for uuid, holder in machine["devices_held"].items() if holder == id]
        found.append(Entry(_run(id, runs.get(id), uses.get(id), [labels.get(uuid, "?") for uuid in held]), id))
        own = [(uuid, process) for uuid, process in seen if process["ours"] and uuid in held]
        found += [Entry(_process(process, labels.get(uuid, "?"), "└ "), id) for uuid, process in own]
    return found + [
        Entry(_process(process, labels.get(uuid, "?")))
        for uuid, process in seen
        if not process["ours"] or uuid not in machine["devices_held"]
    ]


def _seen(machine: Machine) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(UUID, process) of every process on a GPU."""
    if machine["sample"] and machine["status"] not in SILENT:
        for device in machine["sample"]["devices"]:
            for process in device.get("processes", ()):
                yield device["uuid"], process


def _run(id: str, run: Run | None, use: Use | None, labels: Sequence[str]) -> tuple[Cell, ...]:
    status = run.status.name if run else "running"
    name = clean(run.name if run else id)
    return (
        Cell(f"{GLYPHS[status]} {name}", status),
        Cell(clean(run.user) if run else ""),
        Cell(",".join(labels)),
        Cell(f"{use.cores:.1f}" if use else ""),
        Cell(format_size(use.memory) if use else ""),
        Cell(format_size(use.gpu_memory) if use and labels else ""),
        Cell(""),
    )


def _process(process: Mapping[str, Any], label: str, lead: str = "") -> tuple[Cell, ...]:
    style = "dim" if process["ours"] else ""
    return (
        Cell(lead + clean(process["name"]), style),
        Cell(clean(process["user"]) or "?", style if process["ours"] else "bad"),
        Cell(label, style),
        Cell(""),
        Cell(""),
        Cell(format_size(process["memory"]), style),
        Cell(str(process["pid"]), "dim"),
    )
