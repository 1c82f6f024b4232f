"""`workbench plot RUN METRIC...`: the metrics of a run drawn once, by plotext."""

from __future__ import annotations

import argparse
import math
from typing import Any

from workbench.cli import output
from workbench.cli.parser import RUN, Parser, at_least, flag
from workbench.client.calls import Engine
from workbench.errors import NotFound

EXAMPLE = "workbench plot brave-sunset-12 loss val/loss --height 20"

WIDTH, HEIGHT = 100, 20


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    parser.add_argument("metrics", nargs="+", metavar="METRIC")
    parser.add_argument("--width", type=flag("--width", at_least(20)), metavar="COLUMNS")
    parser.add_argument("--height", type=flag("--height", at_least(6)), default=HEIGHT, metavar="LINES")


def main(args: argparse.Namespace) -> int:
    width = args.width or output.columns() or WIDTH
    with Engine() as engine:
        asked = {"runs": [args.run], "keys": args.metrics, "points": width * 2}
        series = engine.call("series", asked)["series"]
    if args.json:
        output.document(series)
        return 0
    drawn = [one for one in series if one["values"]]
    missing = [key for key in args.metrics if key not in {one["key"] for one in drawn}]
    if missing:
        raise NotFound(
            f"{args.run} has no metric {missing[0]!r}", hint=f"`workbench show {args.run}` lists those it has"
        )
    for one in drawn:
        for line in chart(one, width, args.height, colour=output.terminal()):
            print(line)
    return 0


def chart(one: dict[str, Any], width: int, height: int, *, colour: bool) -> list[str]:
    """A metric in braille over its steps, so many columns and lines large; each metric has its own scale."""
    import plotext

    from workbench.present.numbers import metric
    from workbench.present.sanitise import clean
    from workbench.protocol.messages import number_in

    values = [number_in(value) for value in one["values"]]
    points = [(step, value) for step, value in zip(one["steps"], values, strict=True) if math.isfinite(value)]
    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    if points:
        signal = figure.signal([step for step, _ in points], [value for _, value in points], marker="braille")
        signal.lines()
        figure.draw(signal)
    figure.title(f"{clean(one['key'])}  last {metric(values[-1])}")
    figure.plot_size(width, height)
    figure.canvas("default")
    drawn = str(figure.build().string()).rstrip("\n").split("\n")
    return drawn if colour else [clean(line).rstrip() for line in drawn]
