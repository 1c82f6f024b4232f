"""`workbench top [--once]`: who does what where. At a terminal the screen of machines, else lines or JSON, once."""

from __future__ import annotations

import argparse
import sys
import time

from workbench.cli import output
from workbench.cli.parser import Parser
from workbench.client.calls import Engine

EXAMPLE = """\
workbench top
workbench top --once
workbench top --once --json | jq -r '.waiting[].why'"""

LIMIT = 1000
"""Runs of a kind that are told."""


def configure(parser: Parser) -> None:
    parser.add_argument("--once", action="store_true", help="print it as plain lines, and end")


def main(args: argparse.Namespace) -> int:
    if not (args.once or args.json) and sys.stdin.isatty() and output.terminal():
        from workbench.app import run_app

        return run_app("machines")
    return _once(args.json)


def _once(as_json: bool) -> int:
    with Engine() as engine:
        machines = engine.call("machines")["machines"]
        running = engine.call("runs", {"filter": "is:active", "limit": LIMIT})["rows"]
        waiting = engine.call("runs", {"filter": "is:waiting", "limit": LIMIT})
    from dataclasses import asdict

    from workbench.client.mirror import Snapshot, use_now
    from workbench.present.top import top
    from workbench.protocol.runs import run_in

    snapshot = Snapshot(machines=tuple(machines))
    runs = [run_in(row["run"]) for row in running]
    uses = {run.id: use for run in runs if (use := use_now(snapshot, run))}
    if as_json:
        taken = {id: asdict(use) for id, use in uses.items()}
        output.document(
            {
                "machines": [{**machine, "history": []} for machine in machines],
                "running": [{**row["run"], "use": taken.get(row["run"]["id"])} for row in running],
                "waiting": [{**row["run"], "why": row.get("waits", "")} for row in waiting["rows"]],
            }
        )
        return 0
    whys = [(run_in(row["run"]), row.get("waits", "")) for row in waiting["rows"]]
    for line in top(machines, runs, whys, waiting["counts"], uses, time.time_ns() // 1000):
        print(line)
    return 0
