"""`workbench env list|prune`: the environments built here, shared by all runs with the same lock."""

from __future__ import annotations

import argparse
import time

from workbench.cli import output
from workbench.cli.parser import Parser
from workbench.client.calls import Engine

EXAMPLE = """\
workbench env list
workbench env prune"""

HEADERS = ("environment", "size", "used", "needed")


def configure(parser: Parser) -> None:
    words = "prune removes those that no waiting run needs"
    parser.add_argument("what", choices=("list", "prune"), metavar="{list,prune}", help=words)


def main(args: argparse.Namespace) -> int:
    return _list(args) if args.what == "list" else _prune(args)


def _list(args: argparse.Namespace) -> int:
    with Engine() as engine:
        environments = engine.call("environments")["environments"]
    if args.json:
        output.document(environments)
        return 0
    from workbench.domain.resources import format_size
    from workbench.present.numbers import ago

    now = int(time.time() * 1e6)
    output.table(
        HEADERS,
        [
            (one["id"], format_size(one["bytes"]), ago(one["used"], now), "yes" if one["needed"] else "no")
            for one in environments
        ],
    )
    return 0


def _prune(args: argparse.Namespace) -> int:
    with Engine() as engine:
        reply = engine.call("prune")
    if args.json:
        output.document(reply)
        return 0
    from workbench.domain.resources import format_size

    number = len(reply["removed"])
    output.say(f"removed {number} environment{'' if number == 1 else 's'}, {format_size(reply['bytes'])}")
    return 0
