"""`workbench sql "select ..."`: the history, read-only, with a limit on time and rows."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli import output
from workbench.cli.parser import Parser, at_least, duration, flag
from workbench.client.calls import Engine

EXAMPLE = """workbench sql "select status, count(*) from runs group by status\""""


def configure(parser: Parser) -> None:
    parser.add_argument("query", metavar="QUERY")
    parser.add_argument("--seconds", type=flag("--seconds", duration), metavar="N", help="give up after so long")
    parser.add_argument("--rows", type=flag("--rows", at_least(1)), metavar="N", help="no more rows than these")


def main(args: argparse.Namespace) -> int:
    asked = {"query": args.query, "seconds": args.seconds, "rows": args.rows}
    with Engine() as engine:
        found = engine.call("sql", {key: value for key, value in asked.items() if value is not None})
    if args.json:
        output.document(found)
    else:
        output.table(found["columns"], [[_text(value) for value in row] for row in found["rows"]])
    if found["truncated"]:
        output.note(f"only the first {len(found['rows'])} rows; --rows shows more")
    return 0


def _text(value: Any) -> str:
    return "" if value is None else str(value)
