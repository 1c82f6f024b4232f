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
workbench runs status:failed since:2d --columns param.lr,metric.loss --save broken
workbench runs --view broken
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
    parser.add_argument("--columns", metavar="KEYS", help="param.KEY and metric.KEY to show, commas between")
    parser.add_argument("--view", metavar="NAME", help="as saved; what else is given goes on top")
    parser.add_argument("--save", metavar="NAME", help="keep filter, order and columns under a name, for the queue too")
    parser.dashed = ("--order",)


def main(args: argparse.Namespace) -> int:
    filter, order, columns = _asked(args)
    rows, total = _pages(args, filter, order)
    if args.save:
        from workbench import views
        from workbench.domain.view import View

        views.save(args.save, View(filter, order, columns))
    if args.json:
        output.document([{**row["run"], "metrics": row["metrics"]} for row in rows])
        return 0
    if not rows:
        print("no run matches" if filter else "no runs yet: workbench run -- COMMAND", file=sys.stderr)
        return 0
    now = time.time()
    if columns:
        from workbench.domain.view import title_of

        headers = (*HEADERS[:5], *(title_of(column, columns) for column in columns))
        output.table(headers, [(*_cells(row, now)[:5], *_chosen(row, columns)) for row in rows])
    else:
        output.table(HEADERS, [_cells(row, now) for row in rows])
    if total > len(rows):
        output.note(f"{len(rows):,} of {total:,}; --limit shows more")
    return 0


def _asked(args: argparse.Namespace) -> tuple[str, str, tuple[str, ...]]:
    """Filter, order and columns: what was saved, with what is given on top."""
    filter, order = " ".join(args.filter), args.order or "queue"
    columns: tuple[str, ...] = ()
    if args.view:
        from workbench import views

        view = views.find(args.view)
        filter = f"({view.filter}) {filter}" if filter and view.filter else filter or view.filter
        order, columns = args.order or view.order, view.columns
    if args.columns:
        from workbench.domain.view import check_columns

        columns = check_columns(tuple(args.columns.split(",")))
    return filter, order, columns


def _pages(args: argparse.Namespace, filter: str, order: str) -> tuple[list[dict[str, Any]], int]:
    """As many rows as were asked for, and how many there are."""
    asked: dict[str, Any] = {"filter": filter} if filter else {}
    if order != "queue":
        asked["order"] = order
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


def _chosen(row: dict[str, Any], columns: tuple[str, ...]) -> tuple[str, ...]:
    from workbench.present.numbers import metric, param
    from workbench.protocol.messages import number_in

    cells = []
    for column in columns:
        subject, _, key = column.partition(".")
        known = row["metrics"] if subject == "metric" else row["run"]["params"]
        shown = "" if key not in known else metric(number_in(known[key])) if subject == "metric" else param(known[key])
        cells.append(shown)
    return tuple(cells)
