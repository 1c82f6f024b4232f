"""A page of the runs of a moment, as the verb `runs` gives it. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.domain.filters import All, parse
from workbench.domain.fitting import fits, numbers, texts
from workbench.domain.run import Run, ended_at, started_at
from workbench.domain.status import WAITING
from workbench.domain.time import Micros
from workbench.errors import FilterError

_RANK = {"running": 0, "preparing": 1, "queued": 2, "held": 3}

Metrics = Callable[[Run], Mapping[str, float]]


def chosen(runs: Sequence[Run], metrics: Metrics, filter: str, order: str, project: str, now: Micros) -> list[Run]:
    """Those that fit, in order. Raises FilterError."""
    tree = parse(filter)
    fitting = [
        run
        for run in runs
        if (not project or run.project == project) and (tree == All(()) or fits(tree, run, metrics(run), now))
    ]
    if order == "queue":
        return sorted(fitting, key=_place)
    fitting.sort(key=lambda run: -run.seq)
    return fitting if order == "newest" else _sorted(fitting, order, metrics, now)


def counts(runs: Sequence[Run]) -> dict[str, int]:
    return dict(Counter(run.status.name for run in runs))


def _place(run: Run) -> tuple[int, int, float, int]:
    """What runs, what waits in its order, then the past, newest first."""
    waits = run.status.name in WAITING
    first, then = (-run.ask.priority, run.position) if waits else (0, 0.0)
    return _RANK.get(run.status.name, 4), first, then, -run.seq


def _sorted(runs: list[Run], order: str, metrics: Metrics, now: Micros) -> list[Run]:
    """What a run does not have comes last, whichever way round."""
    values = ((_value(order.removeprefix("-"), run, metrics, now), run) for run in runs)
    known = [(_comparable(value), run) for value, run in values if value is not None and value == value]
    there = {run.id for _, run in known}
    known.sort(key=lambda one: one[0], reverse=order.startswith("-"))
    return [*(run for _, run in known), *(run for run in runs if run.id not in there)]


def _value(name: str, run: Run, metrics: Metrics, now: Micros) -> Any:
    subject, _, key = name.partition(".")
    if key and subject in ("metric", "param"):
        return (metrics(run) if subject == "metric" else run.ask.params).get(key)
    known = {**texts(run), **numbers(run, now), "submitted": run.submitted}
    known |= {"started": started_at(run.status), "ended": ended_at(run.status)}
    if name not in known:
        raise FilterError(f"nothing is sorted by {name!r}", hint="sort by queue, newest or a field", filter=name)
    return known[name]


def _comparable(value: Any) -> tuple[bool, float, str]:
    """Numbers by value, then texts by letter."""
    if isinstance(value, int | float):
        return False, float(value), ""
    return True, 0.0, str(value).lower()
