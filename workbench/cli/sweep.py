"""`workbench sweep --set KEY=VALUES ... -- COMMAND...`: every combination is a run; all are submitted, or none."""

from __future__ import annotations

import argparse

from workbench.cli import output, submission, waiting
from workbench.client.calls import Engine
from workbench.errors import UsageError
from workbench.present.sanitise import clean

EXAMPLE = "workbench sweep --set lr=0.1,0.01 --set 'seed=range(5)' -- python train.py --lr {lr} --seed {seed}"

configure = submission.configure


def main(args: argparse.Namespace) -> int:
    asked = submission.make(args)
    if not args.settings:
        raise UsageError("a sweep varies something: --set KEY=VALUES", hint="workbench run submits a single run")
    from workbench.domain.params import parse_grid

    asked["grid"] = parse_grid(args.settings)
    with Engine() as engine:
        reply = submission.submit(engine, asked)
        if args.json:
            output.document(reply)
        else:
            _print(reply)
        if not args.wait:
            return 0
        over = []
        for id, name in zip(reply["ids"], reply["names"], strict=True):
            over.append(waiting.until_over(engine, id, name))
            if not args.json:
                output.say(waiting.ending(over[-1]))
    return waiting.first_failure(over)


def _print(reply: dict[str, list[str]]) -> None:
    if not output.terminal():
        for id, name in zip(reply["ids"], reply["names"], strict=True):
            print(id, clean(name), sep="\t")
        return
    names = reply["names"]
    output.say(f"{reply['count']} runs queued, {names[0]} to {names[-1]}")
    output.say(f"watch them: workbench, or workbench runs sweep:{reply['ids'][0]}")
