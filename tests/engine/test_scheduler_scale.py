"""A thousand machines and a hundred thousand runs, on a clock of their own: what the scheduler promises holds.

`python -m tests.engine.test_scheduler_scale` prints how long a decision takes.
"""

from __future__ import annotations

import heapq
import random
import time
from dataclasses import dataclass, field

import pytest

from tests.engine.making import GB, SECOND, a_run, ended
from workbench.domain.machines import Enrolled
from workbench.domain.resources import Capacity, Device, Need
from workbench.engine import seam
from workbench.engine.scheduler import Outcome, State, step
from workbench.engine.seats import Room, Seat

SHAPES = ((64, 0, 0), (96, 8, 80), (32, 4, 24), (8, 0, 0))
"""CPUs, GPUs and the memory of each, of the machines there are."""
LONGEST = 7200 * SECOND
"""No run takes longer."""


@dataclass
class Simulation:
    """Every run takes its time and ends; machines do as they are told at once."""

    chance: random.Random
    state: State = field(default_factory=State)
    now: int = 0
    ends: list[tuple[int, str]] = field(default_factory=list)
    started: dict[int, int] = field(default_factory=dict)
    """A run's number -> when."""
    seconds: list[float] = field(default_factory=list)
    """How long each decision took."""

    def feed(self, event: seam.Event | seam.Command) -> Outcome:
        begin = time.perf_counter()
        outcome = step(self.state, event, self.now)
        self.seconds.append(time.perf_counter() - begin)
        for effect in outcome.effects:
            if isinstance(effect, seam.Launch):
                for run in effect.lane:
                    self.started[run.seq] = self.now
                    end = self.now + int(self.chance.uniform(0.01, 1) * LONGEST)
                    heapq.heappush(self.ends, (end, f"{run.id}.{run.attempts}"))
        return outcome

    def machines(self, count: int) -> None:
        for index in range(count):
            cpus, gpus, size = SHAPES[index % len(SHAPES)]
            devices = tuple(Device(f"GPU-{index}-{i}", i, "X", size * GB) for i in range(gpus))
            self.feed(seam.Enrol(Enrolled(f"m{index:04d}", labels=(f"rack{index % 5}",))))
            self.feed(seam.MachineUp(f"m{index:04d}", Capacity(cpus, 256 * GB, devices)))

    def submit(self, first: int, count: int) -> None:
        runs = [a_run(seq, need=self.need(), priority=0) for seq in range(first, first + count)]
        self.feed(seam.Submit(tuple(runs), {}))

    def need(self) -> Need:
        gpus = self.chance.choice((0, 0, 0, 1, 1, 2, 8))
        return Need(
            cpus=self.chance.choice((1, 2, 4, 8, 16)),
            memory=self.chance.choice((0, 4, 16)) * GB,
            gpus=gpus,
            gpu_memory=self.chance.choice((0, 16)) * GB if gpus and gpus < 8 else 0,
            labels=(f"rack{self.chance.randrange(5)}",) if self.chance.random() < 0.05 and gpus < 8 else (),
        )

    def end_next(self) -> None:
        self.now, attempt = heapq.heappop(self.ends)
        self.feed(ended(attempt, seconds=60))

    def nothing_is_overcommitted(self) -> None:
        held: dict[str, list[str]] = {}
        cpus: dict[str, int] = {}
        for lane in {id(lane): lane for lane in self.state.lanes.values()}.values():
            held.setdefault(lane.machine, []).extend(lane.share.devices)
            cpus[lane.machine] = cpus.get(lane.machine, 0) + lane.share.cpus
        for name, seat in self.state.seats.items():
            assert cpus.get(name, 0) == seat.cpus <= seat.capacity.cpus
            assert len(held.get(name, [])) == len(set(held.get(name, []))) <= len(seat.capacity.devices)


def crowded(machines: int, queued: int) -> Simulation:
    """Every machine is as full as it gets, and so many runs were submitted in all."""
    world = Simulation(random.Random(7))
    world.machines(machines)
    for first in range(1, queued + 1, 1000):
        world.submit(first, min(1000, queued + 1 - first))
    return world


def test_a_decision_looks_at_few_machines_and_gives_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    world = crowded(1000, 100_000)
    world.nothing_is_overcommitted()
    assert len(world.state.lines) > 90_000
    looks = 0
    room = Seat.room

    def counted(seat: Seat) -> Room:
        nonlocal looks
        looks += 1
        return room(seat)

    monkeypatch.setattr(Seat, "room", counted)
    for _ in range(200):
        world.end_next()
    world.nothing_is_overcommitted()
    assert looks < 200 * 50, "of a thousand"


def test_runs_that_want_the_same_start_in_order() -> None:
    world = crowded(20, 3000)
    order: dict[Need, list[int]] = {}
    wants = {run.seq: run.ask.need for run in world.state.runs.values()}
    while world.ends:
        world.end_next()
        world.nothing_is_overcommitted()
    assert not world.state.runs, "every one had its turn"
    for seq in world.started:
        order.setdefault(wants[seq], []).append(seq)
    assert all(seqs == sorted(seqs) for seqs in order.values())


def test_the_largest_run_is_not_starved_by_ever_more_small_ones() -> None:
    world = crowded(20, 2000)
    largest = a_run(2001, need=Need(96, 200 * GB, 8), priority=1)
    asked = world.now
    world.feed(seam.Submit((largest,), {}))
    seq = 2001
    while largest.seq not in world.started:
        world.end_next()
        seq += 1
        world.feed(seam.Submit((a_run(seq, need=Need(1), priority=1),), {}))
        assert world.now - asked < 3 * LONGEST


if __name__ == "__main__":
    world = crowded(1000, 100_000)
    print(f"{len(world.state.lines)} queued in {len(list(world.state.lines))} lines, {len(world.ends)} running")
    for _ in range(2000):
        world.end_next()
    last = sorted(1000 * seconds for seconds in world.seconds[-2000:])
    print(f"a run ends, another starts: p50 {last[1000]:.1f} ms, p99 {last[1980]:.1f} ms, most {last[-1]:.1f} ms")
