"""Runs and machines for the tests of the mind."""

from __future__ import annotations

from dataclasses import replace

from workbench.domain.resources import Capacity, Device, Need
from workbench.domain.run import Ask, Code, Environment, Run
from workbench.domain.status import Queued
from workbench.engine import seam
from workbench.engine.forecast import Past, look_ahead
from workbench.engine.scheduler import Outcome, State, step
from workbench.engine.waiting import Why, why

SECOND = 1_000_000
GB = 1_000_000_000


def a_run(seq: int = 1, **changes: object) -> Run:
    """A queued run of one CPU. `need`, `priority`, `retries` and `after` go to what it asks for."""
    ask = Ask(command=("true",), params={})
    for key in ("need", "priority", "retries", "after", "time_limit"):
        if key in changes:
            ask = replace(ask, **{key: changes.pop(key)})  # type: ignore[arg-type]
    run = Run(
        id=f"run{seq:05d}",
        seq=seq,
        name=f"calm-river-{seq}",
        project="churn",
        directory="/home/alice/churn",
        workdir=".",
        user="alice",
        submitted=0,
        ask=ask,
        code=Code("0" * 64),
        environment=Environment(""),
        position=float(seq),
        status=Queued(0),
    )
    return replace(run, **changes)  # type: ignore[arg-type]


def a_capacity(cpus: int = 2, gpus: int = 0) -> Capacity:
    devices = tuple(Device(f"GPU-{index}", index, "NVIDIA H100", 80 * GB) for index in range(gpus))
    return Capacity(cpus, 16 * GB, devices)


def a_state(cpus: int = 2, gpus: int = 0) -> State:
    """One machine that is up, and nothing in the queue."""
    state = State()
    step(state, seam.MachineUp("local", a_capacity(cpus, gpus)), 0)
    return state


def submit(state: State, *runs: Run, now: int = 0) -> Outcome:
    pending = {run.id: frozenset(run.ask.after) for run in runs if run.ask.after}
    return step(state, seam.Submit(tuple(runs), pending), now)


def launched(outcome: Outcome) -> list[str]:
    """Ids of the runs that were told to start, in order."""
    return [run.id for effect in outcome.effects if isinstance(effect, seam.Launch) for run in effect.lane]


def ended(attempt: str, code: int | None = 0, reason: str = "exited", seconds: float = 1.0) -> seam.AttemptEnded:
    return seam.AttemptEnded(attempt, code, reason, 0, int(seconds * SECOND), 0.5, 1000)


def explain(state: State, id: str, now: int = 0, past: Past = lambda run: ()) -> Why:
    """Why it waits. past: what runs like one took."""
    return why(state, state.runs[id], look_ahead(state, past, now))


def needs(cpus: int = 1, gpus: int = 0, memory: int = 0) -> Need:
    return Need(cpus, memory, gpus)
