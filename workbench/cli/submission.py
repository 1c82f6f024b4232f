"""What `run` and `sweep` share: their flags, and the submission made of them."""

from __future__ import annotations

import argparse
import os
import sys

from workbench.cli.output import note
from workbench.cli.parser import Parser, at_least, duration, flag, size, whole
from workbench.client.calls import Engine
from workbench.errors import UsageError
from workbench.present.sanitise import clean

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any

FLAGS = (
    *("name", "cpus", "memory", "gpus", "gpu_memory", "machine", "labels", "time_limit", "priority", "after"),
    *("retries", "tags", "hold", "packages"),
)
"""Of a submission; those not given are not sent, and the project's settings decide."""


def configure(parser: Parser) -> None:
    parser.usage = f"{parser.prog} [FLAGS] -- COMMAND..."
    add = parser.add_argument
    add("--set", action="append", default=[], dest="settings", metavar="KEY=VALUE", help="a parameter, or several")
    add("--name", help="what to call it, instead of a name that is made up")
    add("--cpus", type=flag("--cpus", at_least(1)), metavar="N", help="cores it may use")
    add("--memory", type=flag("--memory", size), metavar="SIZE", help="memory it needs, such as 8GB; more stops it")
    add("--gpus", type=flag("--gpus", at_least(0)), metavar="N", help="GPUs it gets for itself")
    add("--gpu-memory", type=flag("--gpu-memory", size), metavar="SIZE", help="memory that each GPU must have")
    add("--machine", metavar="NAME", help="the only machine that it may run on")
    add("--label", action="append", dest="labels", metavar="KEY", help="only a machine with this label will do")
    add("--time-limit", type=flag("--time-limit", duration), metavar="TIME", help="stop it after 30m, 2h, 1h30m")
    add("--priority", type=flag("--priority", whole), metavar="N", help="higher goes first; 0 where not given")
    add("--after", action="append", metavar="RUN", help="start only when RUN has finished")
    add("--retries", type=flag("--retries", at_least(0)), metavar="N", help="new attempts after the platform failed it")
    add("--tag", action="append", dest="tags", metavar="TAG", help="a word to find it by")
    add("--hold", action="store_true", default=None, help="do not start it until `workbench release`")
    add("--with", action="append", dest="packages", metavar="PACKAGE", help="add a package, for this alone")
    add("--wait", action="store_true", help="stay until it is over; end with its exit code")
    add("command", nargs=argparse.REMAINDER, metavar="COMMAND", help="what to execute, after --")


def make(args: argparse.Namespace) -> dict[str, Any]:
    """The submission (protocol/shapes.py) that these flags ask for, without params. Raises UsageError."""
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise UsageError("there is no command to run", hint="it comes last: workbench run -- python train.py")
    asked = {key: value for key in FLAGS if (value := getattr(args, key)) is not None}
    return {"directory": _here(), "command": command, "params": {}, **asked}


def submit(engine: Engine, submission: dict[str, Any]) -> dict[str, Any]:
    """{count, ids, names, runs: the first 100}, once they are in the history for good."""
    try:
        reply: dict[str, Any] = engine.call(
            "submit", submission, slow=lambda: note("freezing code and resolving the environment…")
        )
    except KeyboardInterrupt:
        note("stopped waiting for the engine's answer; `workbench runs` shows whether it was submitted")
        raise
    for warning in reply.get("warnings", []):
        print(f"warning: {clean(warning)}", file=sys.stderr)
    return reply


def _here() -> str:
    try:
        return os.getcwd()
    except FileNotFoundError:
        raise UsageError("this directory does not exist any more", hint="cd to where the project is") from None
