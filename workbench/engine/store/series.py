"""One metric of one run as a line to draw: thinned in the database, which reads a million points faster than we can."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from workbench.engine.store.interface import Series, Stretch

# A later attempt overwrites what earlier ones logged from its first step on.
_POINTS = """
WITH every AS (
    SELECT attempt, step, time, value FROM point WHERE run = $run AND key = $key
    UNION ALL SELECT attempt, step, time, value FROM recent WHERE run = $run AND key = $key
), attempts AS (
    SELECT attempt, min(step) AS first FROM every GROUP BY attempt
), until AS (
    SELECT attempt, min(first) OVER (ORDER BY attempt DESC ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS stop
    FROM attempts
), kept AS (
    SELECT step, time, value FROM every JOIN until USING (attempt)
    WHERE (stop IS NULL OR step < stop) AND step BETWEEN $first AND $last
)"""

_ALL = f"{_POINTS} SELECT step, time, value FROM kept ORDER BY step, time LIMIT $points + 1"

_PLACED = f"""{_POINTS}, placed AS (
    SELECT *, row_number() OVER (ORDER BY step, time) - 1 AS place, count(*) OVER () AS count FROM kept
)"""

# Of every bucket the lowest and the highest point, or its first where none is finite: a gap must show.
_THIN = f"""{_PLACED}, buckets AS (
    SELECT arg_min(place, value) FILTER (isfinite(value)) AS low,
           arg_max(place, value) FILTER (isfinite(value)) AS high, min(place) AS start
    FROM placed GROUP BY place * $buckets // count
), chosen AS (
    SELECT coalesce(low, start) AS place FROM buckets UNION SELECT coalesce(high, start) FROM buckets
    UNION SELECT 0 UNION SELECT max(place) FROM placed
)
SELECT step, time, value FROM placed SEMI JOIN chosen USING (place) ORDER BY place"""

# Of every bucket the mean and the extremes of what is finite, at its middle point; NaN where nothing is.
_BANDS = f"""{_PLACED}
SELECT quantile_disc(step, 0.5), quantile_disc(time, 0.5),
       coalesce(avg(value) FILTER (isfinite(value)), 'NaN'::DOUBLE),
       coalesce(min(value) FILTER (isfinite(value)), 'NaN'::DOUBLE),
       coalesce(max(value) FILTER (isfinite(value)), 'NaN'::DOUBLE)
FROM placed GROUP BY place * $buckets // count ORDER BY min(place)"""


def read(cursor: duckdb.DuckDBPyConnection, seq: int, key: str, points: int, stretch: Stretch, bands: bool) -> Series:
    """At most about `points` points of a stretch, in order of step.

    Where there are more: the first, the last and the extremes, or with `bands` means between lows and highs.
    """
    asked = {"run": seq, "key": key, "first": stretch.first, "last": stretch.last}
    rows = cursor.execute(_ALL, {**asked, "points": points}).fetchall()
    if len(rows) <= points:
        return Series(*_columns(rows, 3))
    if bands:
        return Series(*_columns(cursor.execute(_BANDS, {**asked, "buckets": points}).fetchall(), 5))
    buckets = max(1, (points - 2) // 2)
    return Series(*_columns(cursor.execute(_THIN, {**asked, "buckets": buckets}).fetchall(), 3))


def _columns(rows: Sequence[Sequence[Any]], count: int) -> list[list[Any]]:
    return [[row[index] for row in rows] for index in range(count)]
