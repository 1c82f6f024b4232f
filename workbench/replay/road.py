"""The app's road to a past night: what Link is to an engine, with answers of the moment that is played."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import compress
from typing import Any

from workbench.domain.run import Run, started_at
from workbench.domain.status import TERMINAL
from workbench.domain.time import Micros
from workbench.errors import EngineError, Refused, WorkbenchError
from workbench.link import Link, Listener
from workbench.protocol.messages import number_in, number_out
from workbench.protocol.runs import run_out
from workbench.replay import pages
from workbench.replay.night import Night
from workbench.replay.pace import Pace
from workbench.replay.tapes import Tapes, wind

PAST = "this is a replay of the past: nothing can be changed"
UNKNOWN = "why is not on record"
"""What is told of a run that waited."""
TICK = 0.25
"""Seconds from one picture to the next."""
POINTS = 400
MANY = 500
"""Changes in one tick from which the screens look anew instead of hearing each."""
WATCHED = 100
"""Running runs whose curves are kept."""
THROUGH = {"logs", "logs_find", "pull", "diff", "compare_code", "compare_environment"}
"""What is answered as it is by now: it was frozen at submit, or has no times in it."""

_LISTS = ("steps", "times", "values", "lows", "highs")


class Replay:
    """night: what is played. link: to the engine that remembers it."""

    def __init__(self, night: Night, link: Link, speed: int) -> None:
        self._night, self._link = night, link
        self.pace = Pace(night.since, night.until, night.since, time.monotonic(), speed)
        """Whoever changes it changes what is played, from the next tick on."""
        self._told = night.since
        self._anew = False
        self._tapes = Tapes()
        self._seen: list[tuple[Any, ...]] = []
        """What the listener knows of the machines."""
        self._curves: dict[str, list[dict[str, Any]]] = {}
        self._measured: dict[str, dict[str, float]] = {}
        self._metrics: dict[str, str] = {}
        """project -> what it is measured by."""

    @property
    def connected(self) -> bool:
        return self._link.connected

    @property
    def trouble(self) -> str:
        return self._link.trouble

    @property
    def over(self) -> bool:
        return self.pace.over(time.monotonic())

    def now(self) -> Micros:
        return self.pace.at(time.monotonic())

    def jump(self, seconds: float) -> None:
        self.pace, self._anew = self.pace.jumped(seconds, time.monotonic()), True

    async def stay(self, listener: Listener) -> None:
        """Play, and keep the road to the engine. Never returns."""
        self.pace = replace(self.pace, wall=time.monotonic())  # what came before was no time to look
        async with asyncio.TaskGroup() as group:
            group.create_task(self._link.stay(_Ear(self, listener)))
            group.create_task(self._play(listener))

    async def wind(self) -> None:
        """Have the samples of this moment. Raises WorkbenchError."""
        now = self.now()
        if not self._tapes.cover(now):
            self._tapes = await wind(self._link.ask, now, time.time_ns() // 1000)

    async def _play(self, listener: Listener) -> None:
        while True:
            await asyncio.sleep(TICK)
            if self.connected and (self._anew or self.now() != self._told):
                with suppress(WorkbenchError):  # the banner speaks of a lost engine
                    await self._tell(listener)

    async def _tell(self, listener: Listener) -> None:
        await self.wind()
        before, self._told = self._told, self.now()
        changes = self._night.between(before, self._told)
        if self._anew or len(changes) > MANY:
            self._anew, self._measured = False, {}
            await listener.engine_came()
            return
        if changes:
            listener.engine_said("changed", {"changes": changes})
        machines = self._machines()
        seen = [(one["name"], len(one["history"]), one["sample"], one["running"]) for one in machines["machines"]]
        if seen != self._seen:
            self._seen = seen
            listener.engine_said("machines", machines)
        if fresh := self._fresh():
            listener.engine_said("metrics", {"runs": fresh})

    def _machines(self) -> dict[str, Any]:
        """All of them and their histories, in place of what was known."""
        now = self.now()
        gone = [one["name"] for one in self._tapes.machines]
        return {"gone": gone, "machines": self._tapes.at(now, self._night.active(now))}

    def _fresh(self) -> dict[str, dict[str, float | str]]:
        """The last values of the runs that somebody looks at, where they are others than before."""
        fresh = {}
        for id in self._curves:
            life = self._night.lives[id]
            run = life.at(self.now())
            if run is None or run.status.name != "running":
                continue
            values = dict(self._last(run))
            before, self._measured[id] = self._measured.get(id, {}), values
            if changed := {key: number_out(value) for key, value in values.items() if before.get(key) != value}:
                fresh[id] = changed
        return fresh

    # The verbs.

    async def ask(self, verb: str, **params: Any) -> dict[str, Any]:
        """As the engine would have answered at this moment. Raises WorkbenchError; Refused for what would act."""
        if verb in THROUGH:
            return await self._link.ask(verb, **params)
        answer = getattr(self, f"_{verb}_then", None)
        if answer is None:
            raise Refused(PAST)
        return dict(await answer(**params))

    async def _runs_then(
        self, filter: str = "", order: str = "queue", limit: int = 100, offset: int = 0, project: str = ""
    ) -> dict[str, Any]:
        now = self.now()
        found = pages.chosen(self._night.at(now), self._last, filter, order, project, now)
        shown = found[offset : offset + limit]
        await self._watch([run for run in shown if run.status.name == "running"])
        rows = [
            {"run": run_out(run), "metrics": {key: number_out(value) for key, value in self._last(run).items()}}
            | ({"waits": UNKNOWN} if run.status.name == "queued" else {})
            for run in shown
        ]
        metric = await self._measured_by(shown)
        return {"total": len(found), "counts": pages.counts(found), "metric": metric, "rows": rows}

    async def _measured_by(self, runs: Sequence[Run]) -> str:
        """The metric of their project as it is by now, asked once; "" where there are several."""
        projects = {run.project for run in runs}
        if len(projects) != 1:
            return ""
        (project,) = projects
        if project not in self._metrics:
            reply = await self._link.ask("runs", project=project, order="newest", limit=1)
            self._metrics[project] = reply.get("metric", "")
        return self._metrics[project]

    async def _status_then(self) -> dict[str, Any]:
        return {"counts": self._night.counts(self.now())}

    async def _machines_then(self) -> dict[str, Any]:
        await self.wind()
        return self._machines()

    async def _samples_then(self, machine: str, since: int, until: int = 0, points: int = 240) -> dict[str, Any]:
        now = self.now()
        return await self._link.ask(
            "samples", machine=machine, since=since, until=min(until or now, now), points=points
        )

    async def _show_then(self, run: str) -> dict[str, Any]:
        now = self.now()
        then = self._night.run(run, now)
        shown = await self._link.ask("show", run=then.id)
        over = then.status.name in TERMINAL
        await self._watch([then] if then.status.name == "running" else [])
        still = {
            "metrics": {key: _summed(line) for line in self._cut(then.id) if (key := line["key"])},
            "artifacts": [],
            "files": "",
            "malformed": 0,
        }
        past: dict[str, Any] = {
            "use": None,
            "collecting": None,
            "progress": None,
            "waiting": None,
            "notify": False,
            "warnings": [],
        }
        events = [event for event in shown["events"] if event["at"] <= now]
        return {**shown, **({} if over else still), **past, "run": run_out(then), "events": events}

    async def _series_then(self, runs: Sequence[str], keys: Sequence[str], **asked: Any) -> dict[str, Any]:
        there = [id for id in runs if (life := self._night.lives.get(id)) and life.at(self.now())]
        reply = await self._link.ask("series", runs=there, keys=list(keys), **asked)
        return {"series": _until(reply["series"], self.now())}

    async def _usage_then(self, run: str, points: int = 240) -> dict[str, Any]:
        reply = await self._link.ask("usage", run=run, points=points)
        return {**reply, "usage": [use for use in reply["usage"] if use["at"] <= self.now()]}

    async def _projects_then(self) -> dict[str, Any]:
        """What each is for is told as it is by now; its best result only where that was there by then."""
        now, runs = self.now(), self._night.at(self.now())
        found = []
        for project in (await self._link.ask("projects"))["projects"]:
            own = [run for run in runs if run.project == project["name"]]
            best = project["best"]
            known = best and any(run.id == best["run"] and run.status.name in TERMINAL for run in own)
            last = max((stage.event.at for run in own if (stage := self._night.lives[run.id].stage(now))), default=0)
            then = {"counts": pages.counts(own), "last": last, "best": best if known else None}
            found += [{**project, **then}] if own else []
        return {"projects": sorted(found, key=lambda one: -one["last"])}

    async def _compare_then(self, runs: Sequence[str]) -> dict[str, Any]:
        for reference in runs:
            run = self._night.run(reference, self.now())
            if run.live:
                raise Refused(f"{run.name} was not over yet: a replay compares runs by how they ended")
        return await self._link.ask("compare", runs=list(runs))

    # Metrics of runs that go on.

    async def _watch(self, running: Sequence[Run]) -> None:
        """Have their curves, so that each of their values comes when its time does. Raises WorkbenchError."""
        for run in running:
            keys = list(self._night.metrics[run.id])
            if keys and run.id not in self._curves:
                reply = await self._link.ask("series", runs=[run.id], keys=keys, points=POINTS)
                self._curves[run.id] = reply["series"]
        while len(self._curves) > WATCHED:
            del self._curves[next(iter(self._curves))]

    def _cut(self, id: str) -> list[dict[str, Any]]:
        return _until(self._curves.get(id, ()), self.now())

    def _last(self, run: Run) -> Mapping[str, float]:
        if run.status.name in TERMINAL:
            return self._night.metrics[run.id]
        if started_at(run.status) is None:
            return {}
        return {line["key"]: number_in(line["values"][-1]) for line in self._cut(run.id)}


class _Ear:
    """Hears the road to the engine: its news are of today and pass by."""

    def __init__(self, replay: Replay, listener: Listener) -> None:
        self._replay, self._listener = replay, listener

    async def engine_came(self) -> None:
        try:
            await self._replay.wind()
        except EngineError:
            raise
        except WorkbenchError:
            pass  # a night without samples has its runs still
        await self._listener.engine_came()

    def engine_said(self, method: str, params: Mapping[str, Any]) -> None:
        pass

    def engine_went(self) -> None:
        self._listener.engine_went()


def _until(series: Sequence[Mapping[str, Any]], now: Micros) -> list[dict[str, Any]]:
    """Each as far as it had come; those that had not begun are left out."""
    cut = []
    for one in series:
        if kept := [at <= now for at in one["times"]]:
            lists = {name: list(compress(one[name], kept)) for name in _LISTS if name in one}
            cut += [{**one, **lists}] if any(kept) else []
    return cut


def _summed(line: Mapping[str, Any]) -> dict[str, Any]:
    values = [number_in(value) for value in line["values"]]
    finite = [value for value in values if value - value == 0] or [float("nan")]
    last, low, high = (number_out(value) for value in (values[-1], min(finite), max(finite)))
    return {"last": last, "min": low, "max": high, "step": line["steps"][-1], "count": len(values)}
