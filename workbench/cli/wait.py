"""`workbench wait RUN...`: until they are over; the exit code is theirs."""

from __future__ import annotations

import argparse

from workbench.cli import output, waiting
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

EXAMPLE = "workbench wait brave-sunset-12 && echo finished"


def configure(parser: Parser) -> None:
    parser.add_argument("runs", nargs="+", **RUN)


def main(args: argparse.Namespace) -> int:
    over = []
    with Engine() as engine:
        for run in args.runs:
            over.append(waiting.until_over(engine, run))
            if args.json:
                output.objects(over[-1:])
            else:
                output.say(waiting.ending(over[-1]))
    return waiting.first_failure(over)
