"""`workbench replay --since 20:00`: a past night, from history, played in the screens; lines without a terminal."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from typing import Any

from workbench.cli import output
from workbench.cli.parser import Parser, at_least, flag
from workbench.client.calls import Engine
from workbench.errors import UsageError

EXAMPLE = """\
workbench replay --since 20:00
workbench replay --since 2d --until 08:00 --json
workbench replay --since 20:00 --lines --speed 600"""

USUAL = 60
FASTEST = 3600
LONGEST = 1.0
"""Seconds that hours in which nothing happened take at most."""


def configure(parser: Parser) -> None:
    parser.add_argument("--since", metavar="WHEN", default="1d", help="20:00 (the last), 2d (ago), 2026-11-21 20:00")
    parser.add_argument("--until", metavar="WHEN", default="", help="the same; default: now")
    pace = flag("--speed", at_least(0))
    speed = f"so much quicker than it was; default: {USUAL} in the screens, of lines 0, at once"
    parser.add_argument("--speed", type=pace, metavar="N", help=speed)
    parser.add_argument("--lines", action="store_true", help="lines, at a terminal as well")


def main(args: argparse.Namespace) -> int:
    from workbench.domain.time import parse_moment

    now = time.time_ns() // 1000
    since = parse_moment(args.since, now)
    until = parse_moment(args.until, now) if args.until else now
    if since >= until:
        raise UsageError("--since is later than --until", hint="20:00 is the last such; write the date, or 2d for ago")
    if not (args.lines or args.json) and sys.stdin.isatty() and output.terminal():
        return _play(since, until, USUAL if args.speed is None else args.speed)
    with Engine() as engine:
        events = _paced(_events(engine, since, until), args.speed or 0)
        if args.json:
            output.objects(events)
        else:
            _tell(events)
    return 0


def _play(since: int, until: int, speed: int) -> int:
    if not 1 <= speed <= FASTEST:
        raise UsageError(f"the screens play at 1 to {FASTEST:,} times the speed", hint="--lines has no such limits")
    from workbench.replay.night import read

    with Engine() as engine:
        night = read(lambda verb, params: dict(engine.call(verb, params, again=True)), since, until)
    if not night.lives:
        output.note("nothing happened")
        return 0
    from workbench.replay.app import run_replay

    return run_replay(night, speed)


def _events(engine: Engine, since: int, until: int) -> Iterator[dict[str, Any]]:
    """All of them, a page at a time: a week may have a million."""
    after: int | None = 0
    while after is not None:
        page = engine.call("replay", {"since": since, "until": until, "after": after}, again=True)
        yield from page["events"]
        after = page["next"]


def _paced(events: Iterator[dict[str, Any]], speed: int) -> Iterator[dict[str, Any]]:
    before = None
    for event in events:
        if speed and before is not None:
            time.sleep(min(LONGEST, max(0.0, (event["at"] - before) / 1e6 / speed)))
        before = event["at"]
        yield event


def _tell(events: Iterator[dict[str, Any]]) -> None:
    from workbench.present.past import day, happening

    today = ""
    for event in events:
        if (date := day(event["at"])) != today:
            print(("\n" if today else "") + date)
            today = date
        print("  " + happening(event), flush=True)
    if not today:
        output.note("nothing happened")
