"""How busy machines were, out of samples and of what is kept of those that were thinned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from workbench.domain.load import RANK, UNIT, Course, Figures, Load
from workbench.domain.time import SECOND, Micros
from workbench.engine.store import rows
from workbench.engine.store.interface import Loads

HOUR: Micros = 3600 * SECOND
LEAST = 3
"""Units in a bucket at least: samples come a little late now and then, and that is no gap."""

FIGURES = """seen AS (
    SELECT machine, time, TRY_CAST(body ->> '$.cpu' AS DOUBLE) AS use,
           TRY_CAST(body ->> '$.memory' AS DOUBLE) AS memory,
           from_json(body -> '$.devices', '[{"uuid": "VARCHAR", "use": "DOUBLE", "memory": "DOUBLE"}]') AS devices
    FROM raw
), figures AS (
    SELECT machine, 'machine' AS part, time, use, memory FROM seen
    UNION ALL
    SELECT machine, 'gpus', time, list_avg(list_transform(devices, lambda device: device.use)),
           list_sum(list_transform(devices, lambda device: device.memory)) FROM seen WHERE len(devices) > 0
    UNION ALL
    SELECT machine, device.uuid, time, device.use, device.memory
    FROM (SELECT machine, time, unnest(devices) AS device FROM seen)
)"""
"""`figures` (machine, part, time, use, memory) out of `raw` (machine, time, body), as domain.load has them."""

_LOADS = f"""
WITH raw AS (
    SELECT machine, time, body FROM sample
    WHERE machine = $machine AND time >= greatest($since, $thinned) AND time < least($until, $fresh)
    UNION ALL
    SELECT $machine, unnest($times::BIGINT[]), unnest($bodies::VARCHAR[])
), {FIGURES}, pieces AS (
    SELECT part, time, use, use AS use_peak, memory, memory AS memory_peak FROM figures
    UNION ALL
    SELECT part, time, use, use_peak, memory, memory_peak FROM load
    WHERE machine = $machine AND time >= $since AND time < least($until, $thinned)
), units AS (
    SELECT part, time // $unit * $unit AS time, avg(use) AS use, max(use_peak) AS use_peak,
           avg(memory) AS memory, max(memory_peak) AS memory_peak
    FROM pieces GROUP BY ALL
)
SELECT part, place, avg(use), max(use_peak), quantile_cont(use_peak, {RANK}),
       avg(memory), max(memory_peak), quantile_cont(memory_peak, {RANK})
FROM (SELECT *, (time - $since) // $every AS place FROM units)
GROUP BY GROUPING SETS ((part, place), (part)) ORDER BY part, place NULLS LAST"""


def read(
    cursor: duckdb.DuckDBPyConnection,
    machine: str,
    since: Micros,
    until: Micros,
    points: int,
    latest: Sequence[Mapping[str, Any]],
) -> Loads:
    """In at most `points` buckets. latest: samples in memory, in order of time: they go before those on disk."""
    thinned = boundary(cursor)
    unit = _unit(cursor, machine, since, thinned)
    since = since // unit * unit
    every = max(LEAST, -((since - until) // (points * unit))) * unit
    told = [sample for sample in latest if max(since, thinned) <= sample["at"] < until]
    values = {
        "machine": machine,
        "since": since,
        "until": until,
        "thinned": thinned,
        "fresh": told[0]["at"] if told else until,
        "times": [sample["at"] for sample in told],
        "bodies": [rows.compact(dict(sample)) for sample in told],
        "unit": unit,
        "every": every,
    }
    found: dict[str, list[tuple[Any, ...]]] = {}
    for part, *row in cursor.execute(_LOADS, values).fetchall():
        found.setdefault(part, []).append(tuple(row))
    return Loads(since, every, {part: _load(of, since, every) for part, of in found.items()})


def boundary(cursor: duckdb.DuckDBPyConnection, span: Micros = 0) -> Micros:
    """Samples before this time are in `load`, in spans of at least so long. They are put there by whole hours."""
    ((last,),) = cursor.execute("SELECT max(time) FROM load WHERE span >= ?", [span]).fetchall()
    return 0 if last is None else (last // HOUR + 1) * HOUR


def _unit(cursor: duckdb.DuckDBPyConnection, machine: str, since: Micros, thinned: Micros) -> Micros:
    """The finest that all of it can be told in."""
    if since >= thinned:
        return UNIT
    query = "SELECT max(span) FROM load WHERE machine = ? AND time >= ?"
    ((span,),) = cursor.execute(query, [machine, since // HOUR * HOUR]).fetchall()
    return span or UNIT


def _load(found: Sequence[tuple[Any, ...]], since: Micros, every: Micros) -> Load:
    return Load(*(_course([(row[0], row[begin : begin + 3]) for row in found], since, every) for begin in (1, 4)))


def _course(found: Sequence[tuple[int | None, Sequence[Any]]], since: Micros, every: Micros) -> Course:
    """The row without a place is about the whole stretch."""
    known = [(place, Figures(*figures)) for place, figures in found if figures[0] is not None]
    buckets = [(since + place * every, figures) for place, figures in known if place is not None]
    whole = next((figures for place, figures in known if place is None), None)
    return Course(tuple(at for at, _ in buckets), tuple(figures for _, figures in buckets), whole)
