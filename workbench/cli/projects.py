"""`workbench projects`: where work goes on, and the best result of each."""

from __future__ import annotations

import argparse
import time
from typing import Any

from workbench.cli import output
from workbench.cli.parser import Parser
from workbench.client.calls import Engine

EXAMPLE = "workbench projects"

HEADERS = ("project", "runs", "active", "last", "run time", "best", "directory")


def configure(parser: Parser) -> None:
    """Nothing but --json."""


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        projects = engine.call("projects")["projects"]
    if args.json:
        output.document(projects)
    elif projects:
        now = int(time.time() * 1e6)
        output.table(HEADERS, [_cells(project, now) for project in projects])
    else:
        output.note("no project has runs yet")
    return 0


def _cells(project: dict[str, Any], now: int) -> tuple[str, ...]:
    from workbench.domain.time import format_duration
    from workbench.present.numbers import ago, metric
    from workbench.protocol.messages import number_in

    counts, best = project["counts"], project["best"]
    return (
        project["name"],
        str(sum(counts.values())),
        str(counts.get("running", 0) + counts.get("preparing", 0)),
        ago(project["last"], now),
        format_duration(project["seconds"]),
        f"{project['metric']} {metric(number_in(best['value']))} by {best['name']}" if best else "",
        project["directory"],
    )
