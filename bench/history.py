"""A list, a filter and a chart over a history of 100,000 runs and 10 million values."""

from __future__ import annotations

import asyncio
import math
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from bench.figures import OURS, Table
from bench.home import COMMAND, Home, home, seconds
from workbench.domain.events import Change, Kind
from workbench.domain.resources import Share
from workbench.domain.run import Ask, Code, Environment, Run
from workbench.domain.status import Attempt, Ended, Failed, Finished, Queued, Usage
from workbench.domain.time import SECOND, Micros
from workbench.engine.store import open_history
from workbench.engine.store.interface import Batch, Reading

RUNS = 100_000
KEYS = ("loss", "acc", *(f"layer/{number}" for number in range(8)))
SHORT, LONG = 5, 5_000
"""Steps of a run, and of every thousandth: 10 million values in all."""
LONG_EVERY = 1_000
PAGE = 100
REPEATS = 15
BEGAN: Micros = 1_700_000_000 * SECOND


def measure() -> Iterator[Table]:
    with home() as place:
        place.stop()
        history = place.directory / "data" / "history.duckdb"
        began = time.perf_counter()
        asyncio.run(fill(str(history)))
        table = Table(f"{RUNS:,} runs with 10 million values, written through the store", "s")
        table.add(OURS, time.perf_counter() - began, f"{history.stat().st_size / 1e6:,.0f} MB")
        yield table
        place.start()
        yield _questions(place)


def _questions(place: Home) -> Table:
    table = Table(f"asked over the socket of {RUNS:,} runs, median", "ms", goal="first page under 50 ms")
    chosen = "status:finished loss<0.2 param.lr>=0.01"
    long = [row["run"]["id"] for row in _page(place, filter="tag:long", order="-metric.loss")["rows"]]
    questions: dict[str, Callable[[], object]] = {
        f"first page of {PAGE}": lambda: _page(place),
        f"page at {RUNS // 2:,}": lambda: _page(place, offset=RUNS // 2),
        "filter and sort, first page": lambda: _page(place, filter=chosen, order="metric.loss"),
        "a run": lambda: place.engine.call("show", {"run": long[0]}),
        f"a chart of {LONG:,} values": lambda: _series(place, long[:1]),
        f"20 charts of {LONG:,} values": lambda: _series(place, long[:20]),
    }
    for what, ask in questions.items():
        ask()
        table.add(f"{OURS}: {what}", _median(ask))
    command = [COMMAND, "runs", "--json"]
    table.add(f"{OURS} runs --json, the whole command", _median(lambda: seconds(command, place.project)))
    return table


def _page(place: Home, **more: Any) -> Any:
    return place.engine.call("runs", {"limit": PAGE, **more})


def _series(place: Home, runs: Sequence[str]) -> Any:
    return place.engine.call("series", {"runs": list(runs), "keys": ["loss"], "points": 300})


def _median(ask: Callable[[], object]) -> float:
    took = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1e3


async def fill(path: str) -> None:
    """A history of RUNS runs, written by the store itself."""
    chance = random.Random(7)
    history = await open_history(path)
    for first in range(1, RUNS + 1, LONG_EVERY):
        runs = [_run(seq, chance) for seq in range(first, min(first + LONG_EVERY, RUNS + 1))]
        changes = [change for run in runs for change in _changes(run)]
        await history.commit(Batch(changes, [_reading(run, chance) for run in runs]))
    await history.close()


def _run(seq: int, chance: random.Random) -> Run:
    submitted = BEGAN + seq * 60 * SECOND
    attempt = Attempt(1, "local", Share(1, 0), submitted)
    ended = Ended(attempt, submitted + SECOND, submitted + chance.randrange(10, 4000) * SECOND, Usage(9.5, 10**9))
    return Run(
        id=f"r{seq:07d}",
        seq=seq,
        name=f"sunset-{seq}",
        project=f"project-{seq % 5}",
        directory=f"/home/ada/project-{seq % 5}",
        workdir=".",
        user=("ada", "bob", "eve")[seq % 3],
        submitted=submitted,
        ask=Ask(
            ("python", "train.py", "--lr", "{lr}"),
            {
                "lr": chance.choice([0.1, 0.03, 0.01, 0.001]),
                "depth": seq % 9,
                "seed": seq,
                "model": "resnet",
                "aug": True,
            },
            tags=("long",) if _is_long(seq) else ("short",),
        ),
        code=Code("ab" * 32, commit="cd" * 20, branch="main"),
        environment=Environment("ef" * 16, "ab" * 32, "3.11", "pyproject.toml"),
        position=float(seq),
        status=Failed(ended, 1) if seq % 10 == 0 and not _is_long(seq) else Finished(ended),
        attempts=1,
    )


def _changes(run: Run) -> Iterator[Change]:
    yield Change(Kind.SUBMITTED, run.submitted, replace(run, status=Queued(run.submitted), attempts=0), run.user)
    yield Change(Kind.ENDED, run.submitted + SECOND, run)


def _is_long(seq: int) -> bool:
    return seq % LONG_EVERY == 0


def _reading(run: Run, chance: random.Random) -> Reading:
    steps = LONG if _is_long(run.seq) else SHORT
    scale = chance.random()
    points = [
        (key, step, run.submitted + step * SECOND, scale * math.exp(-step / steps) + 0.01 * chance.random())
        for step in range(steps)
        for key in KEYS
    ]
    return Reading(run.id, 1, offset=40 * len(points), points=points)
