"""Ten metrics at each of 10,000 steps, from the first call until they are stored."""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench import peers
from bench.figures import OURS, Table
from bench.home import Home, home, wait
from bench.peers import FAILURES, SCRIPTS

STEPS = 10_000
METRICS = 10
REPEATS = 5
"""Runs whose values are weighed: room on disk is taken in large pieces, and used again."""
OTHERS = {"trackio": STEPS, "wandb": STEPS, "mlflow": STEPS // 10}
"""Peer -> steps. mlflow needs ten milliseconds and more for one; a tenth of the steps shows it."""


def measure() -> Iterator[Table]:
    stored = Table(f"{METRICS} metrics x {STEPS:,} steps, until stored", "s", goal="a quarter of the best peer")
    caller = Table(f"one call of {METRICS} metrics, in the caller, median", "us", goal="20 us")
    disk = Table("one value on disk", "bytes", goal="12 bytes")
    tables = (stored, caller, disk)
    with home() as place:
        _tell(tables, OURS, STEPS, _ours(place))
    for peer, steps in OTHERS.items():
        try:
            interpreter = peers.python(peer)
            with tempfile.TemporaryDirectory(prefix="wb-") as scratch:
                told = peers.script(interpreter, "log_steps.py", peer, str(steps), cwd=Path(scratch))
            _tell(tables, peer + " offline" * (peer == "wandb"), steps, told)
        except FAILURES as why:
            for table in tables:
                table.missing(peer, why)
    yield from tables


def _tell(tables: tuple[Table, Table, Table], who: str, steps: int, told: dict[str, Any]) -> None:
    stored, caller, disk = tables
    note = "" if steps == STEPS else f"{steps:,} steps, times {STEPS // steps}"
    stored.add(who, told["seconds"] * STEPS / steps, note)
    caller.add(who, told["median"], f"p99 {told['p99']:,.0f}")
    disk.add(who, told["bytes"] / (steps * METRICS))


def _ours(place: Home) -> dict[str, Any]:
    """The same script as a run: stored means that the engine's history has every value."""
    _logged(place)
    before = _size(place)  # of a history that has had a run: what a new one takes once is not a value's cost
    place.start()
    told = _logged(place)
    for _ in range(REPEATS - 1):
        _logged(place)
    after = _size(place)
    place.start()
    return {**told, "bytes": (after - before) / REPEATS}


def _logged(place: Home) -> dict[str, Any]:
    """Run the script to its end; what it told, and the seconds until history had all of it."""
    run = place.submit(sys.executable, str(SCRIPTS / "log_steps.py"), OURS, str(STEPS))["ids"][0]
    seen = 0.0

    def stored() -> bool:
        nonlocal seen
        metrics = place.engine.call("show", {"run": run})["metrics"]
        seen = time.time()
        return [metric["count"] for metric in metrics.values()] == [STEPS] * METRICS

    wait(stored, lambda: "not every value came")
    wait(lambda: place.engine.call("show", {"run": run})["run"]["status"] == "finished", lambda: "it did not finish")
    said = place.engine.call("logs", {"run": run})["text"]
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return {**told, "seconds": seen - told["began"]}


def _size(place: Home) -> int:
    """Bytes of the history at rest: with the engine stopped, nothing waits in its log."""
    place.stop()
    return sum(file.stat().st_size for file in (place.directory / "data").glob("history*") if file.is_file())
