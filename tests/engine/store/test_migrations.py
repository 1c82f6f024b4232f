"""Migrations: in order, once, whole or not at all."""

from __future__ import annotations

import duckdb
import pytest

from workbench.engine.store import migrations
from workbench.errors import HistoryError

FIRST = (1, "CREATE TABLE a (x INT); INSERT INTO a VALUES (1);")
SECOND = (2, "ALTER TABLE a ADD COLUMN y INT; UPDATE a SET y = x + 1;")
BROKEN = (3, "UPDATE a SET y = 9; CREATE TABLE a (x INT);")


def test_each_is_applied_once_and_in_order() -> None:
    connection = duckdb.connect()
    migrations.migrate(connection, [FIRST])
    migrations.migrate(connection, [FIRST, SECOND])
    migrations.migrate(connection, [FIRST, SECOND])
    assert connection.execute("FROM a").fetchall() == [(1, 2)]


def test_one_that_fails_leaves_no_trace() -> None:
    connection = duckdb.connect()
    with pytest.raises(duckdb.Error):
        migrations.migrate(connection, [FIRST, SECOND, BROKEN])
    assert connection.execute("FROM a").fetchall() == [(1, 2)]
    assert connection.execute("SELECT number FROM migration ORDER BY number").fetchall() == [(1,), (2,)]


def test_an_older_workbench_leaves_a_newer_history_alone() -> None:
    connection = duckdb.connect()
    migrations.migrate(connection, [FIRST, SECOND])
    with pytest.raises(HistoryError, match="version 2"):
        migrations.migrate(connection, [FIRST])


def test_ours_are_numbered_from_one_without_gaps() -> None:
    numbers = [number for number, _ in migrations.known()]
    assert numbers == list(range(1, len(numbers) + 1))
