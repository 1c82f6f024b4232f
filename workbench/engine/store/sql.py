"""A query that a user wrote: one statement that reads, within limits of time, memory and rows.

The database itself is opened without access to files, network or settings; a read-only transaction sees to the rest.
"""

from __future__ import annotations

import duckdb

from workbench.engine.store.interface import Table
from workbench.errors import UsageError

MEMORY = "512MB"
"""What sorts and hash tables of one query may take."""

_READING = frozenset({duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN})
"""DESCRIBE, SHOW, SUMMARIZE, VALUES and FROM are SELECT to DuckDB."""


def run(cursor: duckdb.DuckDBPyConnection, query: str, seconds: float, rows: int) -> Table:
    """The first `rows` rows of what `query` asks for; closes the cursor. Raises UsageError with DuckDB's words."""
    try:
        query.encode()
        statements = cursor.extract_statements(query)
        if len(statements) != 1:
            raise UsageError(f"one statement, please: these are {len(statements)}")
        if statements[0].type not in _READING:
            raise UsageError(
                f"{statements[0].type.name} is not a query: history is only read here",
                hint="write SELECT, FROM, DESCRIBE, SHOW TABLES, SUMMARIZE or EXPLAIN",
            )
        cursor.execute(f"SET max_execution_time = {max(1, int(seconds * 1000))}")
        cursor.execute(f"SET operator_memory_limit = '{MEMORY}'")
        cursor.execute("BEGIN TRANSACTION READ ONLY")
        cursor.execute(statements[0])
        columns = [column[0] for column in cursor.description or ()]
        found = cursor.fetchmany(rows + 1)
        return Table(columns, found[:rows], truncated=len(found) > rows)
    except duckdb.InterruptException:
        raise UsageError(f"the query took more than {seconds:g} s and was ended", hint="ask for less") from None
    except (duckdb.Error, UnicodeEncodeError) as problem:
        raise UsageError(str(problem).strip()) from None
    finally:
        cursor.close()
