"""One metric of one run as a line to draw: thinned in the database, which reads a million points faster than we can."""

from __future__ import annotations

import duckdb

from workbench.domain.time import Micros

Line = tuple[list[int], list[Micros], list[float]]

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
    SELECT step, time, value FROM every JOIN until USING (attempt) WHERE stop IS NULL OR step < stop
)"""

_ALL = f"{_POINTS} SELECT step, time, value FROM kept ORDER BY step, time LIMIT $points + 1"

# Of every bucket the lowest and the highest point, or its first where none is finite: a gap must show.
_THIN = f"""{_POINTS}, placed AS (
    SELECT *, row_number() OVER (ORDER BY step, time) - 1 AS place, count(*) OVER () AS count FROM kept
), buckets AS (
    SELECT arg_min(place, value) FILTER (isfinite(value)) AS low,
           arg_max(place, value) FILTER (isfinite(value)) AS high, min(place) AS start
    FROM placed GROUP BY place * $buckets // count
), chosen AS (
    SELECT coalesce(low, start) AS place FROM buckets UNION SELECT coalesce(high, start) FROM buckets
    UNION SELECT 0 UNION SELECT max(place) FROM placed
)
SELECT step, time, value FROM placed SEMI JOIN chosen USING (place) ORDER BY place"""


def read(cursor: duckdb.DuckDBPyConnection, seq: int, key: str, points: int) -> Line:
    """At most about `points` points in order of step: first, last and extremes are among them."""
    rows = cursor.execute(_ALL, {"run": seq, "key": key, "points": points}).fetchall()
    if len(rows) > points:
        buckets = max(1, (points - 2) // 2)
        rows = cursor.execute(_THIN, {"run": seq, "key": key, "buckets": buckets}).fetchall()
    return [row[0] for row in rows], [row[1] for row in rows], [row[2] for row in rows]
