"""A user's query reads history and nothing else, within limits."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest

from tests.engine.store.runs import END, make, read, submitted
from workbench.domain.status import Finished
from workbench.engine.store import DuckHistory, open_history
from workbench.errors import UsageError


async def test_views_have_readable_names_and_times(history: DuckHistory) -> None:
    run = make(1, Finished(END))
    await history.commit(submitted(run))
    await history.commit(read(run, 10, ("loss", 3, 0.5), config={"width": 64}))
    table = await history.sql("SELECT id, status, seconds, tags, year(submitted), user FROM runs", 5, 10)
    assert table.columns[:4] == ["id", "status", "seconds", "tags"]
    assert table.rows == [(run.id, "finished", 90.0, ["base", "night run"], 2025, "ada")]
    for query, row in (
        ("SELECT run, key, last FROM metrics", (run.id, "loss", 0.5)),
        ("SELECT run, key, step, value FROM points", (run.id, "loss", 3, 0.5)),
        ("SELECT run, key, value, number FROM params WHERE source = 'config'", (run.id, "width", "64", 64.0)),
        ("SELECT run, kind, who FROM events", (run.id, "submitted", "ada")),
    ):
        assert (await history.sql(query, 5, 10)).rows == [row]


@pytest.mark.parametrize(
    "query",
    [
        "FROM runs",
        "DESCRIBE runs",
        "SHOW TABLES",
        "SUMMARIZE runs",
        "EXPLAIN SELECT 1",
        "VALUES (1)",
        "WITH a AS (SELECT 1 AS x) SELECT * FROM a",
        "SELECT 1;",
        "-- why\nSELECT 1",
    ],
)
async def test_what_reads_is_answered(history: DuckHistory, query: str) -> None:
    assert (await history.sql(query, 5, 100)).columns


@pytest.mark.parametrize(
    "query",
    [
        "",
        "SELEC 1",
        "SELECT nothing FROM runs",
        "SELECT 1; SELECT 2",
        "COPY run TO '/tmp/stolen.csv'",
        "COPY run FROM '/etc/passwd'",
        "ATTACH '/tmp/other.duckdb'",
        "EXPORT DATABASE '/tmp/stolen'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM '/etc/passwd'",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM 'https://localhost/x.parquet'",
        "PRAGMA database_list",
        "SET threads = 4",
        "SET lock_configuration = false",
        "SET max_execution_time = 0",
        "INSTALL httpfs",
        "LOAD icu",
        "CALL pragma_version()",
        "CHECKPOINT",
        "BEGIN",
        "COMMIT",
        "USE memory",
        "PREPARE x AS SELECT 1",
        "CREATE TABLE mine (a INT)",
        "CREATE TEMP TABLE mine (a INT)",
        "DROP VIEW runs",
        "INSERT INTO tag VALUES (1, 'x')",
        "UPDATE run SET name = 'x'",
        "DELETE FROM run",
        "EXPLAIN ANALYZE DELETE FROM run",
        "WITH gone AS (DELETE FROM run RETURNING *) SELECT * FROM gone",
        "SELECT \x00",
        "SELECT '\ud800'",
        "(" * 5000,
    ],
)
async def test_what_does_not_is_refused_and_changes_nothing(history: DuckHistory, query: str) -> None:
    await history.commit(submitted(make(1)))
    with pytest.raises(UsageError) as refused:
        await history.sql(query, 5, 100)
    assert refused.value.message
    assert await history.find("1") == make(1)
    await history.commit(submitted(make(2)))
    assert (await history.sql("SELECT count(*) FROM runs", 5, 100)).rows == [(2,)]


async def test_nothing_is_written_beside_the_history(history: DuckHistory, place: Path) -> None:
    with pytest.raises(UsageError):
        await history.sql(f"COPY run TO '{place.parent}/stolen.csv'", 5, 9)
    names = {path.name for path in place.parent.iterdir()}
    assert names <= {"history.duckdb", "history.duckdb.wal", "history.seq"}


async def test_a_runaway_query_is_ended(history: DuckHistory) -> None:
    with pytest.raises(UsageError, match=r"more than 0\.2 s"):
        await history.sql("SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE random() < 0", 0.2, 10)


async def test_a_greedy_query_is_ended(history: DuckHistory) -> None:
    with pytest.raises(UsageError):
        await history.sql("SELECT list(random()) FROM range(1000000000)", 0.5, 10)
    assert (await history.sql("SELECT 1", 5, 1)).rows == [(1,)]


async def test_a_query_of_very_many_rows_is_cut(history: DuckHistory) -> None:
    table = await history.sql("SELECT range FROM range(100000000000)", 5, 100)
    assert len(table.rows) == 100 and table.truncated
    assert table.rows[-1] == (99,)
    table = await history.sql("SELECT range FROM range(100)", 5, 100)
    assert len(table.rows) == 100 and not table.truncated


async def test_a_long_query_keeps_neither_commits_nor_lists_waiting(history: DuckHistory) -> None:
    long = asyncio.ensure_future(history.sql("SELECT count(*) FROM range(100000000000) WHERE random() < 0", 60, 1))
    await history.commit(submitted(make(1)))
    assert (await history.page("", "queue", 10, 0)).total == 1
    assert not long.done()
    long.cancel()
    assert (await history.sql("SELECT 1", 5, 1)).rows == [(1,)]  # it has made room


async def test_closing_ends_what_is_still_asked(place: Path) -> None:
    history = await open_history(str(place))
    long = asyncio.ensure_future(history.sql("SELECT count(*) FROM range(100000000000) WHERE random() < 0", 60, 1))
    await history.commit(submitted(make(1)))
    await history.close()
    with pytest.raises(UsageError):
        await long


async def test_nan_is_seen_as_what_it_is(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(read(run, 10, ("loss", 1, math.nan)))
    assert math.isnan((await history.sql("SELECT last FROM metrics", 5, 1)).rows[0][0])
