"""The DuckDB file: opened under lock and key, set aside where it is corrupt, its errors told in our words.

The only process that has the file open is the engine, so this is also where a second one is refused.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator

import duckdb

from workbench.engine.store import migrations
from workbench.errors import HistoryCorrupt, HistoryError, HistoryFull, SecondEngine

_NO_ROOM = re.compile(r"No space left on device|Disk quota exceeded|File too large")
_CORRUPT = re.compile(
    r"[Cc]orrupt|not a valid DuckDB|checksum|replaying WAL|Could not read enough bytes|Serialization Error"
)
_HOLDER = re.compile(r"Conflicting lock is held in .*?\(PID (\d+)\)")


def translated(problem: duckdb.Error) -> HistoryError:
    """A DuckDB error as one of ours: no room, corrupt, or neither."""
    words = str(problem).strip()
    if _NO_ROOM.search(words):
        return HistoryFull(
            "no room is left for the history: nothing more is accepted until there is",
            hint="free some space on its disk; what was acknowledged is safe",
            words=words,
        )
    if _CORRUPT.search(words):
        return HistoryCorrupt(
            "a part of the history is damaged and can't be read",
            hint="what else it holds is safe; to start a new one, stop the engine and move the file away",
            words=words,
        )
    return HistoryError(
        f"the history failed: {words.splitlines()[0] if words else type(problem).__name__}", words=words
    )


@contextlib.contextmanager
def our_errors() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as problem:
        raise translated(problem) from problem


class Database:
    """One open DuckDB file. Threads each get a cursor of their own: two on one cursor would swap results."""

    def __init__(self, path: str) -> None:
        """Open or make the history at `path`. Raises SecondEngine, HistoryFull, HistoryError."""
        self.path = path
        self.set_aside = ""
        """Where a corrupt file was put, and what was lost with it; "" where all was well."""
        self._cursors: dict[int, duckdb.DuckDBPyConnection] = {}
        self._guard = threading.Lock()
        self._connection = self._open()

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """This thread's own."""
        thread = threading.get_ident()
        with self._guard:
            if thread not in self._cursors:
                self._cursors[thread] = self._connection.cursor()
            return self._cursors[thread]

    def fresh_cursor(self) -> duckdb.DuckDBPyConnection:
        """One for a single use; the caller closes it."""
        with self._guard:
            return self._connection.cursor()

    def reopen(self) -> None:
        """Start over on the same file, which is how DuckDB recovers from a fatal error. Raises as opening does."""
        self.close()
        with self._guard:
            self._connection = _connect(self.path)

    def close(self) -> None:
        with self._guard:
            for cursor in self._cursors.values():
                cursor.interrupt()
                cursor.close()
            self._cursors.clear()
            self._connection.close()

    def _open(self) -> duckdb.DuckDBPyConnection:
        try:
            os.makedirs(os.path.dirname(self.path), mode=0o700, exist_ok=True)
            if _is_foreign(self.path):
                raise HistoryCorrupt("not a DuckDB file")
            return _connect(self.path)
        except HistoryCorrupt as problem:
            words = problem.evidence.get("words", problem.message)
        except OSError as problem:
            raise HistoryError(f"the history can't be kept in {self.path}: {problem.strerror or problem}") from problem
        return self._recover(words)

    def _recover(self, words: str) -> duckdb.DuckDBPyConnection:
        """Set the damaged files aside; go on from the last checkpoint where that is sound, else from nothing."""
        aside = _set_aside(self.path)
        self.set_aside = f"{self.path} was damaged ({words}) and is kept as {aside}. "
        if os.path.exists(aside) and os.path.exists(aside + ".wal") and not _is_foreign(aside):
            shutil.copyfile(aside, self.path)
            try:
                connection = _connect(self.path)
            except HistoryCorrupt:
                os.unlink(self.path)
            else:
                self.set_aside += "What was written since its last checkpoint is missing."
                return connection
        self.set_aside += "A new history was started."
        return _connect(self.path)


def _is_foreign(path: str) -> bool:
    """Is there a file that isn't DuckDB's? Asked before DuckDB is: it would offer to load SQLite's."""
    try:
        with open(path, "rb") as file:
            return file.read(12)[8:] != b"DUCK"
    except FileNotFoundError:
        return False


def _connect(path: str) -> duckdb.DuckDBPyConnection:
    beside = os.path.dirname(path)
    config: dict[str, str | bool | int | float | list[str]] = {
        "threads": 1,  # commits are small, and every reader runs in a thread of its own
        "memory_limit": f"{_memory_limit()}B",
        "temp_directory": os.path.join(beside, "spill"),
        "max_temp_directory_size": "4GB",
        "extension_directories": [beside],
        "secret_directory": beside,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "python_enable_replacements": False,
        "enable_external_access": False,
        "allowed_configs": ["max_execution_time", "operator_memory_limit"],
        "lock_configuration": True,
        "wal_autocheckpoint": "1TB",  # the writer chooses the moment, and a failing one fails no commit
    }
    connection = None
    try:
        connection = duckdb.connect(path, config=config)
        os.chmod(path, 0o600)
        migrations.migrate(connection, migrations.known())
        connection.execute("SELECT max(seq), count(*) FROM event").fetchall()
        return connection
    except BaseException as problem:
        if connection is not None:
            connection.close()
        if not isinstance(problem, duckdb.Error):
            raise
        holder = _HOLDER.search(str(problem))
        if holder:
            pid = int(holder.group(1))
            raise SecondEngine(
                f"another process (pid {pid}) has the history {path} open",
                hint="`workbench engine status` tells which engine that is",
                pid=pid,
            ) from problem
        raise translated(problem) from problem


def _memory_limit() -> int:
    """A quarter of the machine's memory, 2 GB at most."""
    return min(2 << 30, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)


def _set_aside(path: str) -> str:
    stem = f"{path}.corrupt-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"
    aside, again = stem, 1
    while os.path.exists(aside) or os.path.exists(aside + ".wal"):
        again += 1
        aside = f"{stem}-{again}"
    for suffix in ("", ".wal"):
        if os.path.exists(path + suffix):
            os.rename(path + suffix, aside + suffix)
    return aside
