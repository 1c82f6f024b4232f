"""`workbench machines`: what each has, what of it is taken, and how it is."""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli import output
from workbench.cli.parser import Parser
from workbench.client.calls import Engine

EXAMPLE = "workbench machines"

HEADERS = ("machine", "status", "cpus", "memory", "gpus", "load", "disk free", "runs")


def configure(parser: Parser) -> None:
    """Nothing but --json."""


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        machines = engine.call("machines")["machines"]
    if args.json:
        output.document(machines)
        return 0
    output.table(HEADERS, [_cells(machine) for machine in machines])
    for machine in machines:
        for said in [machine["reason"], *machine["warnings"]]:
            if said:
                output.say(f"{machine['name']}: {said}")
    return 0


def _cells(machine: dict[str, Any]) -> tuple[str, ...]:
    from workbench.domain.resources import format_size
    from workbench.present.numbers import percent

    sample = machine["sample"]
    return (
        machine["name"],
        machine["status"],
        f"{machine['cpus_held']}/{machine['cpus']}",
        f"{format_size(machine['memory_held'])} of {format_size(machine['memory'])}",
        f"{len(machine['devices_held'])}/{len(machine['devices'])}" if machine["devices"] else "",
        percent(sample["cpu"]) if sample else "",
        format_size(sample["disk_free"]) if sample else "",
        str(len(machine["running"])),
    )
