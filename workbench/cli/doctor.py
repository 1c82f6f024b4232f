"""`workbench doctor`: looks at everything that has gone wrong for somebody, and says what to do about it."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterator

from workbench.cli import output
from workbench.cli.checks import ADVICE, WELL, WRONG, Finding, places, programs, service, session
from workbench.cli.parser import Parser

EXAMPLE = "workbench doctor"

SIGNS = {WELL: "ok   ", ADVICE: "note ", WRONG: "WRONG"}


def configure(parser: Parser) -> None:
    parser.add_argument("--network", action="store_true", help="ask whether uv reaches the package index, too")


def main(args: argparse.Namespace) -> int:
    found = list(_findings(args.network))
    wrong = [finding for finding in found if finding.level == WRONG]
    if args.json:
        output.document({"well": not wrong, "findings": [finding._asdict() for finding in found]})
        return 1 if wrong else 0
    for finding in found:
        output.say(f"{SIGNS[finding.level]}  {finding.what:<10} {finding.says}")
        if finding.level != WELL:
            output.say(f"       {'':<10} -> {finding.advice}")
    things = "1 thing needs" if len(wrong) == 1 else f"{len(wrong)} things need"
    output.say(f"{things} doing" if wrong else "all is well")
    return 1 if wrong else 0


def _findings(network: bool) -> Iterator[Finding]:
    yield programs.python()
    yield programs.uv()
    yield programs.git()
    yield service.engine()
    yield service.configuration()
    yield service.keymap()
    yield from service.themes()
    yield from places.directories()
    yield places.history()
    yield from places.space()
    yield service.socket_path()
    yield session.runtime_directory(os.environ)
    yield session.logout()
    yield session.clock(time.time())
    yield session.terminal(os.environ, sys.stdout.encoding)
    if network:
        yield programs.package_index()
