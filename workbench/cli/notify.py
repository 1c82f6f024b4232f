"""`workbench notify RUN...`: be told when it is over."""

from __future__ import annotations

import argparse

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

EXAMPLE = """\
workbench notify brave-sunset-12
workbench notify --off brave-sunset-12"""


def configure(parser: Parser) -> None:
    parser.add_argument("runs", nargs="+", **RUN)
    parser.add_argument("--off", action="store_true", help="no word of it, after all")


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        reply = engine.call("notify", {"runs": args.runs, "off": args.off})
    if args.json:
        output.objects(reply["runs"])
    else:
        for run in reply["runs"]:
            output.say(f"{run['name']}  {'you will be told when it is over' if reply['wanted'] else 'no word of it'}")
    return 0
