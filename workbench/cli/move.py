"""`workbench move RUN --top`: another place in the queue, among the runs of its priority."""

from __future__ import annotations

import argparse

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

EXAMPLE = """\
workbench move brave-sunset-12 --top
workbench move brave-sunset-12 --before calm-river-13"""


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    place = parser.add_mutually_exclusive_group(required=True)
    place.add_argument("--top", dest="to", action="store_const", const="top", help="next in line")
    place.add_argument("--bottom", dest="to", action="store_const", const="bottom", help="last in line")
    place.add_argument("--before", metavar="RUN", help="just ahead of another run")
    place.add_argument("--after", metavar="RUN", help="just behind another run")


def main(args: argparse.Namespace) -> int:
    to = args.to or (f"before {args.before}" if args.before else f"after {args.after}")
    with Engine() as engine:
        run = engine.call("move", {"run": args.run, "to": to})["run"]
    if args.json:
        output.document(run)
    else:
        output.say(f"{run['name']}  moved: {to}")
    return 0
