"""What the machines did, kept ever more coarsely: the older a sample, the longer the time that it stands for."""

from __future__ import annotations

import duckdb

from workbench.domain.time import SECOND, Micros

MINUTE, HOUR = 60 * SECOND, 3600 * SECOND
DAY = 24 * HOUR

COARSER = ((DAY, MINUTE), (30 * DAY, 10 * MINUTE))
"""Age -> from then on one sample stands for so long. Both divide an hour."""
GONE = 365 * DAY
"""Age from which none is kept."""

_SLICE = DAY
"""Of what is to be thinned, so much at a time: somebody may be waiting to write."""

# The busiest moment stands for the rest, so that peaks stay peaks.
_REST = """
    DELETE FROM sample WHERE rowid IN (
        SELECT rowid FROM sample WHERE time >= ? AND time < ?
        QUALIFY row_number() OVER (
            PARTITION BY machine, time // ? ORDER BY TRY_CAST(body ->> '$.cpu' AS DOUBLE) DESC NULLS LAST, time
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
        left = False
        for age, span in COARSER:
            due = (now - age) // HOUR * HOUR
            begin = self._done.get(age, max(oldest, now - GONE) // HOUR * HOUR)
            end = min(begin + _SLICE, due)
            if begin < end:
                cursor.execute(_REST, [begin, end, span])
                self._done[age] = end
                left |= end < due
        return left
