"""The last look at the GPUs of a lane, in the moment before a supervisor gets it.

The engine decided by a sample, which may be ten seconds old. What was there then and does not matter it names, by the
rule that is its own; whoever else is there now has come since.
"""

from __future__ import annotations

import time
from typing import Any, Iterable, Mapping

from . import gpus
from .leases import Holder

_PAUSES = (0.01, 0.03, 0.1)  # seconds
"""A driver may name a process for a moment after its end, such as one of the run before. Who can't be seen has these
to be gone."""


def in_the_way(devices: Iterable[str], tolerated: Mapping[str, Any]) -> dict[str, Holder]:
    """Of these devices those that must not be given, and who or what is in the way.

    `tolerated`: processes that are not, `ignored` by name, or `idle` ones by device and pid, which must hold less than
    `small` bytes."""
    wanted = set(devices)
    found = _look(wanted, tolerated) if wanted else {}
    for pause in _PAUSES:
        if all(holder.process is None or holder.user for holder in found.values()):
            break
        time.sleep(pause)
        found = _look(wanted, tolerated)
    return found


def _look(wanted: set[str], tolerated: Mapping[str, Any]) -> dict[str, Holder]:
    found = {}
    for seen in gpus.sample(wanted):
        uuid = seen["uuid"]
        if seen["lost"]:
            found[uuid] = Holder(uuid, 0, "", lost=seen["lost"])
            continue
        strangers = [process for process in seen["processes"] if not _allowed(uuid, process, tolerated)]
        if strangers:
            first = max(strangers, key=lambda process: int(process["memory"]))
            found[uuid] = Holder(uuid, first["pid"], first["user"], process=first)
    return found


def _allowed(device: str, process: Mapping[str, Any], tolerated: Mapping[str, Any]) -> bool:
    if process["ours"] or process["name"] in tolerated.get("ignored", ()):
        return True
    idle = process["pid"] in tolerated.get("idle", {}).get(device, ())
    return idle and bool(process["memory"] < tolerated["small"])
