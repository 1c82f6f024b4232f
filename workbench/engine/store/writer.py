"""The one thread that writes. It takes whatever batches wait and commits them together; idle, it tidies up."""

from __future__ import annotations

import asyncio
import contextlib
import os
import queue
import shutil
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from workbench.domain.time import SECOND
from workbench.engine.store import memory, transaction
from workbench.engine.store.database import Database, our_errors
from workbench.engine.store.interface import Batch
from workbench.engine.store.thinning import Thinning
from workbench.engine.store.witness import Witness
from workbench.errors import HistoryError, HistoryFull, Unwritable

GROUP = 512
"""Batches in one transaction, at most."""
IDLE = 0.5
"""Seconds without a batch after which there is time to tidy up."""
WAL_IDLE, WAL_BUSY = 4 << 20, 128 << 20
"""Bytes of write-ahead log from which an idle, a busy writer checkpoints."""

RESERVE = 1 << 20
"""Bytes to leave free: a checkpoint that finds no room is fatal to an open DuckDB."""

_FATAL = (duckdb.FatalException, duckdb.InternalException)
_UNFIT = (
    *(duckdb.DataError, duckdb.IntegrityError, duckdb.InvalidInputException, duckdb.NotSupportedError),
    *(ArithmeticError, LookupError, TypeError, ValueError),
)
"""What DuckDB, or making rows of it, says of a value that no column can hold. A disk, and memory, fail otherwise."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    batch: Batch
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[None]

    def resolve(self, problem: HistoryError | None) -> None:
        def settle() -> None:
            if self.done.done():
                return  # its caller was cancelled meanwhile
            if problem is None:
                self.done.set_result(None)
            else:
                self.done.set_exception(problem)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self.loop.call_soon_threadsafe(settle)


class Writer:
    def __init__(self, database: Database, witness: Witness) -> None:
        self.full = ""
        """Why the latest commit found no room, "" once one did."""
        self._database = database
        self._witness = witness
        self._broken = False
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._memory = memory.load(database.cursor())
        self._thinning = Thinning()
        self._untidy = bool(self._memory.over)
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="history-write", daemon=True)
        self._thread.start()

    async def commit(self, batch: Batch) -> None:
        """Durable when this returns. Raises HistoryFull, Unwritable, HistoryError: then nothing of it is written."""
        if self._closing:
            raise HistoryError("the history is closed")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.put(_Waiting(batch, loop, done))
        await done

    def close(self) -> None:
        """Commit what waits, checkpoint, and end the thread. Blocks."""
        self._closing = True
        self._waiting.put(None)
        self._thread.join()

    def _work(self) -> None:
        while not self._closing or not self._waiting.empty():
            group = self._take()
            if group:
                self._commit(group)
                self._untidy = True
            if not group or self._wal_bytes() > WAL_BUSY:
                self._tidy(WAL_IDLE)
        self._tidy(0)

    def _take(self) -> list[_Waiting]:
        """All that waits, up to GROUP; nothing, after IDLE seconds or to close."""
        group: list[_Waiting] = []
        with contextlib.suppress(queue.Empty):
            waiting = self._waiting.get(timeout=IDLE if self._untidy else None)
            while waiting is not None:
                group.append(waiting)
                if len(group) == GROUP:
                    break
                waiting = self._waiting.get_nowait()
        return group

    def _commit(self, group: Sequence[_Waiting]) -> None:
        try:
            self._transact([waiting.batch for waiting in group])
        except HistoryFull as problem:
            self.full = problem.message
            _resolve(group, problem)
        except HistoryError as problem:
            if len(group) == 1:
                _resolve(group, problem)
            else:
                for waiting in group:  # one of them is bad: only that one fails
                    self._commit([waiting])
        else:
            self.full = ""
            self._witness.note(self._memory.last_event)
            _resolve(group, None)

    def _transact(self, batches: Sequence[Batch]) -> None:
        """Write these in one transaction. Raises HistoryError: then none of them is written."""
        try:
            with our_errors():
                if self._broken:
                    self._reopen()
                self._once_or_again(batches)
        except HistoryError:
            raise
        except Exception as problem:
            raise HistoryError(f"this can't be written to the history: {problem}") from problem

    def _once_or_again(self, batches: Sequence[Batch]) -> None:
        before = self._memory.last_event
        try:
            self._once(batches)
        except _FATAL:
            # DuckDB is beyond use, and may have committed before it was: its own sequence tells. Readings know by
            # their offsets whether they are in.
            meant = self._memory.last_event
            self._reopen()
            if not before < meant <= self._memory.last_event:
                self._once(batches)

    def _once(self, batches: Sequence[Batch]) -> None:
        cursor = self._database.cursor()
        cursor.begin()
        try:
            transaction.write(cursor, self._memory, batches)
            cursor.commit()
        except _FATAL:
            raise
        except Exception as problem:
            with contextlib.suppress(duckdb.TransactionException):  # a commit that failed has rolled back
                cursor.rollback()
            self._memory = memory.load(cursor)
            if isinstance(problem, _UNFIT):
                raise Unwritable(f"the history can't hold this: {_first_line(problem)}") from problem
            raise

    def _reopen(self) -> None:
        self._broken = True
        self._database.reopen()
        self._memory = memory.load(self._database.cursor())
        self._thinning = Thinning()  # what it had done may not have been committed
        self._broken = False

    def _tidy(self, wal_bytes: int) -> None:
        """Move what has come to rest, thin out what is old, and checkpoint a log of so many bytes if there is room."""
        self._untidy = False
        if self._broken:
            return
        cursor = self._database.cursor()
        try:
            cursor.begin()
            transaction.settle(cursor, self._memory)
            if not self._closing:
                self._untidy = self._thinning.thin(cursor, int(time.time() * SECOND))
            cursor.commit()
            wal = self._wal_bytes()
            if wal > wal_bytes and shutil.disk_usage(os.path.dirname(self._database.path)).free > 2 * wal + RESERVE:
                cursor.execute("CHECKPOINT")
        except (duckdb.Error, OSError):
            self._broken = True  # the next commit opens the file again, and tells what is wrong with it

    def _wal_bytes(self) -> int:
        try:
            return os.path.getsize(self._database.path + ".wal")
        except FileNotFoundError:
            return 0


def _first_line(problem: Exception) -> str:
    return next(iter(str(problem).strip().splitlines()), type(problem).__name__)


def _resolve(group: Sequence[_Waiting], problem: HistoryError | None) -> None:
    for waiting in group:
        waiting.resolve(problem)
