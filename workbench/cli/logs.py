"""`workbench logs RUN [-f]`: what it printed, or the lines that fit; byte for byte where only a program reads it."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from typing import Any

from workbench.cli import output
from workbench.cli.parser import RUN, Parser, at_least, flag
from workbench.client.calls import Engine

EXAMPLE = """\
workbench logs brave-sunset-12 --tail 20
workbench logs brave-sunset-12 -f
workbench logs brave-sunset-12 --grep 'loss 0\\.[12]'"""

CHUNK = 1 << 18
"""Bytes asked for at once."""
MANY = 1000
"""Lines that fit, asked for at once."""
POLL = 25.0
"""Seconds that the engine holds a question for more."""


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run is over")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--grep", metavar="PATTERN", help="only the lines that fit; with ! before it, the others")
    which.add_argument("--errors", action="store_true", help="only errors, and where tracebacks begin and end")
    which.add_argument("--tail", type=flag("--tail", at_least(0)), metavar="N", help="only the last N lines, and on")


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        if args.errors or args.grep is not None:
            chunks = _fitting(engine, args.run, args.follow, _wanted(args))
        else:
            chunks = _chunks(engine, args.run, args.follow, args.tail)
        if args.json:
            output.objects(chunks)
        elif output.terminal():
            _draw(chunks)
        else:
            for chunk in chunks:
                sys.stdout.buffer.write(_bytes(chunk))
                sys.stdout.buffer.flush()
    return 0


def _chunks(engine: Engine, run: str, follow: bool, tail: int | None) -> Iterator[dict[str, Any]]:
    """Pieces of the log, in order: from its start, or from `tail` lines before its end."""
    if tail is None:
        at = 0
    else:
        first = _last_lines(engine, run, tail)
        at = first["next"]
        if first["text"]:
            yield first
    while True:
        chunk = engine.call("logs", {"run": run, "offset": at, "limit": CHUNK, "wait": POLL * follow}, again=True)
        if chunk["text"]:
            yield chunk
        at = chunk["next"]
        if at >= chunk["size"] and (chunk["over"] or not follow):
            return


def _wanted(args: argparse.Namespace) -> dict[str, Any]:
    if args.errors:
        return {"trouble": True}
    return {"pattern": args.grep.removeprefix("!"), "invert": args.grep.startswith("!")}


def _fitting(engine: Engine, run: str, follow: bool, wanted: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The lines that fit, each with its end. One that has no end yet is waited for while it is followed."""
    at = 0
    while True:
        found = engine.call("logs_find", {"run": run, "offset": at, "count": MANY, **wanted}, again=True)
        for offset, text, *_ in found["hits"]:
            if offset < found["next"] or not follow:
                yield {"offset": offset, "text": text + "\n"}
        at = found["next"]
        if not found["done"]:
            continue
        if not follow:
            return
        more = {"run": run, "offset": found["size"], "limit": 0, "wait": POLL}
        follow = not engine.call("logs", more, again=True)["over"]


def _last_lines(engine: Engine, run: str, count: int) -> dict[str, Any]:
    """The end of the log that has `count` lines, found by asking for more and more of it."""
    reach = max(4096, 128 * count)
    while True:
        chunk: dict[str, Any] = engine.call("logs", {"run": run, "offset": -reach, "limit": reach}, again=True)
        lines = chunk["text"].splitlines(keepends=True)
        if len(lines) > count or chunk["offset"] == 0 or reach >= CHUNK * 16:
            kept = "".join(lines[len(lines) - count :] if count else ())
            return {**chunk, "text": kept, "offset": chunk["next"] - len(_bytes({"text": kept}))}
        reach *= 4


def _draw(chunks: Iterator[dict[str, Any]]) -> None:
    """On a terminal, line by line, so that no escape sequence is cut in two. Of those, colours alone remain."""
    from workbench.present.ansi import coloured
    from workbench.present.sanitise import clean, settled

    draw = clean if os.environ.get("NO_COLOR") else coloured

    rest = b""
    for chunk in chunks:
        whole, newline, rest = (rest + _bytes(chunk)).rpartition(b"\n")
        for line in (whole + newline).decode(errors="replace").split("\n")[:-1]:
            print(draw(settled(line)))
        sys.stdout.flush()
    if rest:
        print(draw(settled(rest.decode(errors="replace"))))


def _bytes(chunk: dict[str, Any]) -> bytes:
    """As the run wrote them: what is not UTF-8 travels as lone surrogates, and a chunk may end within a letter."""
    text: str = chunk["text"]
    return text.encode("utf-8", "surrogateescape")
