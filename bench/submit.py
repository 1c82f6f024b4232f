"""What a person waits for: one submit, and a sweep of 10,000."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Iterator

from bench.figures import OURS, Table
from bench.home import COMMAND, Home, home, seconds

REPEATS = 20
RUNS = 10_000


def measure() -> Iterator[Table]:
    with home() as place:
        yield _one(place)
        yield _many(place)


def _one(place: Home) -> Table:
    table = Table("submit one run, the whole command", "ms")
    ours, python, ask = [], [], []
    for done in range(REPEATS):
        ours.append(seconds([COMMAND, "run", "--json", "--", "true"], place.project))
        place.settled(done + 1)
        python.append(seconds([sys.executable, "-c", "pass"], place.project))
        ask.append(seconds([COMMAND, "engine", "status", "--json"], place.project))
    table.add(f"{OURS} run --json -- true", statistics.median(ours) * 1e3)
    table.add(f"{OURS} engine status --json", statistics.median(ask) * 1e3)
    table.add("python -c pass", statistics.median(python) * 1e3)
    return table


def _many(place: Home) -> Table:
    table = Table(f"submit a sweep of {RUNS:,} runs, until it is on disk", "s", goal="under 1 s")
    grid = f"i=range({RUNS})"
    took = seconds([COMMAND, "sweep", "--hold", "--set", grid, "--json", "--", "true", "{i}"], place.project)
    table.add(f"{OURS} sweep, the whole command", took)
    return table
