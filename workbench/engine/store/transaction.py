"""What batches write: events appended, every row that changed written once, in its last state.

Rows go through DuckDB's appender: a microsecond each, where executemany takes a millisecond.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import astuple
from typing import Any

import duckdb

from workbench.domain.events import Change, Kind
from workbench.engine.store import rows
from workbench.engine.store.interface import Artifact, Batch, Collected, Metric, Reading
from workbench.engine.store.memory import Mark, Memory, Tracked
from workbench.errors import Unwritable

Rows = list[tuple[Any, ...]]

_CHOSEN = "run IN ?"


def write(cursor: duckdb.DuckDBPyConnection, memory: Memory, batches: Sequence[Batch]) -> None:
    """Write these batches in the transaction that is open, and let the memory follow.

    Raises Unwritable where a batch speaks of a run that isn't there, duckdb.Error where DuckDB won't.
    """
    changes = [change for batch in batches for change in batch.changes]
    readings = [reading for batch in batches for reading in batch.readings]
    samples = [sample for batch in batches for sample in batch.samples]
    if changes:
        _write_changes(cursor, memory, changes)
    if readings:
        _write_readings(cursor, memory, readings)
    for collection in (collection for batch in batches for collection in batch.collections):
        _write_collection(cursor, memory, collection)
    for name, machine in ((name, machine) for batch in batches for name, machine in batch.machines.items()):
        cursor.execute("DELETE FROM machine WHERE name = ?", [name])
        _append(cursor, "machine", [rows.machine(machine)] if machine else [])
    for name, reason in ((name, reason) for batch in batches for name, reason in batch.asides.items()):
        cursor.execute("DELETE FROM aside WHERE machine = ?", [name])
        _append(cursor, "aside", [(name, reason)] if reason else [])
    for run, by in ((run, by) for batch in batches for run, by in batch.notices.items()):
        seq = memory.recall(cursor, run).seq
        cursor.execute("DELETE FROM notice WHERE run = ?", [seq])
        _append(cursor, "notice", [(seq, by)] if by else [])
    _append(cursor, "sample", [(sample.machine, sample.at, rows.compact(sample.body)) for sample in samples])
    _forget(memory, changes)


def settle(cursor: duckdb.DuckDBPyConnection, memory: Memory) -> None:
    """Move the points of runs that are over to where a run's points lie together."""
    moving = sorted(memory.over & memory.staged)
    if moving:
        cursor.execute(f"INSERT INTO point FROM recent WHERE {_CHOSEN} ORDER BY run, attempt, key, step", [moving])
        memory.staged.difference_update(moving)
        if memory.staged:
            cursor.execute(f"DELETE FROM recent WHERE {_CHOSEN}", [moving])
        else:  # deleted rows keep their place on disk; a table that is made anew does not
            cursor.execute("CREATE OR REPLACE TABLE recent AS FROM recent WITH NO DATA")
    memory.over.clear()


def _write_changes(cursor: duckdb.DuckDBPyConnection, memory: Memory, changes: Sequence[Change]) -> None:
    last = {change.run.seq: change.run for change in changes}
    submitted = [change.run.seq for change in changes if change.kind is Kind.SUBMITTED]
    new = set(submitted)
    if len(new) < len(submitted):
        raise Unwritable("a run was submitted twice")
    for run in last.values():
        if run.seq in new:
            memory.runs[run.id] = Tracked(run.seq)
        else:
            memory.recall(cursor, run.id)

    events = [
        (seq, change.at, change.run.seq, change.kind, change.by, _detail(change))
        for seq, change in enumerate(changes, memory.last_event + 1)
    ]
    memory.last_event += len(changes)
    _append(cursor, "event", events)

    inserts = [rows.frozen(run) + rows.moving(run) for run in last.values() if run.seq in new]
    _append(cursor, "run", inserts, rows.FROZEN + rows.MOVING)
    updates = [(run.seq, *rows.moving(run)) for run in last.values() if run.seq not in new]
    _update(cursor, "run", ("seq",), rows.MOVING, updates)

    edited = {change.run.seq for change in changes if change.kind is Kind.EDITED} - new
    if edited:
        _update(cursor, "run", ("seq",), rows.FROZEN[1:], [rows.frozen(last[seq]) for seq in edited])
        cursor.execute(f"DELETE FROM param WHERE source = 'ask' AND {_CHOSEN}", [list(edited)])
        cursor.execute(f"DELETE FROM tag WHERE {_CHOSEN}", [list(edited)])
    asked = [run for run in last.values() if run.seq in new or run.seq in edited]
    _append(cursor, "param", [row for run in asked for row in rows.params(run.seq, run.ask.params, "ask")])
    _append(cursor, "tag", [(run.seq, rows.text(tag)) for run in asked for tag in run.ask.tags])


def _detail(change: Change) -> str:
    return rows.compact(dict(change.detail)) if change.detail else "{}"


def _write_readings(cursor: duckdb.DuckDBPyConnection, memory: Memory, readings: Sequence[Reading]) -> None:
    points: Rows = []
    artifacts: Rows = []
    marks, metrics = _Rows(), _Rows()
    for reading in readings:
        tracked = memory.recall(cursor, reading.run)
        seq, attempt = tracked.seq, reading.attempt
        before = tracked.marks.get(attempt)
        mark = before or Mark()
        if reading.offset <= mark.bytes:
            continue  # sent again after a doubt: what it read is in history
        tracked.marks[attempt] = mark = Mark(
            reading.offset,
            mark.malformed + reading.malformed,
            mark.first_malformed or rows.text(reading.first_malformed),
            reading.step,
        )
        marks.put((seq, attempt, *astuple(mark)), before is not None)
        if reading.points:
            memory.staged.add(seq)
            points += [(seq, attempt, *point) for point in reading.points]
        for key, (step, values) in _by_key(reading.points).items():
            old = tracked.metrics.get(key)
            tracked.metrics[key] = new = _folded(old, step, values)
            metrics.put((seq, key, new.last, new.min, new.max, new.step, new.count), old is not None)
        artifacts += [(seq, attempt, *_artifact(artifact)) for artifact in reading.artifacts]
        _write_config(cursor, seq, reading.config)
    _append(cursor, "recent", points)
    _append(cursor, "artifact", artifacts)
    _append(cursor, "reading", marks.inserts.values())
    _update(
        cursor, "reading", ("run", "attempt"), ("bytes", "malformed", "first_malformed", "step"), marks.updates.values()
    )
    _append(cursor, "metric", metrics.inserts.values())
    _update(cursor, "metric", ("run", "key"), ("last", "min", "max", "step", "count"), metrics.updates.values())


class _Rows:
    """Rows that are in the table already and rows that are not, by their first two columns: the last one counts."""

    def __init__(self) -> None:
        self.inserts: dict[tuple[Any, ...], tuple[Any, ...]] = {}
        self.updates: dict[tuple[Any, ...], tuple[Any, ...]] = {}

    def put(self, row: tuple[Any, ...], exists: bool) -> None:
        key = row[:2]
        (self.updates if exists and key not in self.inserts else self.inserts)[key] = row


def _by_key(points: Iterable[tuple[str, int, int, float]]) -> dict[str, tuple[int, list[float]]]:
    """key -> the step of its last point, and its values in order."""
    values: dict[str, list[float]] = defaultdict(list)
    steps: dict[str, int] = {}
    for key, step, _, value in points:
        values[key].append(value)
        steps[key] = step
    return {key: (steps[key], found) for key, found in values.items()}


def _folded(old: Metric | None, step: int, values: list[float]) -> Metric:
    """The metric after these values, of which there is at least one."""
    seen = [*values, old.min, old.max] if old else values
    finite = [value for value in seen if math.isfinite(value)]
    count = len(values) + (old.count if old else 0)
    return Metric(values[-1], min(finite, default=math.nan), max(finite, default=math.nan), step, count)


def _write_config(cursor: duckdb.DuckDBPyConnection, seq: int, config: Mapping[str, Any]) -> None:
    if not config:
        return
    written = rows.params(seq, config, "config")
    cursor.execute(
        "DELETE FROM param WHERE run = ? AND source = 'config' AND key IN ?",
        [seq, [row[1] for row in written]],
    )
    _append(cursor, "param", written)


def _write_collection(cursor: duckdb.DuckDBPyConnection, memory: Memory, collection: Collected) -> None:
    key = [memory.recall(cursor, collection.run).seq, collection.attempt]
    which = "run = ? AND attempt = ?"
    if cursor.execute(f"SELECT 1 FROM collection WHERE {which}", key).fetchone():
        return
    cursor.execute(f"DELETE FROM artifact WHERE {which}", key)
    _append(cursor, "artifact", [(*key, *_artifact(artifact)) for artifact in collection.artifacts])
    _append(cursor, "collection", [(*key, rows.compact(list(collection.left_out)))])


def _artifact(artifact: Artifact) -> tuple[Any, ...]:
    return rows.text(artifact.name), rows.text(artifact.path), artifact.size, artifact.sha256


def _forget(memory: Memory, changes: Sequence[Change]) -> None:
    for change in changes:
        if change.run.live:
            continue
        tracked = memory.runs.pop(change.run.id, None)
        if tracked:
            memory.over.add(tracked.seq)


def _append(
    cursor: duckdb.DuckDBPyConnection, table: str, values: Collection[tuple[Any, ...]], columns: Sequence[str] = ()
) -> None:
    if len(values) == 1:  # an appender takes twice as long as a statement to get going
        (row,) = values
        names = f"({', '.join(columns)})" if columns else ""
        cursor.execute(f"INSERT INTO {table} {names} VALUES ({', '.join('?' * len(row))})", row)
    elif values:
        with cursor.appender(table, columns=list(columns) or None) as appender:
            appender.append_rows(values)


def _update(
    cursor: duckdb.DuckDBPyConnection,
    table: str,
    key: Sequence[str],
    columns: Sequence[str],
    values: Collection[tuple[Any, ...]],
) -> None:
    """Set `columns` where `key` fits; each value is the key's columns and then the others."""
    if len(values) == 1:
        (row,) = values
        new = ", ".join(f"{column} = ?" for column in columns)
        fits = " AND ".join(f"{column} = ?" for column in key)
        cursor.execute(f"UPDATE {table} SET {new} WHERE {fits}", row[len(key) :] + row[: len(key)])
    elif values:
        with cursor.appender(table, columns=[*key, *columns], action="update", key=list(key)) as appender:
            appender.append_rows(values)
