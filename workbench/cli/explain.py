"""`workbench explain RUN`: why it waits, and what would start it."""

from __future__ import annotations

import argparse

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

EXAMPLE = "workbench explain keen-falcon-14"


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        reply = engine.call("explain", {"run": args.run})
    run, why = reply["run"], reply["why"]
    if args.json:
        output.document({**run, "why": why})
        return 0
    output.say(f"{run['name']}  {run['status']}")
    if progress := reply.get("progress"):
        from workbench.domain.progress import Progress
        from workbench.present.progress import told

        output.say(f"  {told(Progress(**progress))}")
    for line in (why or {}).get("text"), (why or {}).get("until"):
        if line:
            output.say(f"  {line}")
    return 0
