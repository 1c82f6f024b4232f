"""A bad day, drawn from a seed: runs on machines, and everything between killed, cut, rebooted and filled.

What must hold at its end, whatever happened: no run is lost, no attempt was started twice, every exit code and every
last metric is right, and no process is left.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.chaos.places import Blow, Place, world
from tests.e2e.bench import Bench

TASK = """\
echo "$WORKBENCH_ATTEMPT" >> "$2"
i=$1
measure() { until echo "{\\"step\\": $1, \\"square\\": $2}" >> "$WORKBENCH_METRICS"; do sleep 0.1; done 2> /dev/null; }
for step in 0 1 2; do measure $step $((i * step)); done
sleep $((i % 5 == 0 ? 4 : 0)).$((i % 7))
measure 3 $((i * i))
exit $((i % 4 == 0 ? i % 251 : 0))
"""
"""Most are over in a moment, one in five is there while several things happen to it; one in four fails. A disk that
is full they wait out."""

SWEEP = 25
"""Runs in one submit."""
RETRIES = 9
"""What a run may lose to reboots."""
PAUSE = (0.2, 2.0)
"""Seconds between two blows."""
OUTAGE = (0.5, 6.0)
"""Seconds until what was struck is whole again."""
PATIENCE = 240.0
"""Seconds for everything to come to rest after the last blow: retries of what was lost twice wait half a minute."""

Say = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    seed: int
    machines: int
    runs: int
    seconds: float
    """How long things are done to it."""


@dataclass
class Story:
    """plan, the engine's home, the machines; and which runs somebody asked to cancel."""

    plan: Plan
    bench: Bench
    places: list[Place]
    say: Say
    cancelled: set[str] = field(default_factory=set)

    @property
    def witness(self) -> Path:
        """Where each attempt writes that it was started; on no disk that is filled."""
        return self.bench.home.parent / "started"


async def live_through(plan: Plan, directory: Path, say: Say) -> list[str]:
    """What did not hold, a sentence each."""
    async with world(directory, plan.machines) as (bench, places):
        story = Story(plan, bench, places, say)
        (bench.project / "task.sh").write_text(TASK)
        for place in places:
            root = ["--root", place.root] if place.root else []
            await _engine(bench, "machines", "add", place.name, place.address, "--cpus", "2", *root)
        await _engine(bench, "machines", "drain", "local")
        blows = asyncio.create_task(_strike(story), name="blows")
        for first in range(0, plan.runs, SWEEP):
            await _submit(story, range(first, min(first + SWEEP, plan.runs)))
        await blows
        say("all is whole again")
        complaints = await _rest(bench)
        complaints += await _wrong(story)
        await _engine(bench, "engine", "stop")
        return complaints + await _left(places)


async def _strike(story: Story) -> None:
    """Blow after blow until the time is over; then what was struck is whole again."""
    chance = random.Random(story.plan.seed)
    kinds = ("engine", "engine", "engine", "cancel", *story.places[0].blows)
    began = time.monotonic()
    healing: set[asyncio.Task[None]] = set()
    while (now := time.monotonic() - began) < story.plan.seconds:
        kind, place, number = chance.choice(kinds), chance.choice(story.places), chance.randrange(story.plan.runs)
        pause, outage = chance.uniform(*PAUSE), chance.uniform(*OUTAGE)
        match kind:
            case "engine":
                story.say(f"{now:6.1f} s  engine")
                await asyncio.to_thread(_kill_engine, story.bench)
            case "cancel":
                story.say(f"{now:6.1f} s  cancel {number}")
                await _cancel(story, number)
            case _:
                story.say(f"{now:6.1f} s  {kind} {place.name}")
                blow = place.blows[kind]
                async with place.hand:
                    await blow.strike()
                healing.add(asyncio.create_task(_heal(place, blow, outage), name=f"heal {place.name} from {kind}"))
        await asyncio.sleep(pause)
    await asyncio.gather(*healing)


async def _heal(place: Place, blow: Blow, seconds: float) -> None:
    if blow.heal is not None:
        await asyncio.sleep(seconds)
        async with place.hand:
            await blow.heal()


def _kill_engine(bench: Bench) -> None:
    for pid in bench.alive("workbench.engine"):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, 9)


async def _cancel(story: Story, number: int) -> None:
    """Once; whether the engine that was asked lived long enough to do it, nobody knows."""
    query = f"select run from params where key = 'i' and value = '{number}'"
    for [id] in (await _engine(story.bench, "sql", query))["rows"]:
        story.cancelled.add(id)
        await asyncio.to_thread(story.bench.run, "cancel", id)


async def _engine(bench: Bench, *words: str) -> Any:
    """What the verb says as JSON; said again for as long as its engine is killed under it."""
    end = time.monotonic() + PATIENCE
    while True:
        done = await asyncio.to_thread(bench.run, *words, "--json")
        if done.returncode == 0:
            return json.loads(done.stdout)
        assert time.monotonic() < end, f"workbench {' '.join(words)}: {done.returncode} {done.stderr}"
        await asyncio.sleep(0.2)


async def _submit(story: Story, numbers: range) -> None:
    """One sweep, once: after a submit that got no answer it is looked up whether it was taken."""
    bench, tag = story.bench, f"from-{numbers.start}"
    options = ("--tag", tag, "--retries", str(RETRIES), "--set", f"i=range({numbers.start},{numbers.stop})")
    query = f"select count(*) from runs where list_contains(tags, '{tag}')"
    end = time.monotonic() + PATIENCE
    asked = ("sweep", *options, "--", "sh", "task.sh", "{i}", str(story.witness))
    while (await asyncio.to_thread(bench.run, *asked)).returncode:
        assert time.monotonic() < end, f"{tag} can't be submitted"
        if (await _engine(bench, "sql", query))["rows"] != [[0]]:
            return


async def _rest(bench: Bench) -> list[str]:
    """Wait until every run is over; those that are not in the end."""
    query = "select id, status, machine from runs where ended is null and status not in ('cancelled', 'error', 'lost')"
    end = time.monotonic() + PATIENCE
    while live := (await _engine(bench, "sql", query))["rows"]:
        if time.monotonic() > end:
            return [f"{id} is still {status} on {machine} after {PATIENCE:.0f} s" for id, status, machine in live]
        await asyncio.sleep(0.5)
    return []


async def _wrong(story: Story) -> list[str]:
    """What history says that isn't so, and what was started more than once."""
    query = """
        select id, status, exit_code, detail, machine, params.value, attempts, retried,
               (select last from metrics where run = runs.id and key = 'square'),
               (select count(*) from points where run = runs.id and key = 'square' and attempt = attempts)
        from runs join params on params.run = runs.id and params.key = 'i'"""
    rows = (await _engine(story.bench, "sql", query, "--rows", str(2 * story.plan.runs)))["rows"]
    started = Counter(story.witness.read_text().split())
    numbers = Counter(int(row[5]) for row in rows)
    found = [f"run {i} is there {numbers[i]} times" for i in range(story.plan.runs) if numbers[i] != 1]
    found += [f"attempt {attempt} was started {times} times" for attempt, times in started.items() if times != 1]
    tries = Counter(attempt.rpartition(".")[0] for attempt in started)
    for id, status, code, detail, machine, value, attempts, retried, last, points in rows:
        i = int(value)
        run = f"{id} ({i}) on {machine}"
        if tries[id] > retried + 1:
            found.append(f"{run} was started in {tries[id]} attempts after {retried} losses")
        if status == "cancelled" and id in story.cancelled:
            continue
        expected = i % 251 if i % 4 == 0 else 0
        if (status, code) != ("failed" if expected else "finished", expected):
            found.append(f"{run} is {status} with {code} and not {expected}: {detail}")
        if (last, points) != (i * i, 4):
            found.append(f"{run} has {points} points, the last {last}, and not 4 to {i * i}")
        if started[f"{id}.{attempts}"] != 1:
            found.append(f"{run} ended in attempt {attempts}, which was started {started[f'{id}.{attempts}']} times")
    losses = sum(row[7] for row in rows)
    story.say(f"{len(rows)} runs, {len(started)} starts, {losses} retries, {len(story.cancelled)} asked to cancel")
    return found


async def _left(places: list[Place]) -> list[str]:
    """Processes that are still there though nothing is to be done any more."""
    end = time.monotonic() + PATIENCE
    while left := [(place.name, pid) for place in places for pid in place.busy()]:
        if time.monotonic() > end:
            return [f"process {pid} is left on {name}: {_words(pid)}" for name, pid in left]
        await asyncio.sleep(0.2)
    return []


def _words(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "gone by now"
