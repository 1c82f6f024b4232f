"""The history of a workbench in a DuckDB file: what interface.py asks, answered by one writer and a few readers."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Concatenate, ParamSpec, TypeVar

import duckdb

from workbench.domain.machines import Enrolled
from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.domain.use import Use
from workbench.engine.store import loads, reads, sql, usage
from workbench.engine.store.database import Database, our_errors
from workbench.engine.store.interface import (
    EVERYTHING,
    Artifact,
    Batch,
    Happening,
    Loads,
    Metric,
    Page,
    Past,
    Series,
    Stretch,
    Table,
)
from workbench.engine.store.witness import Witness
from workbench.engine.store.writer import Writer

P = ParamSpec("P")
T = TypeVar("T")

READERS = 3


class DuckHistory:
    """Made by open_history. Implements History."""

    def __init__(self, path: str) -> None:
        """Blocks while the file is opened. Raises SecondEngine, HistoryFull, HistoryError."""
        self._database = Database(path)
        self.set_aside = self._database.set_aside
        """Where a damaged file was put and what that means, "" where none was: to be said loudly."""
        self._witness = Witness(os.path.join(os.path.dirname(path), "history.seq"))
        with our_errors():
            self.suspect = "" if self.set_aside else reads.missing(self._database.cursor(), self._witness.last)
            """What is missing of what was acknowledged, "" where nothing is: to be said loudly."""
            self._writer = Writer(self._database, self._witness)
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="history-read")
        self._guests = ThreadPoolExecutor(1, thread_name_prefix="history-sql")
        self._asking: set[duckdb.DuckDBPyConnection] = set()

    async def commit(self, batch: Batch) -> None:
        await self._writer.commit(batch)

    async def live(self) -> list[Run]:
        return await self._read(reads.live)

    async def marks(self) -> dict[tuple[str, int], tuple[int, int]]:
        return await self._read(reads.marks)

    async def last_seq(self) -> int:
        return await self._read(reads.last_seq)

    async def taken(self, ids: Sequence[str]) -> set[str]:
        return await self._read(reads.taken, ids)

    async def names(self, ids: Sequence[str]) -> dict[str, str]:
        return await self._read(reads.names, ids)

    async def find(self, reference: str) -> Run:
        return await self._read(reads.find, reference)

    async def page(self, filter: str, order: str, limit: int, offset: int, project: str = "") -> Page:
        return await self._read(reads.page, filter, order, limit, offset, project, time.time_ns() // 1000)

    async def metrics(self, run: str) -> dict[str, Metric]:
        return await self._read(reads.metrics, run)

    async def config(self, run: str) -> dict[str, str]:
        return await self._read(reads.config, run)

    async def series(
        self, run: str, key: str, points: int, stretch: Stretch = EVERYTHING, bands: bool = False
    ) -> Series:
        return await self._read(reads.line, run, key, points, stretch, bands)

    async def events(self, run: str) -> list[dict[str, Any]]:
        return await self._read(reads.events, run)

    async def happened(self, since: Micros, until: Micros, after: int, limit: int) -> list[Happening]:
        return await self._read(reads.happened, since, until, after, limit)

    async def pasts(self, since: Micros, until: Micros, after: int, limit: int) -> tuple[list[Past], int]:
        return await self._read(reads.pasts, since, until, after, limit)

    async def artifacts(self, run: str) -> list[Artifact]:
        return await self._read(reads.artifacts, run)

    async def artifact(self, run: str, name: str) -> Artifact | None:
        return await self._read(reads.artifact, run, name)

    async def collected(self, run: str) -> dict[int, list[str]]:
        return await self._read(reads.collected, run)

    async def malformed(self, run: str) -> tuple[int, str]:
        return await self._read(reads.malformed, run)

    async def machines(self) -> list[Enrolled]:
        return await self._read(reads.machines)

    async def asides(self) -> dict[str, str]:
        return await self._read(reads.asides)

    async def notices(self) -> dict[str, str]:
        return await self._read(reads.notices)

    async def samples(self, machine: str, since: Micros, limit: int) -> list[tuple[Micros, dict[str, Any]]]:
        return await self._read(reads.samples, machine, since, limit)

    async def sampled(
        self, machine: str, since: Micros, until: Micros, every: Micros
    ) -> list[tuple[Micros, dict[str, Any]]]:
        return await self._read(reads.sampled, machine, since, until, every)

    async def loads(
        self, machine: str, since: Micros, until: Micros, points: int, latest: Sequence[Mapping[str, Any]]
    ) -> Loads:
        return await self._read(loads.read, machine, since, until, points, latest)

    async def usage(
        self, machine: str, attempt: str, devices: Collection[str], since: Micros, until: Micros, points: int
    ) -> list[Use]:
        return await self._read(usage.read, machine, attempt, devices, since, until, points)

    async def projects(self) -> list[dict[str, Any]]:
        return await self._read(reads.projects, time.time_ns() // 1000)

    async def environments(self) -> set[str]:
        return await self._read(reads.environments)

    async def durations(self, project: str, limit: int) -> dict[str, list[float]]:
        return await self._read(reads.durations, project, limit)

    async def sql(self, query: str, seconds: float, rows: int) -> Table:
        with our_errors():
            cursor = self._database.fresh_cursor()
        self._asking.add(cursor)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._guests, sql.run, cursor, query, seconds, rows)
        except asyncio.CancelledError:
            cursor.interrupt()  # nobody waits for it any more
            raise
        finally:
            self._asking.discard(cursor)

    @property
    def full(self) -> str:
        return self._writer.full

    async def close(self) -> None:
        """Commit what waits, end what is asked, checkpoint, close the file."""
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._writer.close()
        for cursor in list(self._asking):
            cursor.interrupt()
        for pool in (self._readers, self._guests):
            pool.shutdown(wait=True, cancel_futures=True)
        self._database.close()
        self._witness.close()

    async def _read(
        self, question: Callable[Concatenate[duckdb.DuckDBPyConnection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        def ask() -> T:
            with our_errors():
                return question(self._database.cursor(), *args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._readers, ask)
