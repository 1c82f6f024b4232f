"""What the machines did, kept ever more coarsely: the older a sample, the longer the time that it stands for.

Of the samples in a span one stays. What all of them said of the load is summed up first, means beside peaks.
"""

from __future__ import annotations

import duckdb

from workbench.domain.time import SECOND, Micros
from workbench.engine.store.loads import FIGURES, HOUR, boundary

MINUTE = 60 * SECOND
DAY = 24 * HOUR

COARSER = ((DAY, MINUTE), (30 * DAY, 10 * MINUTE))
"""Age -> from then on one sample stands for so long. Both divide an hour."""
GONE = 365 * DAY
"""Age from which none is kept."""

_SLICE = DAY
"""Of what is to be thinned, so much at a time: somebody may be waiting to write."""

_SUM = f"""
    INSERT INTO load
    WITH raw AS (SELECT machine, time, body FROM sample WHERE time >= $begin AND time < $end), {FIGURES}
    SELECT machine, part, time // $span * $span AS start, $span, avg(use), max(use), avg(memory), max(memory)
    FROM figures GROUP BY machine, part, start"""
_SUM_AGAIN = """
    INSERT INTO load
    SELECT machine, part, time // $span * $span AS start, $span, avg(use), max(use_peak), avg(memory), max(memory_peak)
    FROM load WHERE time >= $begin AND time < $end AND span < $span GROUP BY machine, part, start"""
_SUMMED = "DELETE FROM load WHERE time >= $begin AND time < $end AND span < $span"

# The busiest moment stands for the rest in what attempts took.
_REST = """
    DELETE FROM sample WHERE rowid IN (
        SELECT rowid FROM sample WHERE time >= $begin AND time < $end
        QUALIFY row_number() OVER (
            PARTITION BY machine, time // $span ORDER BY TRY_CAST(body ->> '$.cpu' AS DOUBLE) DESC NULLS LAST, time
        ) > 1
    )"""


class Thinning:
    """Remembers how far it is, so that an hour's work is done once an hour."""

    def __init__(self) -> None:
        self._done: dict[Micros, Micros] = {}
        """Age -> samples before this time are as coarse as that age asks for."""

    def thin(self, cursor: duckdb.DuckDBPyConnection, now: Micros) -> bool:
        """Do a part of what is due, in the transaction that is open. Whether more of it is left."""
        ((oldest,),) = cursor.execute("SELECT min(time) FROM sample").fetchall()
        if oldest is None:
            return False
        if oldest < now - GONE:
            cursor.execute("DELETE FROM sample WHERE time < ?", [now - GONE])
            cursor.execute("DELETE FROM load WHERE time < ?", [now - GONE])
        left = False
        for age, span in COARSER:
            due = (now - age) // HOUR * HOUR
            begin = self._done.get(age) or boundary(cursor, span) or max(oldest, now - GONE) // HOUR * HOUR
            end = min(begin + _SLICE, due)
            if begin < end:
                stretch = {"begin": begin, "end": end, "span": span}
                for statement in (_SUM, _REST) if span == COARSER[0][1] else (_SUM_AGAIN, _SUMMED, _REST):
                    cursor.execute(statement, stretch)
                self._done[age] = end
                left |= end < due
        return left
