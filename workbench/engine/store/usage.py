"""What one attempt took while it ran, out of the samples of its machine: thinned in the database."""

from __future__ import annotations

from collections.abc import Collection

import duckdb

from workbench.domain.time import Micros
from workbench.domain.use import Use

# Of samples that share a place the most of each figure, so that peaks stay peaks.
_USES = """
WITH sampled AS (
    SELECT time, json_extract_string(body, $attempt)::DOUBLE[] AS own, list_filter(
        from_json(body -> '$.devices', '[{"uuid": "VARCHAR", "use": "DOUBLE", "memory": "BIGINT"}]'),
        lambda device: list_contains($devices, device.uuid)
    ) AS held
    FROM sample WHERE machine = $machine AND time BETWEEN $since AND $until AND json_exists(body, $attempt)
), placed AS (
    SELECT *, (row_number() OVER (ORDER BY time) - 1) * $points // greatest($points, count(*) OVER ()) AS place
    FROM sampled
)
SELECT max(time), max(own[1]), max(own[2])::BIGINT,
       max(coalesce(list_sum(list_transform(held, lambda device: device.use)), 0)),
       max(coalesce(list_sum(list_transform(held, lambda device: device.memory)), 0))::BIGINT
FROM placed GROUP BY place ORDER BY 1"""


def read(
    cursor: duckdb.DuckDBPyConnection,
    machine: str,
    attempt: str,
    devices: Collection[str],
    since: Micros,
    until: Micros,
    points: int,
) -> list[Use]:
    """At most `points`, in order of time."""
    values = {
        "machine": machine,
        "attempt": f'$.attempts."{attempt}"',
        "devices": list(devices),
        "since": since,
        "until": until,
        "points": points,
    }
    return [Use(*row) for row in cursor.execute(_USES, values).fetchall()]
