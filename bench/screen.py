"""The screens in a terminal: how soon they are there, how soon they answer a key, and what they cost while open."""

from __future__ import annotations

import asyncio
import compileall
import random
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import workbench
from bench import programs
from bench.figures import OURS, Table
from bench.history import RUNS, fill
from bench.home import Home, home, wait
from bench.peers import FAILURES, SCRIPTS
from bench.programs import EMPTY, Program
from bench.terminal import Size, Terminal
from workbench import paths
from workbench.client.calls import Engine
from workbench.errors import EngineUnreachable

SIZES = (Size(80, 24), Size(200, 50))
ROUNDS = 7
"""Starts of each program; the first one, which warms the disk's cache, does not count."""
KEYS = 30
BUSY_KEYS = 200
SECONDS = 10.0
"""How long an idle screen is watched."""
CHANGES = 10
FURNITURE = 3
"""Rows of our screen that list no run: status, headings, keys."""


def measure() -> Iterator[Table]:
    compileall.compile_dir(str(Path(workbench.__file__).parent), quiet=1)  # as an installed one is
    with home() as place, tempfile.TemporaryDirectory(prefix="wb-") as scratch:
        place.stop()
        asyncio.run(fill(str(place.directory / "data" / "history.duckdb")))
        place.start()
        for size in SIZES:
            yield from _starts(size, place, Path(scratch))
    for size in SIZES:
        yield from _busy(size)


# From nothing to the screen, and what it costs then


def _starts(size: Size, place: Home, scratch: Path) -> Iterator[Table]:
    first = Table(f"exec to the first paint, {size}, {RUNS:,} runs of history, median", "ms")
    whole = Table(f"exec to the whole screen, {size}, median", "ms", goal=f"1.2 times {EMPTY}")
    answer = Table(f"key to last byte, {size}, median", "ms", goal="10 ms")
    wrote = Table(f"written in {SECONDS:.0f} s of idling, {size}", "bytes", goal="0")
    work = Table(f"processor when idle, {size}", "% of a core", goal="under 0.3")
    room = Table(f"memory, {size}", "MB")
    tables = (first, whole, answer, wrote, work, room)
    ours = programs.ours(lambda size: f"sunset-{RUNS + 1 - (size.rows - FURNITURE)}")
    for group in ([ours, programs.empty()], *([other] for other in programs.others())):
        directories = {program.who: _directory(scratch, program, place) for program in group}
        try:
            took: dict[str, list[tuple[float, float]]] = {program.who: [] for program in group}
            for _ in range(ROUNDS):
                for program in group:
                    took[program.who].append(_start(program, size, directories[program.who]))
            for program in group:
                paints, wholes = zip(*took[program.who][1:], strict=True)
                first.add(program.who, statistics.median(paints) * 1e3)
                whole.add(program.who, statistics.median(wholes) * 1e3)
                _live_with(program, size, directories[program.who], (answer, wrote, work, room))
        except FAILURES as why:
            for table in tables:
                table.missing(group[0].who, why)
    yield from tables


def _directory(scratch: Path, program: Program, place: Home) -> Path:
    if program.who == OURS:
        return place.project
    directory = scratch / re.sub(r"\W", "-", program.who)
    directory.mkdir(exist_ok=True)
    return directory


def _start(program: Program, size: Size, directory: Path) -> tuple[float, float]:
    """Seconds to the first paint and to the whole screen."""
    with program.started(size, directory) as screen:
        paint = screen.until(lambda: bool(screen.text.strip()), "the first paint")
        return paint, program.wait(screen, size)


def _live_with(program: Program, size: Size, directory: Path, tables: tuple[Table, Table, Table, Table]) -> None:
    answer, wrote, work, room = tables
    with program.started(size, directory) as screen:
        program.wait(screen, size)
        screen.listen(2.0)  # what comes after the screen is there: news of the engine, a second look
        took = [seconds for index in range(KEYS) if (seconds := _pressed(screen, program.keys[index % 2]))]
        if len(took) > KEYS // 2:
            answer.add(program.who, statistics.median(took) * 1e3)
        else:
            answer.missing(program.who, "these keys do nothing here")
        screen.listen(1.0)
        before, bytes_before = screen.processor(), screen.bytes
        screen.listen(SECONDS)
        wrote.add(program.who, screen.bytes - bytes_before)
        work.add(program.who, (screen.processor() - before) / SECONDS * 100)
        room.add(program.who, screen.memory() / 1e6)


def _pressed(screen: Terminal, key: str) -> float:
    """Seconds from a key to the last byte of its answer; 0 where there was none.

    What is fetched for the row that one rests on comes a fifth of a second later, and belongs to no key."""
    screen.listen(0.4)
    began = screen.press(key)
    screen.listen(0.1)
    return screen.last - began if screen.bytes else 0.0


# While values change


def _busy(size: Size) -> Iterator[Table]:
    table = Table(f"key to its answer while 200 cells a second change, {size}, median", "ms", goal="10 ms, p99 30 ms")
    with _engine(cells=20, seconds=0.1) as directory, _watching(size, directory) as screen:
        took = sorted(_answered(screen, index) for index in range(BUSY_KEYS))
        p99 = took[len(took) * 99 // 100] * 1e3
        table.add(OURS, statistics.median(took) * 1e3, f"p99 {p99:.0f} ms")
    yield table
    table = Table(f"written for a change of five cells, {size}", "bytes", goal="under 600")
    with _engine(cells=5, seconds=1.0) as directory, _watching(size, directory) as screen:
        screen.press("")
        screen.listen(CHANGES)
        table.add(OURS, screen.bytes / CHANGES)
    yield table


@contextmanager
def _watching(size: Size, directory: Path) -> Iterator[Terminal]:
    with programs.ours(lambda size: f"heron-{size.rows - FURNITURE:02d}").started(size, directory) as screen:
        screen.shows(f"heron-{min(60, size.rows - FURNITURE):02d}")
        screen.listen(3.0)
        yield screen


def _answered(screen: Terminal, index: int) -> float:
    """Seconds until the row to which the cursor goes was drawn: only then its name is written."""
    screen.listen(random.uniform(0.02, 0.06))
    began = screen.press("jk"[index % 2])
    return screen.shows(f"heron-0{2 - index % 2}") - began


@contextmanager
def _engine(cells: int, seconds: float) -> Iterator[Path]:
    """In the place of the user's own: see busy_engine.py."""
    with home() as place:
        place.stop()
        command = [sys.executable, str(SCRIPTS / "busy_engine.py"), paths.socket(), str(cells), str(seconds)]
        engine = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        try:
            wait(_answers, lambda: "the engine does not answer")
            yield place.project
        finally:
            engine.kill()
            engine.wait()


def _answers() -> bool:
    try:
        with Engine(start=False) as engine:
            engine.greet()
    except EngineUnreachable:
        return False
    return True
