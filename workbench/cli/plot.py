"""`workbench plot RUN METRIC...`: metrics of a run, or of several, drawn once, by plotext."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from workbench.cli import output
from workbench.cli.parser import RUN, Parser, at_least, flag
from workbench.client.calls import Engine
from workbench.errors import NotFound, UsageError

if TYPE_CHECKING:
    from workbench.present.axis import Axis, Tick
    from workbench.present.canvas import Series

EXAMPLE = "workbench plot brave-sunset-12 loss --with calm-river-13 --log --smooth 0.6"

WIDTH, HEIGHT = 100, 20
OVER = ("step", "time", "epoch")


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    parser.add_argument("metrics", nargs="+", metavar="METRIC")
    parser.add_argument("--with", dest="others", action="append", default=[], metavar="RUN", help="and that run")
    parser.add_argument("--log", action="store_true", help="a logarithmic scale; what is not above 0 is left out")
    parser.add_argument(
        "--smooth", type=flag("--smooth", _weight), default=0.0, metavar="WEIGHT", help="from 0 up to 1"
    )
    parser.add_argument("--x", choices=OVER, default=OVER[0], help="steps, time, or the metric epoch")
    parser.add_argument("--width", type=flag("--width", at_least(20)), metavar="COLUMNS")
    parser.add_argument("--height", type=flag("--height", at_least(6)), default=HEIGHT, metavar="LINES")


def _weight(text: str) -> float:
    try:
        weight = float(text)
    except ValueError:
        weight = math.nan
    if not 0 <= weight < 1:
        raise UsageError(f"{text!r} is not a weight", hint="write 0.6, or any number from 0 up to 1")
    return weight


def main(args: argparse.Namespace) -> int:
    width, references = args.width or output.columns() or WIDTH, [args.run, *args.others]
    extra = [args.x] if args.x == "epoch" and args.x not in args.metrics else []
    with Engine() as engine:
        asked = {"runs": references, "keys": [*args.metrics, *extra], "points": width * 2}
        told = engine.call("series", asked)["series"]
        runs = _runs(engine, references) if not args.json and (args.others or args.x == "time") else {}
    if args.json:
        output.document([one for one in told if one["key"] in args.metrics])
        return 0
    missing = [key for key in [*args.metrics, *extra] if key not in {one["key"] for one in told if one["values"]}]
    if missing:
        raise NotFound(
            f"{args.run} has no metric {missing[0]!r}", hint=f"`workbench show {args.run}` lists those it has"
        )
    for key in args.metrics:
        curves = _curves([one for one in told if one["key"] == key], told, runs, args)
        for line in chart(key, curves, width, args.height, args.log, args.x, colour=output.terminal()):
            print(line)
    return 0


def _runs(engine: Engine, references: Sequence[str]) -> dict[str, dict[str, Any]]:
    shown = [engine.call("show", {"run": reference})["run"] for reference in references]
    return {run["id"]: run for run in shown}


def _curves(
    wanted: Sequence[dict[str, Any]],
    told: Sequence[dict[str, Any]],
    runs: dict[str, dict[str, Any]],
    args: argparse.Namespace,
) -> list[Series]:
    """A curve for each run, by its name."""
    from workbench.present.curves import Pace, drawn
    from workbench.present.sanitise import clean
    from workbench.present.view import View

    view, curves = View(args.x, smoothing=args.smooth), []
    for one in wanted:
        run = runs.get(one["run"], {})
        epochs = next(
            (_measured(other) for other in told if (other["run"], other["key"]) == (one["run"], "epoch")), None
        )
        pace = Pace(run.get("started") or 0, *([epochs] if epochs else []))
        curves += drawn(_measured(one), clean(run.get("name", one["run"])), "", view, pace)[:1]
    return curves


def _measured(one: dict[str, Any]) -> Any:
    from workbench.present.curves import Measured
    from workbench.protocol.messages import number_in

    return Measured(one["steps"], one["times"], [number_in(value) for value in one["values"]])


def chart(
    key: str, curves: Sequence[Series], width: int, height: int, log: bool = False, over: str = "step", *, colour: bool
) -> list[str]:
    """A metric in braille, so many columns and lines large; of several runs each has its name in the legend."""
    import plotext

    from workbench.present.axis import ticks
    from workbench.present.canvas import frame
    from workbench.present.numbers import metric
    from workbench.present.sanitise import clean
    from workbench.present.view import UNITS, View

    plotext.terminal.limit(False, False)
    figure = plotext.figure
    figure.clear()
    seen = frame(curves, view=View(over, log_y=log), unit=UNITS[over])
    height_of = math.log10 if seen and seen.y.log else float
    for curve in curves:
        points = [(x, y) for x, y in zip(curve.xs, curve.ys, strict=True) if math.isfinite(y) and (y > 0 or not log)]
        if points:
            signal = figure.signal([x for x, _ in points], [height_of(y) for _, y in points], marker="braille")
            signal.lines()
            if len(curves) > 1:
                signal.label(curve.label)
            figure.draw(signal)
    if seen:
        _rule(figure.ruler("x", "lower"), seen.x, ticks(seen.x, max(2, width // 14), UNITS[over]), float)
        _rule(figure.ruler("y", "left"), seen.y, ticks(seen.y, max(2, height // 4)), height_of)
        falling = sum(seen.y.place(curve.ys[-1]) < 0.5 for curve in curves) * 2 > len(curves)
        longest = max(len(curve.label) for curve in curves)
        rows = 2 * len(curves) + 1
        figure.legend(x=max(0, width - longest - 16), y=0 if falling else max(0, height - rows - 6))
    last = f"  last {metric(curves[0].ys[-1])}" if len(curves) == 1 else ""
    figure.title(f"{clean(key)}{last}")
    figure.plot_size(width, height)
    figure.canvas("default")
    drawn = str(figure.build().string()).rstrip("\n").split("\n")
    return drawn if colour else [clean(line).rstrip() for line in drawn]


def _rule(ruler: Any, axis: Axis, marks: Sequence[Tick], height_of: Callable[[float], float]) -> None:
    ruler.lim(height_of(axis.low), height_of(axis.high))
    ruler.ticks([height_of(mark.value) for mark in marks], [mark.label for mark in marks])
