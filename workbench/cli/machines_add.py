"""`workbench machines add NAME [ADDRESS]` and `check NAME`: look at a machine, and say what would bite later."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from workbench.cli import output
from workbench.cli.parser import at_least, flag, size
from workbench.client.calls import Engine
from workbench.errors import HostKeyUnknown, UsageError
from workbench.present.sanitise import clean


def configure(parser: argparse.ArgumentParser, verb: str) -> None:
    add = parser.add_argument
    if verb == "add":
        add("address", nargs="?", metavar="ADDRESS", help="as ssh takes it: an alias, a host, USER@HOST; else NAME")
        add("--rate", type=flag("--rate", price), metavar="PRICE", help="what an hour of it costs, such as 1.20")
        add("--label", action="append", dest="labels", metavar="KEY", help="a word that runs may ask for")
        add("--cpus", type=flag("--cpus", at_least(1)), metavar="N", help="how many cores the workbench may use")
        add("--memory", type=flag("--memory", size), metavar="SIZE", help="how much memory it may use")
        add("--root", metavar="PATH", help="where the workbench keeps its things there")
    add("--fingerprint", action="append", dest="fingerprints", metavar="SHA256:...", help="its host key, if new to us")


def price(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value < float("inf"):
        raise UsageError(f"{text!r} is not a price", hint="write 1.20")
    return value


def main(args: argparse.Namespace) -> int:
    words = ("name", "address", "rate", "labels", "cpus", "memory", "root")
    asked = {key: value for key in words if (value := getattr(args, key, None)) is not None}
    with Engine() as engine:
        seen = _look(engine, f"machines_{args.what}", asked, args.fingerprints or [])
    if args.json:
        output.document(seen)
    else:
        _say(seen)
    return 0


def _look(engine: Engine, method: str, asked: dict[str, Any], approved: list[str]) -> dict[str, Any]:
    """What the look has shown. A host key that nobody has vouched for is for whoever sits there to approve."""
    while True:
        try:
            reply: dict[str, Any] = engine.call(
                method, {**asked, "fingerprints": approved}, slow=lambda: output.note(f"looking at {asked['name']}…")
            )
            return reply
        except HostKeyUnknown as problem:
            shown = str(problem.evidence["fingerprint"])
            if not _approves(problem):
                raise UsageError(
                    problem.message,
                    hint=f"if that is what its administrator says, repeat this with --fingerprint {shown}",
                    **problem.evidence,
                ) from None
            approved = [*approved, shown]


def _approves(problem: HostKeyUnknown) -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    seen = problem.evidence
    print(f"{clean(str(seen['host']))} is new here. Its {clean(str(seen['type']))} key is", file=sys.stderr)
    print(f"  {clean(str(seen['fingerprint']))}", file=sys.stderr)
    print("Is that the one that its administrator says? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _say(seen: dict[str, Any]) -> None:
    from workbench.domain.resources import format_size

    machine, probe = seen["machine"], seen["probe"]
    memory = f", {format_size(machine['memory'])}" if machine["memory"] else ""
    output.say(f"{machine['name']}  {machine['status']}  {machine['cpus']} cores{memory}")
    for device in machine["devices"]:
        output.say(f"  GPU {device['label']}  {device['name']}  {format_size(device['memory'])}")
    if probe:
        output.say(f"  {probe['user']}@{probe['hostname']}, Linux {probe['kernel']}, Python {probe['python']}")
        output.say(f"  {probe['round_trip']:.0f} ms away; keeps its things in {probe['root']}")
        if probe["scheduler"]:
            output.say(f"  {probe['scheduler']} is there: runs started here do not go through it")
    if machine["reason"]:
        output.say(f"  {machine['reason']}")
    for warning in seen["warnings"] or machine["warnings"]:
        output.say(f"  warning: {warning}")
