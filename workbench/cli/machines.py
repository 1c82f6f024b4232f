"""`workbench machines [VERB ...]`: the machines, and what is to be done with them.

Without a verb: what each has, what of it is taken, and how it is. The verbs that look at a machine from outside are in
machines_add.py, the one that tells everything of one in machines_show.py, those that go there in machines_shell.py.
"""

from __future__ import annotations

import argparse
from typing import Any

from workbench.cli import machines_add, machines_shell, machines_show, output
from workbench.cli.parser import Parser
from workbench.client.calls import Engine

EXAMPLE = """\
workbench machines
workbench machines add gpu3 ada@gpu3.lab --rate 1.20 --label a100
workbench machines add gpu4 --fingerprint SHA256:8lVQ...
workbench machines show gpu3 --since 7d
workbench machines drain gpu3
workbench machines remove gpu3 --lost
workbench machines run gpu3 -- nvidia-smi"""

HEADERS = ("machine", "status", "cpus", "memory", "gpus", "load", "disk free", "runs", "rate", "labels")

VERBS = {
    "add": "take a machine on: look at it, and give it work from now on",
    "check": "look at it anew, and try to reach it now",
    "show": "everything about one machine, and how busy it was",
    "drain": "give it nothing new; what runs there finishes",
    "resume": "give it work again, whatever it did before",
    "remove": "let go of it, once nothing of ours runs there",
    "run": "execute a command there, past the queue; ends with its exit code",
    "shell": "open a login shell there",
}


def configure(parser: Parser) -> None:
    verbs = parser.add_subparsers(dest="what", metavar="VERB", title="verbs", parser_class=argparse.ArgumentParser)
    for verb, summary in VERBS.items():
        sub = verbs.add_parser(
            verb, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", allow_abbrev=False
        )
        sub.error = parser.error  # type: ignore[method-assign]
        sub.add_argument("name", metavar="NAME", help="what it is called here")
        sub.add_argument("--json", action="store_true", default=argparse.SUPPRESS, help="print JSON")
        if verb in ("add", "check"):
            machines_add.configure(sub, verb)
        elif verb == "show":
            machines_show.configure(sub)
        elif verb == "remove":
            sub.add_argument("--lost", action="store_true", help="it is gone for good: what ran there is lost")
        elif verb == "run":
            machines_shell.configure(sub)


def main(args: argparse.Namespace) -> int:
    match args.what:
        case None:
            return _list(args.json)
        case "add" | "check":
            return machines_add.main(args)
        case "show":
            return machines_show.main(args)
        case "remove":
            return _remove(args)
        case "run":
            return machines_shell.run(args)
        case "shell":
            return machines_shell.shell(args)
        case verb:
            with Engine() as engine:
                machine = engine.call(f"machines_{verb}", {"name": args.name})["machine"]
            if args.json:
                output.document(machine)
            else:
                running = len(machine["running"])
                there = f"  {running} run{'' if running == 1 else 's'} there" if running else ""
                output.say(f"{machine['name']}  {machine['status']}{there}")
            return 0


def _list(as_json: bool) -> int:
    with Engine() as engine:
        machines = engine.call("machines")["machines"]
    if as_json:
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
        f"{machine['rate']:.2f}" if machine["rate"] else "",
        " ".join(machine["labels"]),
    )


def _remove(args: argparse.Namespace) -> int:
    with Engine() as engine:
        engine.call("machines_remove", {"name": args.name, "lost": args.lost})
    if args.json:
        output.document({"removed": args.name})
    else:
        output.say(f"{args.name} is not ours any more; what was kept there still lies there")
    return 0
