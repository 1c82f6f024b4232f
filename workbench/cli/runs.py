"""`workbench runs [FILTER]`: those that live, then the newest, a page of them however long the history is."""

from __future__ import annotations

import argparse
import sys
import time

from workbench.cli import output
from workbench.cli.parser import Parser, at_least, flag
from workbench.client.calls import Engine

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any

EXAMPLE = """\
workbench runs
workbench runs 'status:failed param.lr<0.1' --order -metric.loss --limit 20
workbench runs --json | jq -r '.[].id'"""

PAGE, MOST = 50, 1000
"""Runs that are listed where nobody says how many: for a reader, and for a program."""

ANSWER = 1000
"""Rows that the engine gives in one answer."""

HEADERS = ("#", "run", "status", "machine", "time", "params", "metrics")


def configure(parser: Parser) -> None:
    parser.add_argument("filter", nargs="*", metavar="FILTER", help="which runs, such as: is:live loss<0.3")
    parser.add_argument("--limit", type=flag("--limit", at_least(1)), metavar="N", help=f"else {PAGE}, as JSON {MOST}")
    parser.add_argument("--order", metavar="KEY", help="newest, a field, or metric.KEY; -KEY: the largest first")
    parser.dashed = ("--order",)


def main(args: argparse.Namespace) -> int:
    rows, total = _pages(args)
    if args.json:
        output.document([{**row["run"], "metrics": row["metrics"]} for row in rows])
        return 0
    if not rows:
        print("no run matches" if args.filter else "no runs yet: workbench run -- COMMAND", file=sys.stderr)
        return 0
    now = time.time()
    output.table(HEADERS, [_cells(row, now) for row in rows])
    if total > len(rows):
        output.note(f"{len(rows):,} of {total:,}; --limit shows more")
    return 0


def _pages(args: argparse.Namespace) -> tuple[list[dict[str, Any]], int]:
    """As many rows as were asked for, and how many there are."""
    asked: dict[str, Any] = {"filter": " ".join(args.filter)} if args.filter else {}
    if args.order:
        asked["order"] = args.order
    limit = args.limit or (MOST if args.json else PAGE)
    rows: list[dict[str, Any]] = []
    with Engine() as engine:
        while True:
            page = {"offset": len(rows), "limit": min(ANSWER, limit - len(rows))}
            found = engine.call("runs", {**asked, **page})
            rows += found["rows"]
            if not found["rows"] or len(rows) >= min(limit, found["total"]):
                return rows, found["total"]


def _cells(row: dict[str, Any], now: float) -> tuple[str, ...]:
    from workbench.present.numbers import clock, metric, param
    from workbench.protocol.messages import number_in

    run = row["run"]
    status = f"failed {run['exit_code']}" if run["status"] == "failed" else run["status"]
    seconds = ((run["ended"] or now * 1e6) - run["started"]) / 1e6 if run["started"] else None
    return (
        str(run["seq"]),
        run["name"],
        status,
        run["machine"] or "",
        "" if seconds is None else clock(seconds),
        " ".join(f"{key}={param(value)}" for key, value in run["params"].items()),
        row.get("waits") or " ".join(f"{key}={metric(number_in(value))}" for key, value in row["metrics"].items()),
    )
