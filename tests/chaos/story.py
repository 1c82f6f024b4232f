"""A bad day, drawn from a seed: machines behind wires, runs on them, and everything between killed and cut.

What must hold at its end, whatever happened: no run is lost, none was started twice, every exit code and every last
metric is right, and no process is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bench import Bench
from tests.remote.fleet import Fleet, SshSite, Wire
from tests.remote.site import LocalSite
from workbench.remote import hostkeys
from workbench.remote.agent import processes

TASK = """\
echo "$WORKBENCH_RUN" >> "$HOME/started"
i=$1
for step in 0 1 2; do
  echo "{\\"step\\": $step, \\"square\\": $((i * step))}" >> "$WORKBENCH_METRICS"
done
sleep $((i % 20 == 0 ? 4 : 0)).$((i % 7))
echo "{\\"step\\": 3, \\"square\\": $((i * i))}" >> "$WORKBENCH_METRICS"
exit $((i % 4 == 0 ? i % 251 : 0))
"""
"""Most are over in a moment, one in twenty is there while several things happen to it; one in four fails."""

SWEEP = 25
"""Runs in one submit."""
PAUSE = (0.2, 2.0)
"""Seconds between two blows."""
OUTAGE = (0.5, 6.0)
"""Seconds that a partition lasts, and that an sshd is down."""
PATIENCE = 120.0
"""Seconds for everything to come to rest after the last blow."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    seed: int
    machines: int
    runs: int
    seconds: float
    """How long things are done to it."""


@dataclass(frozen=True)
class Place:
    """One machine, and the wire to it."""

    name: str
    site: SshSite
    wire: Wire


async def live_through(plan: Plan, directory: Path, say: Say) -> list[str]:
    """What did not hold, a sentence each."""
    async with _world(plan, directory) as (bench, places):
        for place in places:
            await _engine(bench, "machines", "add", place.name, f"127.0.0.1:{place.wire.port}",
                          "--root", str(place.site.root), "--cpus", "2")  # fmt: skip
        await _engine(bench, "machines", "drain", "local")
        blows = asyncio.create_task(_strike(plan, bench, places, say), name="blows")
        for first in range(0, plan.runs, SWEEP):
            await _submit(plan, bench, range(first, min(first + SWEEP, plan.runs)))
        await blows
        say("all is whole again")
        complaints = await _rest(bench, plan)
        complaints += await _wrong(bench, places, plan)
        await _engine(bench, "engine", "stop")
        return complaints + await _left(bench, places)


@asynccontextmanager
async def _world(plan: Plan, directory: Path) -> AsyncIterator[tuple[Bench, list[Place]]]:
    with _fleet(directory) as fleet:
        bench = Bench(directory)
        bench.environment["HOME"] = str(fleet.home)
        (bench.project / "task.sh").write_text(TASK)
        async with contextlib.AsyncExitStack() as stack:
            places = []
            for number in range(plan.machines):
                site = fleet.machine()
                wire = await stack.enter_async_context(Wire(site.sshd.port))
                places.append(Place(f"m{number}", site, wire))
                key = site.sshd.host_key.with_suffix(".pub").read_text()
                with _home(bench):
                    hostkeys.trust("127.0.0.1", wire.port, key)
            try:
                yield bench, places
            finally:
                bench.clean_up()


@contextmanager
def _fleet(directory: Path) -> Iterator[Fleet]:
    sent = directory / "sent"
    sent.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        fleet = Fleet(directory / "f", sent, patch)
        try:
            yield fleet
        finally:
            fleet.close()


@contextmanager
def _home(bench: Bench) -> Iterator[None]:
    """What this process writes goes where the bench's engine looks for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WORKBENCH_HOME", bench.environment["WORKBENCH_HOME"])
        yield


async def _strike(plan: Plan, bench: Bench, places: list[Place], say: Say) -> None:
    """Blow after blow until the time is over; then what was cut is whole again."""
    chance = random.Random(plan.seed)
    began = time.monotonic()
    healing: set[asyncio.Task[None]] = set()
    while (now := time.monotonic() - began) < plan.seconds:
        blow = chance.choice(("engine", "engine", "partition", "cut", "down", "sshd", "agent"))
        place = chance.choice(places)
        pause, outage = chance.uniform(*PAUSE), chance.uniform(*OUTAGE)
        say(f"{now:6.1f} s  {blow}" + (f" {place.name}" if blow != "engine" else ""))
        match blow:
            case "engine":
                await asyncio.to_thread(_kill_engine, bench)
            case "partition":
                place.wire.partition()
                healing.add(asyncio.create_task(_heal(place.wire, outage), name=f"heal {place.name}"))
            case "cut":
                place.wire.cut()
            case "down" if place.site.sshd.process:
                place.site.sshd.stop()
                healing.add(asyncio.create_task(_up(place, outage), name=f"up {place.name}"))
            case "sshd":
                place.site.sshd.kill_sessions()
            case "agent":
                LocalSite.break_road(place.site)
        await asyncio.sleep(pause)
    await asyncio.gather(*healing)
    for place in places:
        place.wire.heal()


async def _heal(wire: Wire, seconds: float) -> None:
    await asyncio.sleep(seconds)
    wire.heal()


async def _up(place: Place, seconds: float) -> None:
    await asyncio.sleep(seconds)
    await asyncio.to_thread(place.site.sshd.start)


def _kill_engine(bench: Bench) -> None:
    for pid in bench.alive("workbench.engine"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)


async def _engine(bench: Bench, *words: str) -> Any:
    """What the verb says as JSON; said again for as long as its engine is killed under it."""
    end = time.monotonic() + PATIENCE
    while True:
        done = await asyncio.to_thread(bench.run, *words, "--json")
        if done.returncode == 0:
            return json.loads(done.stdout)
        assert time.monotonic() < end, f"workbench {' '.join(words)}: {done.returncode} {done.stderr}"
        await asyncio.sleep(0.2)


async def _submit(plan: Plan, bench: Bench, numbers: range) -> None:
    """One sweep, once: after a submit that got no answer it is looked up whether it was taken."""
    tag = f"from-{numbers.start}"
    asked = ("sweep", "--tag", tag, "--set", f"i=range({numbers.start},{numbers.stop})", "--", "sh", "task.sh", "{i}")
    query = f"select count(*) from runs where list_contains(tags, '{tag}')"
    end = time.monotonic() + PATIENCE
    while (await asyncio.to_thread(bench.run, *asked)).returncode:
        assert time.monotonic() < end, f"{tag} can't be submitted"
        if (await _engine(bench, "sql", query))["rows"] != [[0]]:
            return


async def _rest(bench: Bench, plan: Plan) -> list[str]:
    """Wait until every run is over; those that are not in the end."""
    query = "select id, status from runs where ended is null and status not in ('cancelled', 'error', 'lost')"
    end = time.monotonic() + PATIENCE
    while live := (await _engine(bench, "sql", query))["rows"]:
        if time.monotonic() > end:
            return [f"{id} is still {status} after {PATIENCE:.0f} s" for id, status in live]
        await asyncio.sleep(0.5)
    return []


async def _wrong(bench: Bench, places: list[Place], plan: Plan) -> list[str]:
    """What history says that isn't so, and what ran more than once."""
    query = """
        select id, status, exit_code, detail, machine, param.value,
               (select last from metrics where run = runs.id and key = 'square'),
               (select count from metrics where run = runs.id and key = 'square')
        from runs join param on param.run = runs.seq and param.key = 'i'"""
    rows = (await _engine(bench, "sql", query, "--rows", str(2 * plan.runs)))["rows"]
    started = Counter(id for place in places for id in _started(place))
    found = []
    numbers = Counter(int(row[5]) for row in rows)
    found += [f"run {i} is there {numbers[i]} times" for i in range(plan.runs) if numbers[i] != 1]
    for id, status, code, detail, machine, value, last, count in rows:
        i = int(value)
        expected = i % 251 if i % 4 == 0 else 0
        if (status, code) != ("failed" if expected else "finished", expected):
            found.append(f"{id} ({i}) on {machine} is {status} with {code} and not {expected}: {detail}")
        if (last, count) != (i * i, 4):
            found.append(f"{id} ({i}) on {machine} has {count} points, the last {last}, and not 4 to {i * i}")
        if started[id] != 1:
            found.append(f"{id} ({i}) on {machine} was started {started[id]} times")
    return found


def _started(place: Place) -> list[str]:
    try:
        return (place.site.sshd.home / "started").read_text().split()
    except FileNotFoundError:
        return []


async def _left(bench: Bench, places: list[Place]) -> list[str]:
    """Processes that are still there though nothing is to be done any more."""
    end = time.monotonic() + PATIENCE
    while left := [process for place in places for process in _of(place)]:
        if time.monotonic() > end:
            return [f"process {pid} is left: {words}" for pid, words in left]
        await asyncio.sleep(0.2)
    return []


def _of(place: Place) -> list[tuple[int, str]]:
    """Agents, supervisors and commands of a machine."""
    marker = f"HOME={place.site.sshd.home}\0".encode()
    sshds = {process.pid for process in place.site.sshd.sessions()}
    found = []
    for process in processes.everyone().values():
        try:
            environment = Path(f"/proc/{process.pid}/environ").read_bytes()
            words = Path(f"/proc/{process.pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if marker in environment + b"\0" and process.pid not in sshds and not process.dead:
            found.append((process.pid, words))
    return found
