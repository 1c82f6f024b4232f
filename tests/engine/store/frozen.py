"""tests/data/history-v1.duckdb: a history as version 1 of the schema wrote it, never written again.

`python -m tests.engine.store.frozen` made it; a later schema gets a file and a number of its own.
"""

from __future__ import annotations

import asyncio
import math
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from tests.engine.store.runs import STATUSES, SUBMITTED, make, read, submitted
from workbench.domain.status import OutOfMemory
from workbench.engine.store import open_history
from workbench.engine.store.interface import Artifact, Batch, MachineSample

PLACE = Path(__file__).parents[2] / "data" / "history-v1.duckdb"

THEN = [status for status in STATUSES if not isinstance(status, OutOfMemory)]
"""The ways to end that there were."""
RUNS = [make(seq, status, attempts=1) for seq, status in enumerate(THEN, 1)]
ARTIFACT = Artifact("model", "/srv/model.bin", 12, "e" * 64)


async def write(path: str) -> None:
    Path(path).parent.mkdir(mode=0o700)
    duckdb.connect(path, config={"default_block_size": "16384"}).close()  # a small file, for the repository's sake
    history = await open_history(path)
    await history.commit(submitted(*RUNS))
    for run in RUNS:
        points = [("loss", step, 1 / (step + 1)) for step in range(100)] + [("odd", 0, math.nan)]
        more: dict[str, Any] = {"config": {"width": 64}, "artifacts": [ARTIFACT]}
        await history.commit(read(run, 4096, *points, malformed=1, first_malformed="{", **more))
    await history.commit(Batch(samples=[MachineSample("gpu3", SUBMITTED, {"cpu": 0.5})]))
    await history.close()


async def check(path: str) -> None:
    """Every row of it reads as it was written."""
    history = await open_history(path)
    assert history.set_aside == history.suspect == ""
    for run in RUNS:
        assert await history.find(run.id) == run
        metrics = await history.metrics(run.id)
        assert (metrics["loss"].last, metrics["loss"].min, metrics["loss"].count) == (0.01, 0.01, 100)
        assert math.isnan(metrics["odd"].last)
        steps, times, values, *_ = await history.series(run.id, "loss", 1000)
        assert steps == list(range(100)) and times[3] == SUBMITTED + 3 and values[3] == 0.25
        assert [event["kind"] for event in await history.events(run.id)] == ["submitted"]
        assert await history.artifacts(run.id) == [ARTIFACT]
        assert await history.malformed(run.id) == (1, "{")
    page = await history.page("param.width=64 param.model:resnet* tag:base loss<0.5", "queue", 100, 0)
    assert {row.run.seq for row in page.rows} == {run.seq for run in RUNS}
    assert {read for read, _ in (await history.marks()).values()} == {4096}
    assert await history.samples("gpu3", 0, 9) == [(SUBMITTED, {"cpu": 0.5})]
    await history.close()


if __name__ == "__main__":
    if PLACE.exists():
        sys.exit(f"{PLACE} is frozen")
    with tempfile.TemporaryDirectory() as beside:
        asyncio.run(write(f"{beside}/data/history.duckdb"))
        shutil.copy(f"{beside}/data/history.duckdb", PLACE)
