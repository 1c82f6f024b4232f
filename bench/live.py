"""What is seen while it happens: how late a printed line is, and what it costs to have a hundred runs print."""

from __future__ import annotations

import asyncio
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.far import ROUND_TRIPS, fleet, long_road
from bench.figures import OURS, Table
from bench.home import COMMAND, Home, home, wait
from bench.peers import FAILURES, SCRIPTS
from bench.terminal import Size, pss, terminal
from tests.remote.fleet import SshSite
from workbench.client.calls import Engine
from workbench.errors import EngineUnreachable
from workbench.remote.agent import processes

LINES = 100
WARM = 10
"""Lines that don't count: who has just begun to look is late."""
RUNS = 100
SECONDS = 10.0
"""How long is watched what the processes take."""
TALK = (sys.executable, "-S", str(SCRIPTS / "talk.py"))
_STAMP = re.compile(r"@(\d{19})@")


def measure() -> Iterator[Table]:
    with fleet() as (_, made):
        site = made.machine()
        yield from asyncio.run(_lines(site))
        yield from _load(site)


# How late a line is


async def _lines(site: SshSite) -> list[Table]:
    client = Table(
        "a line that a run on an SSH machine prints, until a client has it, median", "ms", goal="20 to 50 ms"
    )
    screen = Table("the same, until the terminal is told to show it, median", "ms")
    with home() as place:
        for round_trip in ROUND_TRIPS:
            who = f"{OURS}, {round_trip} ms there and back"
            async with long_road(site.sshd.port, round_trip / 2000) as port:
                site.vouch_at(port)
                name = f"rtt{round_trip}"
                run = await asyncio.to_thread(_talk, place, name, port, site.root.with_name(name))
                for table, look in ((client, _told), (screen, _drawn)):
                    try:
                        took = sorted(await asyncio.to_thread(look, place, run))
                        table.add(who, statistics.median(took), f"p99 {took[len(took) * 99 // 100]:.0f} ms")
                    except FAILURES as why:
                        table.missing(who, why)
                await asyncio.to_thread(_end, place, [run])
    return [client, screen]


def _talk(place: Home, name: str, port: int, root: Path) -> str:
    address = f"127.0.0.1:{port}"
    place.engine.call("machines_add", {"name": name, "address": address, "root": str(root), "cpus": 2})
    run: str = place.submit(*TALK, machine=name)["ids"][0]
    wait(lambda: place.counts().get("running", 0) == 1, lambda: f"the runs are {place.counts()}")
    return run


def _told(place: Home, run: str) -> list[float]:
    """Milliseconds by which a client's lines were late."""
    took: list[float] = []
    at = -1
    while len(took) < WARM + LINES:
        piece = place.engine.call("logs", {"run": run, "offset": at, "wait": 20.0})
        took += [(time.time_ns() - int(stamp)) / 1e6 for stamp in _STAMP.findall(piece["text"])]
        at = piece["next"]
    return took[WARM:]


def _drawn(place: Home, run: str) -> list[float]:
    """Milliseconds by which lines were late at the far end of a terminal of 80 by 24 that shows the run."""
    late: dict[str, float] = {}
    with terminal([COMMAND], Size(80, 24), place.project) as screen:

        def enough() -> bool:
            now = time.time_ns()
            for stamp in _STAMP.findall(screen.text):
                late.setdefault(stamp, (now - int(stamp)) / 1e6)
            screen.text = screen.text[-32:]
            return len(late) >= 40 + LINES

        screen.shows("running .*rtt")
        screen.press("\r")
        screen.until(enough, "lines of the log")
    return list(late.values())[40:]  # those were there before, or came while it was drawn at first


# What it costs


def _load(site: SshSite) -> Iterator[Table]:
    """One of the runs is followed, as if somebody looked at it."""
    what = f"while {RUNS} runs on an SSH machine print ten lines a second each, and one is followed"
    work, room = Table(f"processor {what}", "% of a core"), Table(f"memory {what}", "MB")
    with home() as place, _roomy(place):
        site.vouch()
        address = f"127.0.0.1:{site.sshd.port}"
        place.engine.call("machines_add", {"name": "far", "address": address, "root": str(site.root), "cpus": RUNS})
        for mode in ("", "metrics"):
            grid = {"i": list(range(RUNS))}
            runs = place.submit(*TALK, *filter(None, [mode]), machine="far", grid=grid)["ids"]
            wait(lambda: place.counts().get("running", 0) == RUNS, lambda: f"the runs are {place.counts()}")
            told = ", ten metrics a second each as well" * bool(mode)
            with _followed(runs[0]):
                for who, (cores, memory) in _watched(place, site).items():
                    work.add(f"{who}{told}", cores * 100)
                    room.add(f"{who}{told}", memory / 1e6)
            _end(place, runs)
    yield work
    yield room


@contextmanager
def _roomy(place: Home) -> Iterator[None]:
    """Instead of its engine one for which a machine of few cores has a hundred."""
    place.stop()
    engine = subprocess.Popen([sys.executable, str(SCRIPTS / "roomy_engine.py")], stdin=subprocess.DEVNULL)
    try:
        wait(lambda: _answers(place), lambda: "the engine does not answer")
        yield
    finally:
        place.stop()
        engine.wait()


def _answers(place: Home) -> bool:
    try:
        place.counts()
    except EngineUnreachable:
        return False
    return True


def _watched(place: Home, site: SshSite) -> dict[str, tuple[float, float]]:
    """Cores in use over some seconds, and bytes then, its part of what is shared counted in."""
    who = {
        "engine": [int(place.engine.call("status")["pid"])],
        "agent": [process.pid for process in site.agents()],
        f"{RUNS} supervisors": [process.pid for process in site.supervisors()],
    }
    before, began = processes.everyone(), time.monotonic()
    time.sleep(SECONDS)
    after, took = processes.everyone(), time.monotonic() - began
    return {
        name: (sum(after[pid].cpu - before[pid].cpu for pid in pids) / took, sum(map(pss, pids)))
        for name, pids in who.items()
    }


@contextmanager
def _followed(run: str) -> Iterator[None]:
    over = threading.Event()

    def follow() -> None:
        with Engine(start=False) as engine:
            at = -1
            while not over.is_set():
                at = engine.call("logs", {"run": run, "offset": at, "wait": 1.0})["next"]

    reader = threading.Thread(target=follow, name="follow")
    reader.start()
    try:
        yield
    finally:
        over.set()
        reader.join()


def _end(place: Home, runs: list[str]) -> None:
    place.engine.call("cancel", {"runs": runs})
    wait(lambda: not place.counts().get("running", 0), lambda: f"the runs are {place.counts()}")
