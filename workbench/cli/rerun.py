"""`workbench rerun RUN`: the same code, environment, params and command again, as a new run."""

from __future__ import annotations

import argparse

from workbench.cli import waiting
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

EXAMPLE = "workbench rerun brave-sunset-12"


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    parser.add_argument("--hold", action="store_true", help="do not start it until `workbench release`")
    parser.add_argument("--wait", action="store_true", help="stay until it is over; end with its exit code")


def main(args: argparse.Namespace) -> int:
    asked = {"run": args.run, "hold": True} if args.hold else {"run": args.run}
    with Engine() as engine:
        run = engine.call("rerun", asked)["runs"][0]
        return waiting.follow(engine, run, wait=args.wait, as_json=args.json)
