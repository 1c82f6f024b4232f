"""Runs to put into a history, and their ways through life."""

from __future__ import annotations

from typing import Any

from workbench.domain.events import Change, Kind
from workbench.domain.resources import Need, Share
from workbench.domain.run import Ask, Code, Environment, Run
from workbench.domain.status import (
    Attempt,
    Cancelled,
    Ended,
    Error,
    Failed,
    Finished,
    Held,
    Lost,
    OutOfMemory,
    Preparing,
    Queued,
    Running,
    Status,
    TimedOut,
    Usage,
)
from workbench.domain.time import SECOND
from workbench.engine.store.interface import Batch, Reading

SUBMITTED = 1_760_000_000 * SECOND

ATTEMPT = Attempt(1, "gpu3", Share(2, 8_000_000_000, ("GPU-1",)), SUBMITTED + SECOND)
STARTED = SUBMITTED + 2 * SECOND
END = Ended(ATTEMPT, STARTED, STARTED + 90 * SECOND, Usage(12.5, 1_000_000))

STATUSES: tuple[Status, ...] = (
    Held(SUBMITTED, "by ada"),
    Queued(SUBMITTED),
    Queued(SUBMITTED, not_before=SUBMITTED + SECOND),
    Preparing(ATTEMPT),
    Preparing(ATTEMPT, cancelled_by="bob"),
    Running(ATTEMPT, STARTED),
    Running(ATTEMPT, STARTED, cancelled_by="bob"),
    Finished(END),
    Finished(Ended(ATTEMPT, STARTED, STARTED + SECOND, None)),
    Failed(END, 137),
    Error(STARTED, "no environment", "uv said no: \x1b[31mred\x1b[0m", None),
    Error(STARTED, "no supervisor", "", ATTEMPT),
    Cancelled(STARTED, "ada"),
    Cancelled(STARTED, "ada", END),
    TimedOut(END, 60.0),
    OutOfMemory(END, "used 9.1 GB, asked for 8 GB"),
    Lost(STARTED, "gpu3 was rebooted", ATTEMPT, STARTED),
)


def make(seq: int, status: Status | None = None, **changes: Any) -> Run:
    fields: dict[str, Any] = {
        "id": f"id{seq:06d}",
        "seq": seq,
        "name": f"brave-fox-{seq}",
        "project": "churn",
        "directory": "/home/ada/churn",
        "workdir": ".",
        "user": "ada",
        "submitted": SUBMITTED + seq * SECOND,
        "ask": Ask(
            ("python", "train.py", "--lr", "{lr}"),
            {"lr": seq / 100, "model": "resnet18", "deep": True},
            Need(2, 8_000_000_000, 1),
            time_limit=3600.0,
            priority=1,
            retries=2,
            after=("id000001",),
            tags=("base", "night run"),
        ),
        "code": Code("a" * 64, "b" * 40, "main", 3, "c" * 64),
        "environment": Environment(f"env{seq}", "d" * 64, "3.12", "uv.lock"),
        "position": float(seq),
        "status": status or Queued(SUBMITTED),
        "sweep": "id000001",
        "rerun_of": "",
        "links": {"data": "/srv/data"},
        "variables": {"OMP_NUM_THREADS": "2"},
    }
    return Run(**(fields | changes))


def submitted(*runs: Run) -> Batch:
    return Batch([Change(Kind.SUBMITTED, run.submitted, run, run.user, {"why": "asked"}) for run in runs])


def changed(kind: Kind, *runs: Run, by: str = "") -> Batch:
    return Batch([Change(kind, SUBMITTED, run, by) for run in runs])


def read(run: Run, offset: int, *points: tuple[str, int, float], attempt: int = 1, **more: Any) -> Batch:
    timed = [(key, step, SUBMITTED + step, value) for key, step, value in points]
    return Batch(readings=[Reading(run.id, attempt, offset, timed, **more)])
