"""What goes on everywhere, as sentences a line each: for scripts, logs, and whoever has a screen read to them.

No glyph, no column and no colour means anything here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from workbench.domain.resources import format_size
from workbench.domain.run import Run, attempt_of, seconds_run
from workbench.domain.time import Micros
from workbench.domain.use import Use
from workbench.present.devices import MARKS, SILENT, Machine, state
from workbench.present.machines import whose
from workbench.present.numbers import clock, count, percent
from workbench.present.runs import waiting as waits
from workbench.present.sanitise import clean

WAITING = 20
"""Waiting runs that are told one by one."""


def top(
    machines: Sequence[Machine],
    running: Sequence[Run],
    waiting: Sequence[tuple[Run, str]],
    numbers: Mapping[str, int],
    uses: Mapping[str, Use],
    now: Micros,
) -> list[str]:
    """waiting: each with why. numbers: status -> how many there are. uses: id -> what a run takes at present."""
    names = {run.id: f"{clean(run.name)} of {clean(run.user)}" for run in running}
    lines = [_number(len(machines), "machine")]
    for machine in machines:
        lines += ["  " + line for line in _machine(machine, names)]
    lines.append(_number(len(running), "running run"))
    lines += [f"  {_running(run, uses.get(run.id), now)}" for run in running]
    several = numbers.get("queued", 0) + numbers.get("held", 0)
    lines.append(_number(several, "waiting run"))
    lines += [
        f"  {clean(run.name)} of {clean(run.user)}, {run.status.name}: {waits(run, why)}"
        for run, why in waiting[:WAITING]
    ]
    if several > WAITING:
        lines.append(f"  and {count(several - WAITING)} more")
    return lines


def _number(number: int, what: str) -> str:
    return f"{count(number)} {what}{'' if number == 1 else 's'}"


def _machine(machine: Machine, names: Mapping[str, str]) -> Iterator[str]:
    sample = machine["sample"]
    said = [clean(machine["status"])]
    if machine["status"] in SILENT or sample is None:
        said.append(clean(machine["reason"]) or "no sample yet")
    else:
        said += [f"cpu {percent(sample['cpu'])}", _memory("memory", sample["memory"], machine["memory"])]
    said.append(_number(len(machine["running"]), "run"))
    yield f"{clean(machine['name'])}: {', '.join(said)}"
    seen = {one["uuid"]: one for one in sample["devices"]} if sample and machine["status"] not in SILENT else {}
    for device in machine["devices"]:
        yield f"  {_device(machine, device, seen.get(device['uuid']), names)}"
    for warning in machine["warnings"]:
        yield f"  warning: {clean(warning)}"


def _device(
    machine: Machine, device: Mapping[str, Any], seen: Mapping[str, Any] | None, names: Mapping[str, str]
) -> str:
    word = MARKS[state(machine, device)].word
    id = machine["devices_held"].get(device["uuid"], "")
    who = [clean(cell.text) for cell in whose(machine, device, names.get(id, id)) if cell.text.strip()]
    said = [word, *(one for one in who if one not in ("idle", word))]
    if seen and seen["use"] is not None:
        said.append(f"use {percent(seen['use'])}")
    if seen and seen["memory"] is not None:
        said.append(_memory("memory", seen["memory"], device["memory"]))
    return f"GPU {clean(str(device['label']))}: {', '.join(said)}"


def _memory(what: str, taken: float, capacity: float) -> str:
    return f"{what} {format_size(taken)}" + (f" of {format_size(capacity)}" if capacity else "")


def _running(run: Run, use: Use | None, now: Micros) -> str:
    attempt, seconds = attempt_of(run.status), seconds_run(run, now)
    said = [f"{clean(run.name)} of {clean(run.user)}"]
    said[0] += f" on {clean(attempt.machine)}" if attempt else ""
    said.append(run.status.name + (f" for {clock(seconds)}" if seconds is not None else ""))
    if use:
        said += [f"{use.cores:.1f} cores", _memory("memory", use.memory, 0)]
        if use.gpus or use.gpu_memory:
            said += [f"{use.gpus:.1f} GPUs", _memory("GPU memory", use.gpu_memory, 0)]
    return ", ".join(said)
