"""What a client knows of the engine, and how each notification changes it. Pure: (snapshot, note) -> snapshot.

A snapshot holds only the runs that somebody looks at: lists fetch pages (`Window`) and have them learned here;
notifications then keep those runs fresh. What else exists is the engine's to know.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from workbench.domain.progress import Progress
from workbench.domain.run import Run, attempt_of
from workbench.domain.use import Use, use_of
from workbench.protocol.messages import number_in
from workbench.protocol.runs import run_in
from workbench.protocol.shapes import MachineView, Sample

TREND = 24
"""Values of a metric kept for a sparkline."""
HISTORY = 300
"""Samples of a machine kept: ten minutes."""
_REORDERING = frozenset(
    {"submitted", "held", "released", "edited", "moved", "placed", "started", "fenced", "retried", "ended"}
)


@dataclass(frozen=True, slots=True)
class Row:
    run: Run
    metrics: Mapping[str, float] = field(default_factory=dict)
    """key -> last value."""
    trend: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    """key -> latest values, oldest first."""
    why: str = ""
    """Why it waits."""
    progress: Progress | None = None
    """How far the preparing of it has come."""
    notify: bool = False
    """Somebody wants to be told when it is over."""
    after: Mapping[str, str] = field(default_factory=dict)
    """id -> name of the runs that it comes after."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    rows: Mapping[str, Row] = field(default_factory=dict)
    """By the run's id."""
    machines: tuple[MachineView, ...] = ()
    order: int = 0
    """Grows when a list of runs may have changed its order, its members or its counts."""


def fold(snapshot: Snapshot, method: str, params: Mapping[str, Any]) -> Snapshot:
    """The snapshot after a notification. What it does not know it leaves alone: a newer engine may say more."""
    match method:
        case "changed":
            return _changed(snapshot, params["changes"])
        case "metrics":
            return _measured(snapshot, params["runs"])
        case "waits":
            return _each(snapshot, {id: {"why": text} for id, text in params["runs"].items()})
        case "progress":
            return _each(snapshot, {id: {"progress": Progress(**said)} for id, said in params["runs"].items()})
        case "notice":
            return note(snapshot, [params["run"]], wanted=False)
        case "machines":
            gone = params.get("gone", ())
            known = [machine for machine in snapshot.machines if machine["name"] not in gone]
            return replace(snapshot, machines=_machines(known, params["machines"]))
        case _:
            return snapshot


def learn(snapshot: Snapshot, page: Mapping[str, Any]) -> Snapshot:
    """With the rows of a `runs` reply."""
    rows = dict(snapshot.rows)
    for one in page["rows"]:
        run = run_in(one["run"])
        known = rows.get(run.id, Row(run))
        metrics = {key: number_in(value) for key, value in one["metrics"].items()}
        rows[run.id] = replace(
            known,
            run=run,
            metrics=metrics,
            why=one.get("waits", ""),
            progress=_progress(one),
            notify=one.get("notify", False),
            after=one.get("after", {}),
        )
    return replace(snapshot, rows=rows)


def _progress(row: Mapping[str, Any]) -> Progress | None:
    said = row.get("progress")
    return Progress(**said) if said else None


def learn_trends(snapshot: Snapshot, series: Iterable[Mapping[str, Any]]) -> Snapshot:
    """With the latest values of a `series` reply: what came before the subscription."""
    rows = dict(snapshot.rows)
    for one in series:
        if row := rows.get(one["run"]):
            values = tuple(number_in(value) for value in one["values"][-TREND:])
            rows[row.run.id] = replace(row, trend={**row.trend, one["key"]: values})
    return replace(snapshot, rows=rows)


def note(snapshot: Snapshot, ids: Iterable[str], wanted: bool) -> Snapshot:
    """Of these runs' ends somebody wants to be told, or no more."""
    return _each(snapshot, {id: {"notify": wanted} for id in ids})


def keep(snapshot: Snapshot, ids: Iterable[str]) -> Snapshot:
    """Without the runs that nobody looks at any more."""
    wanted = set(ids)
    return replace(snapshot, rows={id: row for id, row in snapshot.rows.items() if id in wanted})


def use_now(snapshot: Snapshot, run: Run) -> Use | None:
    """What a run takes at present, as its machine told last; None where it does not run, or nobody can see it."""
    attempt = attempt_of(run.status)
    if attempt is None or not run.active:
        return None
    seen = (one for one in snapshot.machines if one["name"] == attempt.machine and one["status"] != "unreachable")
    machine = next(seen, None)
    return use_of(machine["sample"], f"{run.id}.{attempt.number}", attempt.share.devices) if machine else None


def _changed(snapshot: Snapshot, changes: Sequence[Mapping[str, Any]]) -> Snapshot:
    rows = dict(snapshot.rows)
    for change in changes:
        run = run_in(change["run"])
        if row := rows.get(run.id):
            waits = run.status.name in ("queued", "held")
            rows[run.id] = replace(
                row,
                run=run,
                why=row.why if waits else "",
                progress=row.progress if run.status.name == "preparing" else None,
            )
    reordered = any(change["kind"] in _REORDERING for change in changes)
    return replace(snapshot, rows=rows, order=snapshot.order + reordered)


def _measured(snapshot: Snapshot, runs: Mapping[str, Mapping[str, Any]]) -> Snapshot:
    known = {id: values for id, values in runs.items() if id in snapshot.rows}
    if not known:
        return snapshot
    rows = dict(snapshot.rows)
    for id, values in known.items():
        row = rows[id]
        fresh = {key: number_in(value) for key, value in values.items()}
        trend = {key: (*row.trend.get(key, ()), value)[-TREND:] for key, value in fresh.items()}
        rows[id] = replace(row, metrics={**row.metrics, **fresh}, trend={**row.trend, **trend})
    return replace(snapshot, rows=rows)


def _each(snapshot: Snapshot, changes: Mapping[str, dict[str, Any]]) -> Snapshot:
    known = {id: replace(snapshot.rows[id], **said) for id, said in changes.items() if id in snapshot.rows}
    return replace(snapshot, rows={**snapshot.rows, **known}) if known else snapshot


def _machines(before: Sequence[MachineView], after: Sequence[MachineView]) -> tuple[MachineView, ...]:
    """Notifications bring one sample each: the history of ten minutes is kept here."""
    known = {machine["name"]: machine for machine in before}
    told = {machine["name"] for machine in after}
    merged = [machine for machine in before if machine["name"] not in told]
    for machine in after:
        history: list[Sample] = list(machine["history"])
        if not history and (old := known.get(machine["name"])):
            history = list(old["history"])
        sample = machine["sample"]
        if sample and (not history or history[-1]["at"] < sample["at"]):
            history.append(sample)
        merged.append(cast(MachineView, {**machine, "history": history[-HISTORY:]}))
    return tuple(sorted(merged, key=lambda machine: machine["name"]))


@dataclass(frozen=True, slots=True)
class Window:
    """Which rows of a long list are known, by their place in it. The list itself stays in the engine."""

    total: int = 0
    ids: Mapping[int, str] = field(default_factory=dict)

    def missing(self, first: int, last: int, page: int) -> tuple[int, int] | None:
        """(offset, limit) of the stretch to fetch so that rows first to last are known; None: all are."""
        gaps = [index for index in range(max(0, first), min(last + 1, self.total)) if index not in self.ids]
        if not gaps:
            return None
        return gaps[0], max(page, gaps[-1] - gaps[0] + 1)

    def place(self, offset: int, ids: Sequence[str], total: int) -> Window:
        """With a page that came."""
        known = {index: id for index, id in self.ids.items() if index < total}
        return Window(total, {**known, **{offset + index: id for index, id in enumerate(ids)}})

    def near(self, first: int, last: int, margin: int) -> Window:
        """Without what is far from the rows first to last."""
        return Window(self.total, {i: id for i, id in self.ids.items() if first - margin <= i <= last + margin})
