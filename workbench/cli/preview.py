"""What happens next to a run that was submitted, for whoever looks. A script does not ask, and pays nothing."""

from __future__ import annotations

import sys

from workbench.cli.output import note
from workbench.client.calls import Engine
from workbench.errors import WorkbenchError

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any


def preview(engine: Engine, run: dict[str, Any]) -> None:
    """A line on stderr, if that is a terminal. The run is submitted, whatever becomes of the question."""
    if not sys.stderr.isatty():
        return
    try:
        reply = engine.call("explain", {"run": run["id"]})
    except WorkbenchError:
        return
    note(_line(reply["run"], reply["why"]))


def _line(run: dict[str, Any], why: dict[str, Any]) -> str:
    match why["kind"]:
        case "starting" | "running":
            return f"starts now on {run['machine']}"
        case "held" | "over":
            return str(why["text"])
        case _:
            return f"waits: {why['text']}"
