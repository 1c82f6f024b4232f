"""sql: a question to the history in its own language, read-only, with a limit on time and rows."""

from __future__ import annotations

import datetime
import decimal
from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.protocol.messages import number_out

SECONDS, ROWS = 10.0, 10_000


async def sql(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    seconds = min(params.number("seconds", SECONDS), 600.0)
    rows = min(params.whole("rows", ROWS, least=1), 100_000)
    table = await engine.history.sql(params.text("query"), seconds, rows)
    return {
        "columns": list(table.columns),
        "rows": [[_plain(value) for value in row] for row in table.rows],
        "truncated": table.truncated,
    }


def _plain(value: Any) -> Any:
    """As JSON can carry it."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return number_out(value)
        case decimal.Decimal():
            return number_out(float(value))
        case datetime.datetime() | datetime.date() | datetime.time():
            return value.isoformat()
        case list() | tuple() | set():
            return [_plain(item) for item in value]
        case dict():
            return {str(key): _plain(item) for key, item in value.items()}
        case bytes():
            return value.hex()
        case _:
            return str(value)
