"""`workbench run [FLAGS] -- COMMAND...`: one run, acknowledged when it is in the history for good."""

from __future__ import annotations

import argparse

from workbench.cli import output, submission, waiting
from workbench.cli.parser import Parser
from workbench.client.calls import Engine

EXAMPLE = """\
workbench run --set lr=0.01 --gpus 1 --time-limit 2h -- python train.py --lr {lr}
workbench run --wait -- make report"""


def configure(parser: Parser) -> None:
    submission.configure(parser)
    parser.add_argument("--notify", action="store_true", help="tell me when it is over")


def main(args: argparse.Namespace) -> int:
    asked = submission.make(args)
    if args.notify:
        asked["notify"] = True
    if args.settings:
        from workbench.domain.params import listed, parse_params

        asked["params"] = parse_params(args.settings)
        for key in listed(args.settings):
            output.note(f"{key} is one text here; `workbench sweep` would make a run of each value")
    with Engine() as engine:
        run = submission.submit(engine, asked)["runs"][0]
        return waiting.follow(engine, run, wait=args.wait, as_json=args.json)
