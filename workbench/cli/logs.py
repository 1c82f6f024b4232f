"""`workbench logs RUN [-f]`: what it printed; byte for byte where nobody but a program reads it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from typing import Any

from workbench.cli import output
from workbench.cli.parser import RUN, Parser, at_least, flag
from workbench.client.calls import Engine

EXAMPLE = """\
workbench logs brave-sunset-12 --tail 20
workbench logs brave-sunset-12 -f"""

CHUNK = 1 << 18
"""Bytes asked for at once."""
POLL = 25.0
"""Seconds that the engine holds a question for more."""


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    parser.add_argument("-f", "--follow", action="store_true", help="go on until the run is over")
    parser.add_argument("--tail", type=flag("--tail", at_least(0)), metavar="N", help="only the last N lines, and on")


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
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


def _last_lines(engine: Engine, run: str, count: int) -> dict[str, Any]:
    """The end of the log that has `count` lines, found by asking for more and more of it."""
    reach = max(4096, 128 * count)
    while True:
        chunk: dict[str, Any] = engine.call("logs", {"run": run, "offset": -reach, "limit": reach}, again=True)
        lines = chunk["text"].splitlines(keepends=True)
        if len(lines) > count or chunk["offset"] == 0 or reach >= CHUNK * 16:
            kept = "".join(lines[len(lines) - count :] if count else ())
            return {**chunk, "text": kept}
        reach *= 4


def _draw(chunks: Iterator[dict[str, Any]]) -> None:
    """On a terminal, line by line, so that no escape sequence is cut in two and slips through."""
    from workbench.present.sanitise import clean_lines

    rest = b""
    for chunk in chunks:
        whole, newline, rest = (rest + _bytes(chunk)).rpartition(b"\n")
        for line in clean_lines((whole + newline).decode(errors="replace")):
            print(line)
        sys.stdout.flush()
    for line in clean_lines(rest.decode(errors="replace")):
        print(line)


def _bytes(chunk: dict[str, Any]) -> bytes:
    """As the run wrote them: what is not UTF-8 travels as lone surrogates, and a chunk may end within a letter."""
    text: str = chunk["text"]
    return text.encode("utf-8", "surrogateescape")
