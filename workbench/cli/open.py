"""`workbench open RUN PATH`: one of the files that a run left, in a pager or whatever shows its kind."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain

from workbench import paths
from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.cli.pull import choose, content
from workbench.client.calls import Engine
from workbench.client.landing import Landing
from workbench.errors import Ambiguous, WorkbenchError

EXAMPLE = """\
workbench open brave-sunset-12 report.txt
workbench open brave-sunset-12 plots/loss.png"""

LOOKED_AT = 1 << 16
"""Bytes that tell whether a file is text."""


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    parser.add_argument("path", metavar="FILE", help="which: its name, or a pattern that fits one alone")


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        run, chosen = choose(engine, args.run, args.path)
        if len(chosen) > 1:
            names = [artifact["name"] for artifact in chosen]
            raise Ambiguous(f"{args.path!r} fits {len(names)} files", hint="name one of them", candidates=names[:20])
        (artifact,) = chosen
        chunks = content(engine, run, artifact)
        first = next(chunks, b"")
        whole = chain([first], chunks)
        if _is_text(first[:LOOKED_AT]) and not args.json:
            _page(whole) if output.terminal() else _copy(whole)
            return 0
        place = os.path.join(paths.private(os.path.join(paths.private(paths.cache()), "open")), artifact["sha256"][:16])
        with Landing(place, force=True, private=True) as landing:
            file = landing.write(artifact["name"], whole)
    if args.json:
        output.document({**artifact, "file": file})
    elif os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        _show(file)
    else:
        output.say(file)
        output.note("no display here to open it on: it lies there")
    return 0


def _is_text(sample: bytes) -> bool:
    """As far as its beginning tells, which may end within a letter."""
    if b"\0" in sample:
        return False
    try:
        sample.decode()
    except UnicodeDecodeError as problem:
        return problem.start > len(sample) - 4 and problem.reason == "unexpected end of data"
    return True


def _copy(chunks: Iterator[bytes]) -> None:
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _page(chunks: Iterator[bytes]) -> None:
    """Line by line, without whatever a terminal would act on. Reading may end before the file does."""
    pager = shlex.split(os.environ.get("PAGER") or "less")
    try:
        process = subprocess.Popen(pager, stdin=subprocess.PIPE)
    except (OSError, IndexError):
        for line in _lines(chunks):
            print(line)
        return
    assert process.stdin is not None
    try:
        for line in _lines(chunks):
            process.stdin.write(line.encode() + b"\n")
        process.stdin.close()
    except BrokenPipeError:
        pass
    finally:
        _until_ended(process)


def _lines(chunks: Iterator[bytes]) -> Iterator[str]:
    from workbench.present.sanitise import clean_lines

    rest = b""
    for chunk in chunks:
        whole, newline, rest = (rest + chunk).rpartition(b"\n")
        yield from clean_lines((whole + newline).decode(errors="replace"))
    yield from clean_lines(rest.decode(errors="replace"))


def _until_ended(process: subprocess.Popen[bytes]) -> None:
    while True:
        try:
            process.wait()
            return
        except KeyboardInterrupt:
            pass  # meant for the pager


def _show(file: str) -> None:
    try:
        done = subprocess.run(["xdg-open", file], stderr=subprocess.PIPE, check=False)
    except OSError as problem:
        raise WorkbenchError(f"xdg-open can't be started: {problem.strerror}", hint=f"it lies in {file}") from None
    if done.returncode:
        words = done.stderr.decode(errors="replace")
        raise WorkbenchError("xdg-open could not open it", hint=f"it lies in {file}", words=words)
