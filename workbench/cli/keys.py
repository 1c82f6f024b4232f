"""`workbench keys`: every command of the interface with its keys. What it prints is a keymap.toml."""

from __future__ import annotations

import argparse

from workbench import keymap
from workbench.cli import output
from workbench.cli.parser import Parser

EXAMPLE = "workbench keys"


def configure(parser: Parser) -> None:
    """No arguments of its own."""


def main(args: argparse.Namespace) -> int:
    keys = keymap.load()
    if args.json:
        commands = [{"id": one.id, "keys": list(one.keys), "help": one.help, "cli": one.cli} for one in keys.commands]
        output.document({"file": keymap.path(), "commands": commands})
        return 0
    output.say(f"# Lines that you change go into {keymap.path()}")
    output.say("")
    for line in keymap.sheet(keys).splitlines():
        output.say(line)
    return 0
