"""A run as a row of the table `run`, and back."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import astuple
from typing import Any

from workbench.domain.machines import Enrolled
from workbench.domain.run import Run, attempt_of, end_of, ended_at, exit_code_of, started_at
from workbench.protocol.runs import run_in, run_out, status_out

FROZEN = (
    "seq", "id", "name", "project", "directory", "user", "submitted", "command", "sweep", "snapshot", "commit",
    "environment", "body",
)  # fmt: skip
"""Columns that only submit and edit write."""

MOVING = (
    "status", "priority", "position", "machine", "started", "ended", "exit_code", "cpu_seconds", "peak_memory",
    "attempts", "retried", "detail",
)  # fmt: skip
"""Columns that every change writes."""

MACHINE = ("name", "address", "root", "rate", "labels", "cpus", "memory", "draining")
"""The columns of the table `machine`, as Enrolled has them."""

compact = json.JSONEncoder(separators=(",", ":")).encode
"""A value as JSON without spaces."""

_ELSEWHERE = tuple(key for key in MOVING if key not in ("cpu_seconds", "peak_memory"))
"""What a body leaves to its columns."""

_READ = ("body", "status", "priority", "position", "attempts", "retried", "detail")
SELECT = ", ".join(_READ)
"""The columns that run_of needs, in its order."""


def frozen(run: Run) -> tuple[Any, ...]:
    body = run_out(run)
    for key in _ELSEWHERE:
        del body[key]
    return (
        run.seq,
        run.id,
        text(run.name),
        text(run.project),
        text(run.directory),
        run.user,
        run.submitted,
        text(" ".join(run.ask.command)),
        run.sweep,
        run.code.snapshot,
        run.code.commit,
        run.environment.id,
        compact(body),
    )


def moving(run: Run) -> tuple[Any, ...]:
    attempt, end = attempt_of(run.status), end_of(run.status)
    usage = end.usage if end else None
    return (
        run.status.name,
        run.ask.priority,
        run.position,
        attempt.machine if attempt else None,
        started_at(run.status),
        ended_at(run.status),
        exit_code_of(run.status),
        usage.cpu_seconds if usage else None,
        usage.peak_memory if usage else None,
        run.attempts,
        run.retried,
        compact(status_out(run.status)),
    )


def run_of(row: Sequence[Any]) -> Run:
    values = dict(zip(_READ, row, strict=True))
    return run_in(json.loads(values.pop("body")) | values | {"detail": json.loads(values["detail"])})


def machine(enrolled: Enrolled) -> tuple[Any, ...]:
    return tuple(list(value) if isinstance(value, tuple) else value for value in astuple(enrolled))


def machine_of(row: Sequence[Any]) -> Enrolled:
    values = dict(zip(MACHINE, row, strict=True))
    return Enrolled(**values | {"labels": tuple(values["labels"])})


def params(seq: int, values: Mapping[str, Any], source: str) -> list[tuple[Any, ...]]:
    """Rows of the table `param`."""
    return [(seq, text(key), *_told(value), source) for key, value in values.items()]


def text(value: str) -> str:
    """A text that DuckDB can hold: bytes that were no UTF-8 are written out."""
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()


def _told(value: Any) -> tuple[str, float | None]:
    """A value as text, and as a number where it is one."""
    if isinstance(value, str):
        return text(value), None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return compact(value), None
    try:
        return repr(value), float(value)
    except (OverflowError, ValueError):  # an int beyond a float, or too long to be written out
        return "inf", None
