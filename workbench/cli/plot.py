"""`workbench plot RUN METRIC...`: the metrics of a run drawn once, by plotext."""

from __future__ import annotations

import argparse
import math
from typing import Any

from workbench.cli import output
from workbench.cli.parser import Parser, at_least, flag
from workbench.client.calls import Engine
from workbench.errors import NotFound

EXAMPLE = "workbench plot brave-sunset-12 loss val/loss --height 20"

WIDTH, HEIGHT = 100, 24


def configure(parser: Parser) -> None:
    parser.add_argument("run", metavar="RUN")
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
    print(chart(drawn, width, args.height, colour=output.terminal()))
    return 0


def chart(series: list[dict[str, Any]], width: int, height: int, *, colour: bool) -> str:
    """Lines of braille over steps, so many columns and lines large."""
    import plotext

    from workbench.present.sanitise import clean
    from workbench.protocol.messages import number_in

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    for one in series:
        points = [(step, number_in(value)) for step, value in zip(one["steps"], one["values"], strict=True)]
        finite = [(step, value) for step, value in points if math.isfinite(value)]
        if not finite:
            continue
        steps, values = zip(*finite, strict=True)
        signal = figure.signal(steps, values, marker="braille", label=clean(one["key"]))
        signal.lines()
        figure.draw(signal)
    figure.plot_size(width, height)
    figure.canvas("default")
    if not colour:
        figure.theme("clear")
    return str(figure.build().string())
