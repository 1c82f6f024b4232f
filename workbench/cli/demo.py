"""`workbench demo`: a real sweep over scikit-learn's digits, from a fresh environment to the best run."""

from __future__ import annotations

import argparse
import os
import shutil
import sys
from typing import Any

import workbench
from workbench import paths
from workbench.cli import output, waiting
from workbench.cli.parser import Parser
from workbench.client.calls import Engine
from workbench.errors import NotFound

EXAMPLE = "workbench demo"

GRID: dict[str, list[Any]] = {"lr": [0.1, 0.01, 0.001], "width": [16, 64], "seed": [0, 1]}
COMMAND = ["python", "train.py"]
METRIC = "accuracy"
PAUSE = 1.0
"""Seconds between looks at the runs that are not over."""


def configure(parser: Parser) -> None:
    parser.add_argument("--text", action="store_true", help="lines of text, where there is a terminal too")


def main(args: argparse.Namespace) -> int:
    directory = _copy(_example())
    live = output.terminal() and sys.stdin.isatty() and not (args.text or args.json)
    with Engine() as engine:
        _say(args, f"submitting {' '.join(COMMAND)} in {directory}; the first time builds its environment")
        submission = {"directory": directory, "command": COMMAND, "params": {}, "grid": GRID, "tags": ["demo"]}
        sweep = engine.call("submit", submission)
        _say(args, f"{sweep['count']} runs queued: {sweep['names'][0]} to {sweep['names'][-1]}")
    if live:
        from workbench.app import run_app

        run_app("queue")
    with Engine() as engine:
        rows = _rows(engine, sweep) if live else _follow(engine, sweep, args)
    return _conclude(rows, args)


def _example() -> str:
    """Where the example lies: in the package where it is installed, beside it in a checkout."""
    package = os.path.dirname(os.path.abspath(workbench.__file__))
    for base in (package, os.path.dirname(package)):
        found = os.path.join(base, "examples", "digits")
        if os.path.isfile(os.path.join(found, "train.py")):
            return found
    raise NotFound("the demo's example is not installed", hint="install workbench again, or run it from a checkout")


def _copy(example: str) -> str:
    """A project of the user's own to look at and to change."""
    directory = os.path.join(paths.private(os.path.join(paths.private(paths.data()), "demo")), "digits")
    ignored = shutil.ignore_patterns(".*", "__pycache__")
    shutil.copytree(example, directory, copy_function=shutil.copyfile, dirs_exist_ok=True, ignore=ignored)
    return directory


def _rows(engine: Engine, sweep: dict[str, Any]) -> list[dict[str, Any]]:
    asked = {"filter": f"sweep:{sweep['ids'][0]}", "limit": sweep["count"]}
    rows: list[dict[str, Any]] = engine.call("runs", asked, again=True)["rows"]
    return rows


def _follow(engine: Engine, sweep: dict[str, Any], args: argparse.Namespace) -> list[dict[str, Any]]:
    """The sweep's rows when all are over; a line for each as it starts and ends."""
    told: dict[str, str] = {}
    while True:
        rows = _rows(engine, sweep)
        for row in reversed(rows):
            run = row["run"]
            if run["status"] not in ("queued", "preparing", told.get(run["id"])):
                told[run["id"]] = run["status"]
                _say(args, _line(row))
        going = [row["run"]["id"] for row in rows if row["run"]["exit_code"] is None]
        if not going:
            return rows
        engine.call("wait", {"run": going[-1], "seconds": PAUSE}, again=True)


def _line(row: dict[str, Any]) -> str:
    run, over = row["run"], row["run"]["exit_code"] is not None
    result = f"  {METRIC} {_value(row):.4f}" if over and METRIC in row["metrics"] else ""
    said = waiting.ending(run) if over else f"{run['name']}  {run['status']}"
    return f"{said}  {_params(run)}{result}"


def _conclude(rows: list[dict[str, Any]], args: argparse.Namespace) -> int:
    """Say which run was best and how to have it again. Returns the demo's exit code."""
    finished = [row for row in rows if row["run"]["status"] == "finished" and METRIC in row["metrics"]]
    best = max(finished, key=_value, default=None)
    over = [row["run"] for row in rows if row["run"]["exit_code"] is not None]
    command = f"workbench rerun {best['run']['name']}" if best else None
    if args.json:
        output.document({"runs": [row["run"] for row in rows], "best": best, "reproduce": command})
    else:
        if len(over) < len(rows):
            output.say(f"{len(rows) - len(over)} of {len(rows)} runs go on; `workbench` shows them")
        if best:
            output.say(f"best of {len(finished)}: {best['run']['name']}  {METRIC} {_value(best):.4f}")
            output.say(f"  {_params(best['run'])}")
            output.say(f"reproduce it: {command}")
    return waiting.first_failure(over)


def _value(row: dict[str, Any]) -> float:
    from workbench.protocol.messages import number_in

    return number_in(row["metrics"][METRIC])


def _params(run: dict[str, Any]) -> str:
    return "  ".join(f"{key} {value}" for key, value in run["params"].items())


def _say(args: argparse.Namespace, text: str) -> None:
    if not args.json:
        output.say(text)
        sys.stdout.flush()
