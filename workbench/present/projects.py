"""A project as a row, and in full. A project is a mapping of the form that the protocol calls ProjectView."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.domain.run import Run, ended_at
from workbench.domain.status import ACTIVE, WAITING
from workbench.domain.time import Micros, format_duration
from workbench.present.cells import Cell, Line, cut, fit, plain, width
from workbench.present.columns import Column
from workbench.present.numbers import ago, count, metric
from workbench.present.runs import params, time
from workbench.present.sanitise import clean
from workbench.present.status import status

Project = Mapping[str, Any]

COLUMNS = (
    Column("project", 14, grows=1, most=28),
    Column("running", 7, right=True),
    Column("waiting", 7, right=True),
    Column("runs", 6, right=True),
    Column("best", 14, grows=1, most=40),
    Column("last", 8, right=True),
    Column("goal", 12, need=96, grows=4),
)


NAME, REST = 34, 49
"""Columns of a recent run's name where there is room, and of what stands beside it."""


def row(project: Project, now: Micros) -> tuple[Cell, ...]:
    """As many cells as COLUMNS."""
    numbers = project["counts"]
    active, waits = _sum(numbers, ACTIVE), _sum(numbers, WAITING)
    return (
        Cell(clean(project["name"]), "strong"),
        Cell(str(active), "running" if active else "dim"),
        Cell(str(waits), "queued" if waits else "dim"),
        Cell(count(sum(numbers.values()))),
        Cell(best(project), "good"),
        Cell(_last(project, now) or "–", "dim"),
        Cell(clean(project["goal"]), "dim"),
    )


def best(project: Project) -> str:
    """`accuracy 0.9812`, or what the goal is measured by."""
    found = project["best"]
    if found is None:
        return ""
    return f"{clean(project['metric'])} {metric(found['value'])}"


def facts(project: Project, now: Micros) -> list[tuple[str, str]]:
    """A label and what it says, a line each."""
    if found := project["best"]:
        result = f"{best(project)} by {clean(found['name'])}"
    elif project["metric"]:
        result = f"no run has finished with {clean(project['metric'])} yet"
    else:
        result = 'nothing to measure it by: write `metric = { name = "acc" }` under [project] in workbench.toml'
    last = _last(project, now) or "never"
    return [
        ("goal", clean(project["goal"]) or "none yet: write `goal = ...` under [project] in workbench.toml"),
        ("directory", clean(project["directory"])),
        ("active", f"{last}, {format_duration(project['seconds'])} of runs in all"),
        ("best", result),
    ]


def recent(run: Run, value: float | None, now: Micros, columns: int) -> Line:
    """One of its latest runs: `✓ finished      brave-sunset-12        0.9312     12:04     2m ago  lr 0.01`."""
    state, ended = status(run), ended_at(run.status)
    name = min(NAME, columns - REST)
    line: Line = (
        state._replace(text=fit(state.text, 16)),
        Cell(fit(clean(run.name), name) + "  "),
        Cell(fit("" if value is None else metric(value), 9, right=True) + "  ", "good"),
        Cell(fit(time(run, now).text, 9, right=True) + "  "),
        Cell(fit(ago(ended or run.submitted, now), 9, right=True), "dim"),
    )
    room = columns - width(plain(line)) - 2
    return (*line, Cell("  " + cut(params(run), room), "dim")) if room > 12 else line


def _sum(numbers: Mapping[str, int], names: frozenset[str]) -> int:
    return sum(numbers.get(name, 0) for name in names)


def _last(project: Project, now: Micros) -> str:
    """When something happened there; what runs is happening still."""
    if _sum(project["counts"], ACTIVE):
        return "now"
    return ago(project["last"], now) if project["last"] else ""
