"""Waiting until a run is over, for `wait`, `demo`, and the flag --wait of `run`, `rerun` and `sweep`."""

from __future__ import annotations

import sys

from workbench.cli import output
from workbench.cli.preview import preview
from workbench.client.calls import Engine
from workbench.present.sanitise import clean

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any

STRETCH = 30.0
"""Seconds that one question waits: an engine that hangs is noticed at the next."""

LOOK = 0.5
"""Seconds that a question waits while something moves that somebody looks at."""
_BEFORE = ("held", "queued", "preparing")

PLATFORM = 125
"""The exit code where a run is over without one of its own."""


def until_over(engine: Engine, run: str, name: str = "") -> dict[str, Any]:
    """The run, when it is over. ctrl-c stops the waiting, never the run, and says so.

    Whoever looks on sees how far the preparing has come."""
    seconds = LOOK if sys.stderr.isatty() else STRETCH
    try:
        while True:
            reply = engine.call("wait", {"run": run, "seconds": seconds}, again=True)
            seen: dict[str, Any] = reply["run"]
            if sys.stderr.isatty():
                _draw(reply.get("progress"))
                seconds = LOOK if seen["status"] in _BEFORE else STRETCH
            if seen["exit_code"] is not None:
                return seen
    except KeyboardInterrupt:
        called = clean(name or run)
        print(f"{called} goes on; `workbench wait {called}` waits again", file=sys.stderr)
        raise


def follow(engine: Engine, run: dict[str, Any], *, wait: bool, as_json: bool) -> int:
    """Say that a run was submitted and, where one waits, how it ended: as JSON one object, the later. Its exit code."""
    if not (wait and as_json):
        output.submitted(run, as_json)
        preview(engine, run)
    if not wait:
        return 0
    run = until_over(engine, run["id"], run["name"])
    if as_json:
        output.document(run)
    else:
        output.say(ending(run))
    return exit_code(run)


def _draw(progress: dict[str, Any] | None) -> None:
    """In place of what was drawn last, on a line that has no end."""
    said = ""
    if progress:
        from workbench.domain.progress import Progress
        from workbench.present.progress import told

        said = told(Progress(**progress))
    print(f"\r\x1b[K{said}", end="", file=sys.stderr, flush=True)


def exit_code(run: dict[str, Any]) -> int:
    """Its own code; 124 timed out, 125 error or lost, 130 cancelled, 137 out of memory."""
    code = run["exit_code"]
    return PLATFORM if code is None else int(code)


def first_failure(runs: list[dict[str, Any]]) -> int:
    """The exit code of the first that did not finish, 0 if all did."""
    return next((code for run in runs if (code := exit_code(run))), 0)


def ending(run: dict[str, Any]) -> str:
    """How it ended, in a line."""
    parts = [run["name"], run["status"]]
    if run["status"] == "failed":
        parts.append(f"exit {run['exit_code']}")
    detail = run.get("detail") or {}
    if detail.get("reason"):
        parts.append(str(detail["reason"]))
    if run["started"] and run["ended"]:
        from workbench.domain.time import SECOND, format_duration

        parts.append(f"after {format_duration((run['ended'] - run['started']) / SECOND)}")
    return "  ".join(parts)
