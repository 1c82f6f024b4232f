"""What happened to runs, as lines of a night."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from workbench.domain.time import SECOND, Micros
from workbench.present.cells import fit
from workbench.present.sanitise import clean

NAME = 28
"""Columns of a run's name."""
_SAID = {
    "submitted": "submitted",
    "held": "held",
    "released": "released",
    "edited": "edited",
    "moved": "moved in the queue",
    "placed": "placed",
    "started": "started",
    "fenced": "did not start, waits again",
    "cancelling": "to be cancelled",
    "retried": "failed, will be tried again",
}


def local(moment: Micros) -> datetime:
    """In the time zone of whoever looks."""
    return datetime.fromtimestamp(moment // SECOND).astimezone()


def day(moment: Micros) -> str:
    """`Sat 21 Nov 2026`."""
    return local(moment).strftime("%a %d %b %Y")


def playing(moment: Micros, speed: int, stands: str = "") -> str:
    """`REPLAY Sat 21 Nov 23:14 ×60`; stands: why it does not go on, `paused`."""
    return f"REPLAY {local(moment):%a %d %b %H:%M} {stands or f'×{speed:,}'}"


def happening(event: Mapping[str, Any]) -> str:
    """`23:14:05  brave-sunset-12   started on gpu3`; event: of a `replay` reply."""
    return f"{local(event['at']):%H:%M:%S}  {fit(clean(event['name']), NAME)}  {_said(event)}"


def _said(event: Mapping[str, Any]) -> str:
    kind = str(event["kind"])
    by = f" by {clean(event['by'])}" if event["by"] else ""
    where = f" on {clean(event['machine'])}" if event["machine"] else ""
    if kind == "ended":
        code = f" with {event['exit_code']}" if event["status"] == "failed" else ""
        return f"{event['status']}{code}{by}{where}"
    return _SAID.get(kind, clean(kind)) + by + (where if kind in ("placed", "started") else "")
