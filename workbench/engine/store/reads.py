"""The questions that the engine asks of its history, each a function of a cursor."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import duckdb

from workbench.domain.course import Event
from workbench.domain.filters import Filter, parse
from workbench.domain.machines import Enrolled
from workbench.domain.run import Run
from workbench.domain.time import SECOND, Micros
from workbench.engine.store import filters, rows, series
from workbench.engine.store.interface import Artifact, Happening, Metric, Page, Past, Row, Series, Stretch
from workbench.engine.store.memory import LIVE
from workbench.errors import Ambiguous, FilterError, HistoryError, NotFound

Cursor = duckdb.DuckDBPyConnection

CANDIDATES = 10
"""How many runs an ambiguous prefix names."""


def live(cursor: Cursor) -> list[Run]:
    found = cursor.execute(f"SELECT {rows.SELECT} FROM run WHERE {LIVE} ORDER BY seq").fetchall()
    return [rows.run_of(row) for row in found]


def marks(cursor: Cursor) -> dict[tuple[str, int], tuple[int, int]]:
    query = f"SELECT id, attempt, bytes, step FROM reading JOIN run ON run.seq = reading.run WHERE {LIVE}"
    return {(run, attempt): (read, step) for run, attempt, read, step in cursor.execute(query).fetchall()}


def last_seq(cursor: Cursor) -> int:
    return int(_value(cursor, "SELECT coalesce(max(seq), 0) FROM run"))


def taken(cursor: Cursor, ids: Sequence[str]) -> set[str]:
    found = cursor.execute("SELECT id FROM run WHERE id IN ?", [list(ids)]).fetchall()
    return {run for (run,) in found}


def names(cursor: Cursor, ids: Sequence[str]) -> dict[str, str]:
    return dict(cursor.execute("SELECT id, name FROM run WHERE id IN ?", [list(ids)]).fetchall())


def find(cursor: Cursor, reference: str) -> Run:
    seq = _seq_of(cursor, reference)
    row = cursor.execute(f"SELECT {rows.SELECT} FROM run WHERE seq = ?", [seq]).fetchone()
    assert row is not None
    return rows.run_of(row)


def _seq_of(cursor: Cursor, reference: str) -> int:
    """A number first, then an id or name as a whole, then a prefix of either."""
    nothing = NotFound(f"no run is called {reference!r}", hint="`workbench runs` lists them", reference=reference)
    number = reference.removeprefix("#")
    if number.isdecimal() and len(number) < 19:
        row = cursor.execute("SELECT seq FROM run WHERE seq = ?", [int(number)]).fetchone()
        if row:
            return int(row[0])
    if not reference or not reference.isprintable():
        raise nothing
    for fits in ("id = $1", "name = $1", "starts_with(id, $1) OR starts_with(name, $1)"):
        found = cursor.execute(
            f"SELECT seq, name, id FROM run WHERE {fits} ORDER BY seq DESC LIMIT {CANDIDATES}", [reference]
        ).fetchall()
        if len(found) == 1:
            return int(found[0][0])
        if found:
            candidates = [f"{name} {run}" for _, name, run in found]
            raise Ambiguous(
                f"{reference!r} fits several runs", hint=f"say which: {', '.join(candidates)}", candidates=candidates
            )
    raise nothing


def page(cursor: Cursor, filter: str, order: str, limit: int, offset: int, project: str, now: Micros) -> Page:
    condition, values = filters.where(_parsed(cursor, filter), now)
    if project:
        condition, values = f"project = ? AND {condition}", [rows.text(project), *values]
    by, sorting = filters.order_by(order, now)
    query = f"""
        WITH fit AS MATERIALIZED (SELECT * EXCLUDE (body, detail) FROM run WHERE {condition})
        SELECT (SELECT map_from_entries(list((status, runs))) FROM
                   (SELECT status, count(*) AS runs FROM fit GROUP BY status ORDER BY status)),
               ARRAY(SELECT seq FROM fit AS run ORDER BY {by} LIMIT ? OFFSET ?)"""
    try:
        cursor.execute("BEGIN TRANSACTION READ ONLY")  # all answers are of one moment
        counts, seqs = cursor.execute(query, [*values, *sorting, limit, offset]).fetchall()[0]
        counts = counts or {}  # NULL where nothing fits
        return Page(_rows(cursor, seqs), sum(counts.values()), counts)
    finally:
        cursor.rollback()


def _parsed(cursor: Cursor, filter: str) -> Filter:
    """The tree of a filter whose regular expressions are some. Raises FilterError."""
    tree = parse(filter)
    for test in filters.expressions(tree):
        try:
            cursor.execute("SELECT regexp_matches('', ?)", [test.value]).fetchall()
        except duckdb.InvalidInputException as problem:
            where = max(test.column, filter.find("~", test.column))
            words = str(problem).strip().removeprefix("Invalid Input Error: ")
            raise FilterError(f"no regular expression: {words}", filter=filter, column=where) from None
    return tree


def _rows(cursor: Cursor, seqs: Sequence[int]) -> list[Row]:
    """These runs with their metrics, in this order."""
    metrics: dict[int, dict[str, float]] = {seq: {} for seq in seqs}
    these = "(SELECT unnest(?::BIGINT[]))"  # joined: twice as quick as a list of a hundred numbers
    last = f"SELECT run, key, last FROM metric WHERE run IN {these} ORDER BY run, key"
    for seq, key, value in cursor.execute(last, [seqs]).fetchall():
        metrics[seq][key] = value
    found = cursor.execute(f"SELECT {rows.SELECT} FROM run WHERE seq IN {these}", [seqs]).fetchall()
    runs = {run.seq: run for run in map(rows.run_of, found)}
    return [Row(runs[seq], metrics[seq]) for seq in seqs]


def metrics(cursor: Cursor, run: str) -> dict[str, Metric]:
    query = "SELECT key, last, min, max, step, count FROM metric WHERE run = ? ORDER BY key"
    return {key: Metric(*rest) for key, *rest in cursor.execute(query, [_seq(cursor, run)]).fetchall()}


def config(cursor: Cursor, run: str) -> dict[str, str]:
    query = "SELECT key, value FROM param WHERE run = ? AND source = 'config' ORDER BY key"
    return dict(cursor.execute(query, [_seq(cursor, run)]).fetchall())


def line(cursor: Cursor, run: str, key: str, points: int, stretch: Stretch, bands: bool) -> Series:
    return series.read(cursor, _seq(cursor, run), rows.text(key), points, stretch, bands)


def events(cursor: Cursor, run: str) -> list[dict[str, Any]]:
    query = "SELECT time, kind, who, detail FROM event WHERE run = ? ORDER BY seq"
    found = cursor.execute(query, [_seq(cursor, run)]).fetchall()
    return [{"at": at, "kind": kind, "by": who, "detail": json.loads(detail)} for at, kind, who, detail in found]


def happened(cursor: Cursor, since: Micros, until: Micros, after: int, limit: int) -> list[Happening]:
    query = """
        SELECT event.seq, event.time, event.kind, event.who, run.id, run.name, run.project, run.user, run.status,
               run.exit_code, CASE WHEN run.attempts <= 1 OR event.kind = 'ended' THEN run.machine END
        FROM (SELECT * FROM event WHERE time >= ? AND time < ? AND seq > ? ORDER BY seq LIMIT ?) AS event
        JOIN run ON run.seq = event.run ORDER BY event.seq"""
    return [Happening(*row) for row in cursor.execute(query, [since, until, after, limit]).fetchall()]


def pasts(cursor: Cursor, since: Micros, until: Micros, after: int, limit: int) -> tuple[list[Past], int]:
    there = "submitted < ? AND coalesce(ended, ?) >= ?"
    try:
        cursor.execute("BEGIN TRANSACTION READ ONLY")  # a run and its events are of one moment
        query = f"SELECT count(*), list(seq ORDER BY seq) FILTER (seq > ?) FROM run WHERE {there}"
        ((total, seqs),) = cursor.execute(query, [after, until, until, since]).fetchall()
        chosen = (seqs or [])[:limit]
        told: dict[int, list[Event]] = {seq: [] for seq in chosen}
        query = """
            SELECT run, time, kind, who FROM event
            WHERE run >= ? AND run <= ? AND run IN (SELECT unnest(?::BIGINT[])) ORDER BY seq"""
        if chosen:
            for seq, *event in cursor.execute(query, [chosen[0], chosen[-1], chosen]).fetchall():
                told[seq].append(Event(*event))
        return [Past(row, told[row.run.seq]) for row in _rows(cursor, chosen)], total
    finally:
        cursor.rollback()


def artifacts(cursor: Cursor, run: str) -> list[Artifact]:
    query = "SELECT name, path, size, sha256 FROM artifact WHERE run = ? ORDER BY attempt, rowid"
    latest = {row[0]: Artifact(*row) for row in cursor.execute(query, [_seq(cursor, run)]).fetchall()}
    return list(latest.values())


def artifact(cursor: Cursor, run: str, name: str) -> Artifact | None:
    query = """
        SELECT name, path, size, sha256 FROM artifact WHERE run = ? AND name = ?
        ORDER BY attempt DESC, rowid DESC LIMIT 1"""
    row = cursor.execute(query, [_seq(cursor, run), rows.text(name)]).fetchone()
    return Artifact(*row) if row else None


def collected(cursor: Cursor, run: str) -> dict[int, list[str]]:
    query = "SELECT attempt, left_out FROM collection WHERE run = ?"
    return {number: json.loads(said) for number, said in cursor.execute(query, [_seq(cursor, run)]).fetchall()}


def malformed(cursor: Cursor, run: str) -> tuple[int, str]:
    query = "SELECT malformed, first_malformed FROM reading WHERE run = ? ORDER BY attempt"
    found = cursor.execute(query, [_seq(cursor, run)]).fetchall()
    return sum(count for count, _ in found), next((first for _, first in found if first), "")


def machines(cursor: Cursor) -> list[Enrolled]:
    found = cursor.execute(f"SELECT {', '.join(rows.MACHINE)} FROM machine ORDER BY name").fetchall()
    return [rows.machine_of(row) for row in found]


def asides(cursor: Cursor) -> dict[str, str]:
    return dict(cursor.execute("SELECT machine, reason FROM aside").fetchall())


def notices(cursor: Cursor) -> dict[str, str]:
    return dict(cursor.execute("SELECT run.id, asked_by FROM notice JOIN run ON run.seq = notice.run").fetchall())


def samples(cursor: Cursor, machine: str, since: Micros, limit: int) -> list[tuple[Micros, dict[str, Any]]]:
    query = "SELECT time, body FROM sample WHERE machine = ? AND time >= ? ORDER BY time DESC LIMIT ?"
    found = cursor.execute(query, [machine, since, limit]).fetchall()
    return [(at, json.loads(body)) for at, body in reversed(found)]


def sampled(
    cursor: Cursor, machine: str, since: Micros, until: Micros, every: Micros
) -> list[tuple[Micros, dict[str, Any]]]:
    query = """
        SELECT time, body FROM sample WHERE machine = ? AND time >= ? AND time < ?
        QUALIFY row_number() OVER (PARTITION BY time // ? ORDER BY time) = 1 ORDER BY time"""
    found = cursor.execute(query, [machine, since, until, every]).fetchall()
    return [(at, json.loads(body)) for at, body in found]


def projects(cursor: Cursor, now: Micros) -> list[dict[str, Any]]:
    query = """
        SELECT project, status, count(*), max(greatest(submitted, coalesce(started, 0), coalesce(ended, 0))),
               coalesce(sum(if(status = 'running', greatest($now, started), ended) - started), 0),
               arg_max(directory, seq), max(seq)
        FROM run GROUP BY project, status ORDER BY max(seq)"""
    found: dict[str, dict[str, Any]] = {}
    for name, status, count, last, micros, directory, _ in cursor.execute(query, {"now": now}).fetchall():
        one = found.setdefault(name, {"name": name, "directory": "", "counts": {}, "last": 0, "seconds": 0.0})
        one["directory"] = directory  # rows come in order of their newest run: the last one stays
        one["counts"][status] = count
        one["last"] = max(one["last"], last)
        one["seconds"] += float(micros) / SECOND
    return sorted(found.values(), key=lambda one: -one["last"])


def environments(cursor: Cursor) -> set[str]:
    query = f"SELECT DISTINCT environment FROM run WHERE environment <> '' AND {LIVE}"
    return {environment for (environment,) in cursor.execute(query).fetchall()}


def durations(cursor: Cursor, project: str, limit: int) -> dict[str, list[float]]:
    query = """
        SELECT command, (ended - started) / 1e6 FROM run
        WHERE project = ? AND status IN ('finished', 'failed', 'timed out', 'oom') ORDER BY ended DESC LIMIT ?"""
    took: dict[str, list[float]] = {}
    for command, seconds in cursor.execute(query, [rows.text(project), limit]).fetchall():
        took.setdefault(command, []).append(seconds)
    return took


def missing(cursor: Cursor, acknowledged: int) -> str:
    """What the numbers of the events tell of events that are gone, "" when all are there."""
    first, last, count = cursor.execute(
        "SELECT coalesce(min(seq), 1), coalesce(max(seq), 0), count(*) FROM event"
    ).fetchall()[0]
    lost = (first - 1) + (last - first + 1 - count if count else 0) + max(0, acknowledged - last)
    return f"{lost} events that were acknowledged are missing from the history" if lost else ""


def _seq(cursor: Cursor, run: str) -> int:
    row = cursor.execute("SELECT seq FROM run WHERE id = ?", [run]).fetchone()
    if row is None:
        raise NotFound(f"no run has the id {run!r}", reference=run)
    return int(row[0])


def _value(cursor: Cursor, query: str) -> Any:
    row = cursor.execute(query).fetchone()
    if row is None:
        raise HistoryError("the history gave no answer")
    return row[0]
