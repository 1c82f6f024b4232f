"""The schema, as numbered .sql files that are applied once, in order, each in a transaction with its record."""

from __future__ import annotations

import time
from collections.abc import Sequence
from importlib import resources

import duckdb

from workbench.errors import HistoryError

_RECORD = "CREATE TABLE IF NOT EXISTS migration (number INTEGER PRIMARY KEY, applied BIGINT NOT NULL)"


def known() -> list[tuple[int, str]]:
    """(number, SQL) of every migration that this version has, in order."""
    files = resources.files(__package__).joinpath("schema").iterdir()
    return sorted((int(file.name[:-4]), file.read_text("utf-8")) for file in files if file.name.endswith(".sql"))


def migrate(connection: duckdb.DuckDBPyConnection, steps: Sequence[tuple[int, str]]) -> None:
    """Bring the database to the last of `steps`. Raises HistoryError where a newer workbench wrote it."""
    connection.execute(_RECORD)
    applied = {number for (number,) in connection.execute("SELECT number FROM migration").fetchall()}
    unknown = applied - {number for number, _ in steps}
    if unknown:
        raise HistoryError(
            f"the history is of version {max(unknown)}, which this workbench does not know",
            hint="a newer workbench wrote it: use that one, or set WORKBENCH_HOME to keep another history",
        )
    for number, statements in steps:
        if number in applied:
            continue
        connection.begin()
        try:
            connection.execute(statements)
            connection.execute("INSERT INTO migration VALUES (?, ?)", [number, time.time_ns() // 1000])
            connection.commit()
        except BaseException:
            connection.rollback()
            raise
