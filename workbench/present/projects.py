"""A project as a row, and in full. A project is a mapping of the form that the protocol calls ProjectView."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.domain.status import ACTIVE, WAITING
from workbench.domain.time import Micros, format_duration
from workbench.present.cells import Cell
from workbench.present.columns import Column
from workbench.present.numbers import ago, count, metric
from workbench.present.sanitise import clean

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
        Cell(ago(project["last"], now) if project["last"] else "–", "dim"),
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
    said = [("goal", clean(project["goal"]) or "none yet: write `goal = ...` in workbench.toml")]
    if found := project["best"]:
        said.append(("best", f"{best(project)} by {clean(found['name'])}"))
    said += [
        ("time", f"{format_duration(project['seconds'])} of runs"),
        ("active", ago(project["last"], now) if project["last"] else "never"),
        ("directory", clean(project["directory"])),
    ]
    return said


def _sum(numbers: Mapping[str, int], names: frozenset[str]) -> int:
    return sum(numbers.get(name, 0) for name in names)
