"""The runs of a stretch of time, as they were at any moment of it. Pure: nothing in it moves, who asks says when."""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from sys import intern
from typing import Any

from workbench.domain.course import Event, Life, life
from workbench.domain.run import Run
from workbench.domain.status import ACTIVE, TERMINAL
from workbench.domain.time import Micros
from workbench.errors import NotFound, UsageError
from workbench.protocol.messages import number_in
from workbench.protocol.runs import run_in, run_out

MOST = 50_000
"""Runs of a night: they are held in memory, about 3 KB each."""

Call = Callable[[str, dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Night:
    since: Micros
    until: Micros
    lives: Mapping[str, Life]
    """By the run's id."""
    metrics: Mapping[str, Mapping[str, float]]
    """id -> key -> last value of all."""
    moments: tuple[tuple[Micros, str], ...]
    """When something happened, and to which run, in order."""

    def at(self, now: Micros) -> list[Run]:
        """All runs that had been submitted by then."""
        return [run for one in self.lives.values() if (run := one.at(now))]

    def active(self, now: Micros) -> list[Run]:
        """Those that held a share of a machine."""
        held = ((one, one.stage(now)) for one in self.lives.values())
        return [one.in_stage(stage) for one, stage in held if stage and stage.status.name in ACTIVE]

    def run(self, reference: str, now: Micros) -> Run:
        """By id, name or number. Raises NotFound, of a run that was not there yet as well."""
        found = self.lives.get(reference) or next((one for one in self.lives.values() if _is(one.run, reference)), None)
        if found is None:
            raise NotFound(f"no run of this night is called {reference!r}", reference=reference)
        run = found.at(now)
        if run is None:
            raise NotFound(f"{found.run.name} was not submitted yet", reference=reference)
        return run

    def counts(self, now: Micros) -> dict[str, int]:
        """status -> how many."""
        return dict(Counter(stage.status.name for one in self.lives.values() if (stage := one.stage(now))))

    def known(self, run: Run) -> Mapping[str, float]:
        """Metrics of a run that was over by then: the last values are those of all time."""
        return self.metrics[run.id] if run.status.name in TERMINAL else {}

    def between(self, after: Micros, now: Micros) -> list[dict[str, Any]]:
        """What a `changed` notification tells of what happened after one moment and up to another."""
        begin = bisect_right(self.moments, after, key=lambda moment: moment[0])
        end = bisect_right(self.moments, now, key=lambda moment: moment[0])
        changes = []
        for id in dict.fromkeys(id for _, id in self.moments[begin:end]):
            for stage in self.lives[id].stages:
                if after < stage.event.at <= now:
                    at, kind, by = stage.event
                    run = run_out(self.lives[id].in_stage(stage))
                    changes.append({"kind": kind, "at": at, "by": by, "run": run})
        return sorted(changes, key=lambda change: change["at"])


def night(since: Micros, until: Micros, rows: Iterable[Mapping[str, Any]]) -> Night:
    """rows: of `replay_runs` replies."""
    lives, metrics = {}, {}
    known: dict[Any, Any] = {}
    for row in rows:
        if not row["events"]:
            continue  # its events are missing from the history, which `workbench doctor` says
        run = _sharing(run_in(row["run"]), known)
        lives[run.id] = life(run, (Event(at, intern(kind), intern(by)) for at, kind, by in row["events"]))
        metrics[run.id] = {intern(key): number_in(value) for key, value in row["metrics"].items()}
    moments = sorted((stage.event.at, id) for id, one in lives.items() for stage in one.stages)
    return Night(since, until, lives, metrics, tuple(moments))


def read(call: Call, since: Micros, until: Micros) -> Night:
    """A night as the engine remembers it. Raises UsageError where it has more runs than a replay holds."""

    def rows() -> Iterable[Mapping[str, Any]]:
        after: int | None = 0
        while after is not None:
            page = call("replay_runs", {"since": since, "until": until, "after": after})
            if page["total"] > MOST:
                raise UsageError(
                    f"there were {page['total']:,} runs in that time, and a replay holds {MOST:,}",
                    hint="choose a shorter time with --since and --until, or --lines, which tells any number",
                )
            yield from page["runs"]
            after = page["next"]

    return night(since, until, rows())


def _sharing(run: Run, known: dict[Any, Any]) -> Run:
    """The same with what it has in common with others held once: of a sweep that is nearly all."""

    def one(value: Any) -> Any:
        return known.setdefault(value, value)

    ask = replace(run.ask, command=one(run.ask.command), need=one(run.ask.need), tags=one(run.ask.tags))
    ask = replace(ask, params={intern(key): value for key, value in ask.params.items()})
    names = {name: one(getattr(run, name)) for name in ("project", "directory", "workdir", "user", "sweep")}
    return replace(run, ask=ask, code=one(run.code), environment=one(run.environment), **names)


def _is(run: Run, reference: str) -> bool:
    return reference in (run.name, str(run.seq), f"#{run.seq}")
