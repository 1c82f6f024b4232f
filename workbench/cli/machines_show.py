"""`workbench machines show NAME [--since SPAN]`: one machine, whose its GPUs are, and how busy it was."""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from typing import Any

from workbench.cli import output
from workbench.cli.parser import duration, flag
from workbench.client.calls import Engine
from workbench.domain.load import taken
from workbench.domain.resources import format_size
from workbench.domain.time import SECOND
from workbench.present.loads import load_in, parts, words
from workbench.present.machines import whose
from workbench.present.numbers import ago

POINTS = 240


def configure(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--since", type=flag("--since", duration), metavar="SPAN", help="how busy it was for so long: 24h, 30d"
    )


def main(args: argparse.Namespace) -> int:
    now = time.time_ns() // 1000
    with Engine() as engine:
        (machine,) = engine.call("machines", {"name": args.name})["machines"]
        told = None
        if args.since:
            since = now - int(args.since * SECOND)
            told = engine.call("samples", {"machine": args.name, "since": since, "until": now, "points": POINTS})
    if args.json:
        output.document({**machine, "samples": told} if told else machine)
        return 0
    output.say(f"{machine['name']}  {machine['status']}")
    for title, value in [*_facts(machine, now), *(_busy(machine, told["parts"]) if told else ())]:
        if value:
            output.say(f"  {title:<10} {value}")
    return 0


def _facts(machine: dict[str, Any], now: int) -> Iterator[tuple[str, str]]:
    held = machine["devices_held"]
    yield "since", ago(machine["since"], now) if machine["since"] else ""
    yield "reason", machine["reason"]
    yield "address", machine["address"]
    yield "hostname", machine["hostname"]
    yield "cpus", f"{machine['cpus_held']} of {machine['cpus']} held"
    yield "memory", f"{format_size(machine['memory_held'])} of {format_size(machine['memory'])} held"
    for one in machine["devices"]:
        who = "".join(cell.text for cell in whose(machine, one, held.get(one["uuid"], "")))
        yield "", f"GPU {one['label']} {one['name']} {format_size(one['memory'])}  {who}"
    yield "labels", " ".join(machine["labels"])
    yield "rate", f"{machine['rate']:.2f} an hour" if machine["rate"] else ""
    yield "runs", " ".join(machine["running"])
    for warning in machine["warnings"]:
        yield "warning", warning


def _busy(machine: dict[str, Any], told: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The figures of each part that was sampled: of what it did, then of its memory."""
    now = taken(machine["sample"]) if machine["sample"] else {}
    for part in parts(machine):
        if part.id in told:
            load, (use, memory) = load_in(told[part.id]), now.get(part.id, (None, None))
            yield part.title, words(load.use.whole, use)
            yield part.memory_title, words(load.memory.whole, memory, part.memory)
