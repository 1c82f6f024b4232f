"""What the writer remembers of the runs that are not over, so that a commit asks the database nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import duckdb

from workbench.domain.status import TERMINAL
from workbench.engine.store.interface import Metric
from workbench.errors import Unwritable

LIVE = f"status NOT IN ({', '.join(repr(name) for name in sorted(TERMINAL))})"
"""Of a row of `run`: it is not over."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far one attempt's metrics file is read."""

    bytes: int = 0
    malformed: int = 0
    first_malformed: str = ""
    step: int = 0


@dataclass(slots=True)
class Tracked:
    seq: int
    metrics: dict[str, Metric] = field(default_factory=dict)
    marks: dict[int, Mark] = field(default_factory=dict)
    """By attempt."""


@dataclass(slots=True)
class Memory:
    """Follows the commits; after one that failed it is thrown away and loaded anew."""

    last_event: int
    runs: dict[str, Tracked]
    """By id, those that are not over."""
    staged: set[int]
    """Runs with points in `recent`."""
    over: set[int]
    """Those of them that are over: their points can move to `point`."""

    def recall(self, cursor: duckdb.DuckDBPyConnection, run: str) -> Tracked:
        """What is known of a run, which may be over by now. Raises Unwritable where there is none."""
        tracked = self.runs.get(run)
        if tracked is not None:
            return tracked
        row = cursor.execute("SELECT seq FROM run WHERE id = ?", [run]).fetchone()
        if row is None:
            raise Unwritable(f"the history has no run {run}")
        self.over.add(row[0])
        return _track(cursor, "seq = ?", [row[0]])[run]


def load(cursor: duckdb.DuckDBPyConnection) -> Memory:
    last = cursor.execute("SELECT coalesce(max(seq), 0) FROM event").fetchall()[0][0]
    runs = _track(cursor, LIVE, [])
    staged = {seq for (seq,) in cursor.execute("SELECT DISTINCT run FROM recent").fetchall()}
    return Memory(last, runs, staged, staged - {tracked.seq for tracked in runs.values()})


def _track(cursor: duckdb.DuckDBPyConnection, which: str, values: list[Any]) -> dict[str, Tracked]:
    def rows(query: str) -> list[tuple[Any, ...]]:
        return cursor.execute(query, values).fetchall()

    chosen = f"run IN (SELECT seq FROM run WHERE {which})"
    runs = {run: Tracked(seq) for run, seq in rows(f"SELECT id, seq FROM run WHERE {which}")}
    by_seq = {tracked.seq: tracked for tracked in runs.values()}
    for seq, key, *metric in rows(f"SELECT run, key, last, min, max, step, count FROM metric WHERE {chosen}"):
        by_seq[seq].metrics[key] = Metric(*metric)
    for seq, attempt, *mark in rows(
        f"SELECT run, attempt, bytes, malformed, first_malformed, step FROM reading WHERE {chosen}"
    ):
        by_seq[seq].marks[attempt] = Mark(*mark)
    return runs
