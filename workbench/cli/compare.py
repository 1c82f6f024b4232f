"""`workbench compare RUN...`: what differs between runs, and what came of it."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any

    from workbench.domain.comparison import Comparison
    from workbench.present.compare import View

EXAMPLE = """\
workbench compare brave-sunset-12 calm-river-13 --best
workbench compare 12 13 14 15 --group"""


def configure(parser: Parser) -> None:
    parser.add_argument("runs", nargs="+", **RUN)
    parser.add_argument("--best", action="store_true", help="of each metric the best value, instead of the last")
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--group", action="store_true", help="mean and deviation over seeds")
    what.add_argument("--config", action="store_true", help="what their code logged about itself")
    what.add_argument("--code", action="store_true", help="each run's code against the first one's, as a diff")
    what.add_argument("--env", action="store_true", help="each run's packages against the first one's")
    parser.add_argument("--markdown", action="store_true", help="tables as Markdown")


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        if args.code or args.env:
            return _pairs(engine, args)
        reply = engine.call("compare", {"runs": args.runs})
    if args.json and not args.group:
        output.document(reply)
        return 0
    from workbench.present.compare import View
    from workbench.protocol.comparison import comparison_in

    comparison = comparison_in(reply)
    view = View(best=args.best, metric=comparison.favourite())
    if args.json:
        output.document(_groups(comparison, view))
        return 0
    for line in _text(comparison, view, args):
        print(line)
    return 0


def _text(comparison: Comparison, view: View, args: argparse.Namespace) -> list[str]:
    import time

    from workbench.present.compare import config_sheet, sheet
    from workbench.present.groups import group_lines
    from workbench.present.matrix import beside, markdown_table, plain
    from workbench.present.text import table

    wide = output.columns()
    same: Sequence[tuple[str, str]] = ()
    if args.group:
        head, *rows = group_lines(comparison, view, view.averaged(comparison.runs))
    else:
        made = config_sheet(comparison, view) if args.config else sheet(comparison, view, int(time.time() * 1e6))
        head, *rows = plain(made, view, wide is None or beside(len(comparison.runs), wide))
        same = made.same
    if args.markdown:
        return [markdown_table([head, *rows]).rstrip()]
    lines = table(head, rows, wide)
    return [*lines, "", *table((f"{len(same)} equal", ""), same, wide)] if same else lines


def _groups(comparison: Comparison, view: View) -> list[dict[str, Any]]:
    """Of each group its runs, and of each metric what its values come to."""
    from workbench.domain.groups import grouped, spread
    from workbench.protocol.messages import number_out

    over = view.averaged(comparison.runs)
    groups = []
    for members in grouped(comparison.runs, over):
        first = comparison.runs[members[0]]
        metrics = {}
        for key in comparison.metrics:
            values = comparison.values(key, view.best)
            seen = spread(values[index] for index in members)
            metrics[key] = {
                "n": seen.n,
                "mean": number_out(seen.mean),
                "deviation": seen.deviation,
                "min": number_out(seen.low),
                "max": number_out(seen.high),
            }
        params = {key: value for key, value in first.ask.params.items() if key not in over}
        runs = [comparison.runs[index].id for index in members]
        groups.append({"runs": runs, "params": params, "over": list(over), "metrics": metrics})
    return groups


def _pairs(engine: Engine, args: argparse.Namespace) -> int:
    """Each run against the first."""
    from workbench.errors import UsageError

    if len(args.runs) < 2:
        raise UsageError("compare takes two runs or more", hint="`workbench runs` lists them")
    base, *others = args.runs
    verb = "compare_code" if args.code else "compare_environment"
    replies = [engine.call(verb, {"base": base, "run": run}) for run in others]
    if args.json:
        output.objects(replies)
        return 0
    for run, reply in zip(others, replies, strict=True):
        if args.code:
            _say_code(base, run, reply)
        else:
            print("\n".join(_packages(base, run, reply, args.markdown)))
    return 0


def _say_code(base: str, run: str, reply: dict[str, Any]) -> None:
    """The diff and nothing else. A pipe gets every byte, so that `git apply` can read it."""
    import sys

    from workbench.present.sanitise import clean_lines

    sys.stdout.write(
        "".join(f"{line}\n" for line in clean_lines(reply["text"])) if output.terminal() else reply["text"]
    )
    if not reply["count"]:
        output.note(f"{run} has the same code as {base}")
    if left_out := reply["count"] - reply["included"]:
        output.note(f"{left_out:,} of {reply['count']:,} files are left out: there is too much of it")


def _packages(base: str, run: str, reply: dict[str, Any], markdown: bool) -> Sequence[str]:
    from workbench.present.matrix import markdown_table
    from workbench.present.pair import package_rows
    from workbench.present.sanitise import clean
    from workbench.present.text import table

    head, rows = ["package", clean(base), clean(run)], package_rows(reply)
    if not rows:
        return [clean(f"{run} has the same packages as {base}")]
    return [markdown_table([head, *rows])] if markdown else [*table(head, rows, output.columns()), ""]
