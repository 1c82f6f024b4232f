"""What batches write: events appended, every row that changed written once, in its last state.

Rows go through DuckDB's appender: a microsecond each, where executemany takes a millisecond.
"""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import duckdb

from workbench.domain.events import Change, Kind
from workbench.domain.run import Run
from workbench.engine.store import rows
from workbench.engine.store.interface import Batch, Metric, Reading
from workbench.engine.store.memory import Mark, Memory, Tracked

Rows = list[tuple[Any, ...]]


def write(cursor: duckdb.DuckDBPyConnection, memory: Memory, batches: Sequence[Batch]) -> None:
    """Write these batches in the transaction that is open, and let the memory follow.

    Raises HistoryError where a batch speaks of a run that isn't there, duckdb.Error where DuckDB won't.
    """
    changes = [change for batch in batches for change in batch.changes]
    readings = [reading for batch in batches for reading in batch.readings]
    samples = [sample for batch in batches for sample in batch.samples]
    if changes:
        _write_changes(cursor, memory, changes)
    if readings:
        _write_readings(cursor, memory, readings)
    _append(cursor, "sample", [(sample.machine, sample.at, _json(sample.body)) for sample in samples])
    _forget(memory, changes)


def settle(cursor: duckdb.DuckDBPyConnection, memory: Memory) -> None:
    """Move the points of runs that are over to where a run's points lie together."""
    moving = sorted(memory.over & memory.staged)
    if moving:
        chosen = "run IN (SELECT unnest(?::BIGINT[]))"
        cursor.execute(
            f"INSERT INTO point SELECT * FROM recent WHERE {chosen} ORDER BY run, attempt, key, step", [moving]
        )
        cursor.execute(f"DELETE FROM recent WHERE {chosen}", [moving])
    memory.staged.difference_update(moving)
    memory.over.clear()


def _write_changes(cursor: duckdb.DuckDBPyConnection, memory: Memory, changes: Sequence[Change]) -> None:
    events: Rows = []
    last: dict[int, Run] = {}
    new: set[int] = set()
    edited: set[int] = set()
    for change in changes:
        run = change.run
        if change.kind is Kind.SUBMITTED:
            new.add(run.seq)
            memory.runs[run.id] = Tracked(run.seq)
        else:
            memory.recall(cursor, run.id)
            if change.kind is Kind.EDITED:
                edited.add(run.seq)
        last[run.seq] = run
        memory.last_event += 1
        events.append((memory.last_event, change.at, run.seq, change.kind, change.by, _json(dict(change.detail))))
    edited -= new
    _append(cursor, "event", events)
    _append(cursor, "run", [rows.frozen(last[seq]) + rows.moving(last[seq]) for seq in new], rows.FROZEN + rows.MOVING)
    moved = [(seq, *rows.moving(run)) for seq, run in last.items() if seq not in new]
    _update(cursor, "run", ("seq",), rows.MOVING, moved)
    if edited:
        _update(cursor, "run", ("seq",), rows.FROZEN[1:], [rows.frozen(last[seq]) for seq in edited])
        chosen = "run IN (SELECT unnest(?::BIGINT[]))"
        cursor.execute(f"DELETE FROM param WHERE source = 'ask' AND {chosen}", [list(edited)])
        cursor.execute(f"DELETE FROM tag WHERE {chosen}", [list(edited)])
    asked = [last[seq] for seq in new | edited]
    _append(cursor, "param", [row for run in asked for row in rows.params(run.seq, run.ask.params, "ask")])
    _append(cursor, "tag", [(run.seq, rows.text(tag)) for run in asked for tag in run.ask.tags])


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
        )
        marks.put((seq, attempt, mark.bytes, mark.malformed, mark.first_malformed), before is not None)
        for key, series in _by_key(reading.points).items():
            points += [(seq, attempt, key, *point) for point in series]
            old = tracked.metrics.get(key)
            tracked.metrics[key] = new = _folded(old, series)
            metrics.put((seq, key, new.last, new.min, new.max, new.step, new.count), old is not None)
        if reading.points:
            memory.staged.add(seq)
        artifacts += [(seq, attempt, rows.text(a.name), rows.text(a.path), a.size, a.sha256) for a in reading.artifacts]
        _write_config(cursor, seq, reading.config)
    _append(cursor, "recent", points)
    _append(cursor, "artifact", artifacts)
    _append(cursor, "reading", marks.inserts.values())
    _update(cursor, "reading", ("run", "attempt"), ("bytes", "malformed", "first_malformed"), marks.updates.values())
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


def _by_key(points: Iterable[tuple[str, int, int, float]]) -> dict[str, list[tuple[int, int, float]]]:
    series: dict[str, list[tuple[int, int, float]]] = defaultdict(list)
    for key, step, time, value in points:
        series[key].append((step, time, value))
    return {rows.text(key): values for key, values in series.items()}


def _folded(old: Metric | None, series: Sequence[tuple[int, int, float]]) -> Metric:
    step, _, last = series[-1]
    seen = [value for _, _, value in series] + ([old.min, old.max] if old else [])
    finite = [value for value in seen if math.isfinite(value)]
    count = len(series) + (old.count if old else 0)
    return Metric(last, min(finite, default=math.nan), max(finite, default=math.nan), step, count)


def _write_config(cursor: duckdb.DuckDBPyConnection, seq: int, config: Mapping[str, Any]) -> None:
    if not config:
        return
    written = rows.params(seq, config, "config")
    cursor.execute(
        "DELETE FROM param WHERE run = ? AND source = 'config' AND key IN (SELECT unnest(?::TEXT[]))",
        [seq, [row[1] for row in written]],
    )
    _append(cursor, "param", written)


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
    if values:
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
    if values:
        with cursor.appender(table, columns=[*key, *columns], action="update", key=list(key)) as appender:
            appender.append_rows(values)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
