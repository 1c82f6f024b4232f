"""`workbench compare RUN...`: what differs between runs, and what came of it."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

EXAMPLE = "workbench compare brave-sunset-12 calm-river-13"


def configure(parser: Parser) -> None:
    parser.add_argument("runs", nargs="+", **RUN)


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        reply = engine.call("compare", {"runs": args.runs})
    if args.json:
        output.document(reply)
        return 0
    for line in text(reply):
        print(line)
    return 0


def text(reply: dict[str, Any]) -> list[str]:
    """The answer of `compare` as a table: what differs, then what is equal."""
    import time

    from workbench.present.compare import rows
    from workbench.present.text import table
    from workbench.protocol.messages import number_in
    from workbench.protocol.runs import run_in

    runs = [run_in(run) for run in reply["runs"]]
    metrics = {
        key: [None if value is None else number_in(value) for value in values]
        for key, values in reply["metrics"].items()
    }
    lines = rows(runs, metrics, int(time.time() * 1e6), unfolded=True)
    cells = [[cell.text for cell in line] for line in lines]
    wide = len(runs) + 1
    return table(("", *(run.name for run in runs)), [(line + [""] * wide)[:wide] for line in cells], output.columns())
