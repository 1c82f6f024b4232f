"""Samples that grow old: fewer with time, and never without their peaks."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from workbench.domain.time import SECOND, Micros
from workbench.engine.store import DuckHistory, open_history, rows
from workbench.engine.store.database import Database
from workbench.engine.store.interface import Batch, MachineSample
from workbench.engine.store.loads import HOUR
from workbench.engine.store.thinning import DAY, GONE, MINUTE, Thinning

NOW: Micros = 1_760_000_000 * SECOND // HOUR * HOUR


@pytest.fixture
def cursor(place: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    database = Database(str(place))
    yield database.cursor()
    database.close()


def put(cursor: duckdb.DuckDBPyConnection, machine: str, begin: Micros, end: Micros, every: Micros) -> None:
    """Samples at these times, the busiest in the middle of each minute."""
    found = [
        (machine, at, rows.compact({"cpu": 1 - abs(at % MINUTE / MINUTE - 0.5)})) for at in range(begin, end, every)
    ]
    with cursor.appender("sample") as appender:
        appender.append_rows(found)


def thin(cursor: duckdb.DuckDBPyConnection, thinning: Thinning, now: Micros) -> int:
    """All that is due; in how many parts."""
    parts = 1
    while thinning.thin(cursor, now):
        parts += 1
    return parts


def kept(cursor: duckdb.DuckDBPyConnection, begin: Micros, end: Micros, machine: str = "gpu3") -> list[Micros]:
    query = "SELECT time FROM sample WHERE machine = ? AND time >= ? AND time < ? ORDER BY time"
    return [at for (at,) in cursor.execute(query, [machine, begin, end]).fetchall()]


def test_a_sample_stands_for_longer_the_older_it_is(cursor: duckdb.DuckDBPyConnection) -> None:
    hours = [NOW - age for age in (2 * HOUR, DAY + HOUR, 30 * DAY + HOUR, GONE + HOUR)]
    for begin in hours:
        put(cursor, "gpu3", begin, begin + HOUR, 10 * SECOND)
    thin(cursor, Thinning(), NOW)
    assert [len(kept(cursor, begin, begin + HOUR)) for begin in hours] == [360, 60, 6, 0]


def test_the_busiest_moment_is_the_one_that_stays(cursor: duckdb.DuckDBPyConnection) -> None:
    begin = NOW - DAY - HOUR
    put(cursor, "gpu3", begin, begin + HOUR, 10 * SECOND)
    thin(cursor, Thinning(), NOW)
    assert kept(cursor, begin, begin + 2 * MINUTE) == [begin + MINUTE // 2, begin + 3 * MINUTE // 2]


def test_each_machine_keeps_its_own_and_a_lone_sample_stays(cursor: duckdb.DuckDBPyConnection) -> None:
    begin = NOW - 40 * DAY
    put(cursor, "gpu3", begin, begin + MINUTE, 10 * SECOND)
    cursor.execute("INSERT INTO sample VALUES ('gpu1', ?, '{}'), ('gpu1', ?, '{}')", [begin, begin + 10 * MINUTE])
    thin(cursor, Thinning(), NOW)
    assert len(kept(cursor, 0, NOW)) == 1
    assert kept(cursor, 0, NOW, "gpu1") == [begin, begin + 10 * MINUTE]


def test_done_anew_after_a_restart_it_changes_nothing(cursor: duckdb.DuckDBPyConnection) -> None:
    put(cursor, "gpu3", NOW - 31 * DAY, NOW - 29 * DAY, MINUTE)
    thin(cursor, Thinning(), NOW)
    before = kept(cursor, 0, NOW)
    assert len(before) == 144 + 1440
    thin(cursor, Thinning(), NOW)
    assert kept(cursor, 0, NOW) == before


def test_a_day_is_done_at_a_time_and_then_an_hour(cursor: duckdb.DuckDBPyConnection) -> None:
    put(cursor, "gpu3", NOW - 4 * DAY, NOW, HOUR // 4)
    thinning = Thinning()
    assert thin(cursor, thinning, NOW) == 3
    put(cursor, "gpu3", NOW - DAY, NOW - DAY + HOUR, 10 * SECOND)
    thin(cursor, thinning, NOW + HOUR - 1)
    assert len(kept(cursor, NOW - DAY, NOW - DAY + HOUR)) > 360
    thin(cursor, thinning, NOW + HOUR)
    assert len(kept(cursor, NOW - DAY, NOW - DAY + HOUR)) == 60


async def test_the_writer_does_it_when_nobody_waits(history: DuckHistory) -> None:
    old = int(time.time() * SECOND) // HOUR * HOUR - 2 * DAY
    samples = [MachineSample("gpu3", old + at * SECOND, {"cpu": at / 60}) for at in range(0, 60, 10)]
    await history.commit(Batch(samples=samples))
    while len(found := await history.samples("gpu3", 0, 9)) > 1:
        pass
    assert found == [(old + 50 * SECOND, {"cpu": 50 / 60})]


async def test_to_close_it_waits_for_no_thinning(place: Path) -> None:
    history = await open_history(str(place))
    await history.commit(Batch(samples=[MachineSample("gpu3", at, {}) for at in range(3)]))
    await history.close()
    again = await open_history(str(place))
    assert len(await again.samples("gpu3", 0, 9)) == 3
    await again.close()
