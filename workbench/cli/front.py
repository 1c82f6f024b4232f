"""`workbench` without a verb: the workbench itself, or what its first screen would show, where there is no terminal."""

from __future__ import annotations

import sys

from workbench.cli import output
from workbench.client.calls import Engine

ROWS = 15


def front() -> int:
    if sys.stdin.isatty() and output.terminal():
        return _open()
    for line in _first_screen():
        print(line)
    return 0


def _open() -> int:
    """The screens. While their modules are read the engine answers what the first of them will ask."""
    import gc

    from workbench.client.ahead import Ahead

    ahead = Ahead.ask()
    gc.disable()  # hundreds of modules, and nothing in them is garbage
    from workbench.app import run_app

    gc.freeze()
    gc.enable()
    return run_app(ahead=ahead)


def _first_screen() -> list[str]:
    import time

    from workbench.present.first_screen import first_screen
    from workbench.protocol.messages import number_in
    from workbench.protocol.runs import run_in

    with Engine() as engine:
        found = engine.call("runs", {"limit": ROWS})
        machines = engine.call("machines")["machines"]
    rows = [
        (run_in(row["run"]), {key: number_in(value) for key, value in row["metrics"].items()}) for row in found["rows"]
    ]
    why = {row["run"]["id"]: row["waits"] for row in found["rows"] if "waits" in row}
    columns, now = output.columns() or 120, int(time.time() * 1e6)
    return first_screen(rows, found["counts"], machines, now, columns, why, found.get("metric", ""))
