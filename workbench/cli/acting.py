"""What `cancel`, `hold` and `release` share: runs in, what became of them out."""

from __future__ import annotations

import argparse

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine


def configure(parser: Parser) -> None:
    parser.add_argument("runs", nargs="+", **RUN)


def act(verb: str, args: argparse.Namespace) -> int:
    """All of the runs, or none where one of them does not allow it."""
    with Engine() as engine:
        runs = engine.call(verb, {"runs": args.runs})["runs"]
    if args.json:
        output.objects(runs)
    else:
        for run in runs:
            wanted = (run.get("detail") or {}).get("cancelled_by")
            output.say(f"{run['name']}  {'cancelling' if wanted else run['status']}")
    return 0
