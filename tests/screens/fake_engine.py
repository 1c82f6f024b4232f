"""An engine that only talks: a real Unix socket, the real protocol, and a history that is made up.

Screens are tested against it because its facts stand still; what the true engine says is tested with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import math
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import asdict, replace
from typing import Any

from tests.screens.made_up import NOW, World
from workbench.domain.filters import parse as parse_filter
from workbench.domain.fitting import fits, numbers, texts
from workbench.domain.goals import Aim, guess
from workbench.domain.run import Run, attempt_of, ended_at, started_at
from workbench.domain.search import TROUBLE, query
from workbench.domain.status import Cancelled, Held, Queued
from workbench.domain.time import SECOND
from workbench.errors import WorkbenchError
from workbench.protocol import MAX_FRAME, VERSION
from workbench.protocol.messages import error, notification, number_out, parse, result
from workbench.protocol.runs import run_out
from workbench.remote.agent import find
from workbench.remote.machines.asking import asked

Reply = dict[str, Any]
STEP_SECONDS = 10
"""From one step of a made-up run to the next."""


class FakeEngine:
    """Serves a world. `calls` remembers what was asked: (verb, params)."""

    def __init__(self, world: World, path: str) -> None:
        self.world, self.path = world, path
        self.wanted: set[str] = set()
        """Ids of runs whose end somebody wants to hear of."""
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    def called(self, verb: str) -> list[dict[str, Any]]:
        return [params for name, params in self.calls if name == verb]

    async def start(self) -> None:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(self.path)
        self._server = await asyncio.start_unix_server(self._serve, self.path, limit=MAX_FRAME)

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in list(self._writers):
            writer.close()
        await asyncio.sleep(0)

    async def tell(self, method: str, params: Mapping[str, Any]) -> None:
        for writer in list(self._writers):
            writer.write(notification(method, dict(params)))
            await writer.drain()

    async def change(self, run: Run, kind: str) -> None:
        """A run is different now, and everybody hears of it."""
        self.world.put(run)
        await self.tell("changed", {"changes": [{"kind": kind, "at": NOW, "by": "", "run": run_out(run)}]})

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while raw := await reader.readline():
                message = parse(raw)
                verb, params = message["method"], message["params"]
                self.calls.append((verb, params))
                try:
                    answer: Callable[..., Reply] = getattr(self, f"do_{verb}")
                    writer.write(result(message["id"], answer(**params)))
                except WorkbenchError as problem:
                    writer.write(error(message["id"], problem))
                await writer.drain()
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    # The verbs.

    def do_hello(self, protocol: int, version: str) -> Reply:
        return {"protocol": VERSION, "version": version, "pid": 1, "started": NOW}

    def do_subscribe(self, topics: list[str]) -> Reply:
        return {}

    def do_status(self) -> Reply:
        return {"counts": self.world.counts()}

    def do_projects(self) -> Reply:
        return {"projects": self.world.projects}

    def do_machines(self) -> Reply:
        return {"machines": self.world.machines}

    def do_samples(self, machine: str, since: int, until: int, points: int = 240) -> Reply:
        every = (until - since) // points
        (seen,) = (one for one in self.world.machines if one["name"] == machine)
        cards = {one["uuid"]: one["memory"] for one in seen["devices"]}
        sizes = {"machine": seen["memory"], **({"gpus": sum(cards.values())} if cards else {}), **cards}
        parts = {part: _busy(size, len(part), since, every, points) for part, size in sizes.items()}
        return {"machine": machine, "since": since, "until": until, "every": every, "parts": parts}

    def do_replay_runs(self, since: int, until: int, after: int = 0, limit: int = 1000) -> Reply:
        there = sorted(
            (
                run
                for run in self.world.runs.values()
                if run.submitted < until and (ended_at(run.status) or until) >= since
            ),
            key=lambda run: run.seq,
        )
        page = [run for run in there if run.seq > after][:limit]
        rows = [
            {"run": run_out(run), "metrics": {k: number_out(v) for k, v in self.world.last(run.id).items()}}
            | {"events": _events(run)}
            for run in page
        ]
        return {"total": len(there), "runs": rows, "next": page[-1].seq if len(page) == limit else None}

    def do_replay_samples(self, machine: str, since: int, until: int, every: int) -> Reply:
        (seen,) = (one for one in self.world.machines if one["name"] == machine)
        return {"machine": machine, "samples": [one for one in seen["history"] if since <= one["at"] < until]}

    def do_machines_drain(self, name: str) -> Reply:
        return self._status(name, "draining")

    def do_machines_resume(self, name: str) -> Reply:
        return self._status(name, "ok")

    def _status(self, name: str, status: str) -> Reply:
        machine = next(one for one in self.world.machines if one["name"] == name)
        machine["status"] = status
        task = asyncio.ensure_future(self.tell("machines", {"machines": [{**machine, "history": []}]}))
        task.add_done_callback(lambda done: done.exception())
        return {"machine": machine}

    def do_runs(
        self, filter: str = "", order: str = "queue", limit: int = 100, offset: int = 0, project: str = ""
    ) -> Reply:
        tree = parse_filter(filter)
        runs = self.world.ordered()
        if filter:
            runs = [run for run in runs if fits(tree, run, self.world.last(run.id), NOW)]
        if order != "queue":
            runs = self._sorted(runs, order)
        rows = [
            {"run": run_out(run), "metrics": {k: number_out(v) for k, v in self.world.last(run.id).items()}}
            | ({"notify": True} if run.id in self.wanted else {})
            | ({"progress": self.world.progress[run.id]} if run.id in self.world.progress else {})
            | ({"after": after} if (after := self._names(run)) else {})
            | ({"waits": self.world.why(run)} if run.status.name == "queued" else {})
            for run in runs[offset : offset + limit]
        ]
        return {"total": len(runs), "counts": {}, "metric": self.world.metric, "rows": rows}

    def _names(self, run: Run) -> Reply:
        return {id: self.world.runs[id].name for id in run.ask.after}

    def _sorted(self, runs: list[Run], order: str) -> list[Run]:
        """What a run does not have comes last, whichever way round."""
        subject, _, key = order.removeprefix("-").partition(".")

        def value(run: Run) -> Any:
            if key:
                return (self.world.last(run.id) if subject == "metric" else run.ask.params).get(key)
            return {**texts(run), **numbers(run, NOW), "submitted": run.submitted, "newest": -run.seq}[subject]

        known = [(value(run), run) for run in runs]
        down = order.startswith("-")
        there = sorted(((v, run) for v, run in known if v is not None), key=lambda one: one[0], reverse=down)
        return [*(run for _, run in there), *(run for v, run in known if v is None)]

    def do_show(self, run: str) -> Reply:
        found = self.world.find(run)
        kept = {}
        for key, values in self.world.values(found.id).items():
            finite = [value for value in values if math.isfinite(value)] or [math.nan]
            kept[key] = {
                "last": number_out(values[-1]),
                "min": number_out(min(finite)),
                "max": number_out(max(finite)),
                "step": len(values) - 1,
                "count": len(values),
            }
        events = [{"at": found.submitted, "kind": "submitted", "by": found.user, "detail": {}}]
        return {
            "run": run_out(found),
            "metrics": kept,
            "metric": self.world.metric,
            "after": self._names(found),
            "events": events,
            "artifacts": [artifact(name, data, not found.live) for name, data in self.world.files(found.id).items()],
            "collecting": self.world.collecting.get(found.id),
            "use": None,
            "malformed": 0,
            "notify": found.id in self.wanted,
            "files": [],
            "progress": self.world.progress.get(found.id),
            "waiting": None,
            "warnings": [],
        }

    def do_pull(self, run: str, name: str, offset: int = 0, limit: int = 1 << 20) -> Reply:
        data = self.world.files(self.world.find(run).id)[name]
        piece = b64encode(data[offset : offset + limit]).decode()
        return {**artifact(name, data, True), "offset": offset, "data": piece}

    def do_logs(self, run: str, offset: int = 0, limit: int = 65536, wait: float = 0) -> Reply:
        found = self.world.find(run)
        data = self.world.logs.get(found.id, "").encode("utf-8", "surrogatepass")
        start = max(0, len(data) + offset) if offset < 0 else min(offset, len(data))
        piece = data[start : start + limit]
        return {
            "run": found.id,
            "offset": start,
            "next": start + len(piece),
            "size": len(data),
            "text": piece.decode("utf-8", "replace"),
            "over": not found.live,
        }

    def do_logs_find(
        self,
        run: str,
        offset: int,
        pattern: str = "",
        trouble: bool = False,
        back: bool = False,
        invert: bool = False,
        count: int = 1,
    ) -> Reply:
        data = self.world.logs.get(self.world.find(run).id, "").encode("utf-8", "surrogatepass")
        wanted = TROUBLE if trouble else query(pattern, invert)
        return find.find(lambda at, most: data[at : at + most], len(data), asked(wanted, offset, back, count))

    def do_series(
        self,
        runs: list[str],
        keys: list[str],
        points: int = 400,
        first: int = 0,
        last: int = 1 << 62,
        bands: bool = False,
    ) -> Reply:
        series = []
        for id in runs:
            run = self.world.find(id)
            values, began = self.world.values(run.id), started_at(run.status) or 0
            for key in (key for key in keys if key in values):
                ys = values[key]
                steps = range(max(0, first), min(len(ys), last + 1))
                every = max(1, -(-len(steps) // points)) if bands else 1
                starts = steps[::every] if bands else steps[-points:]
                parts = [ys[step : min(step + every, steps.stop)] for step in starts]
                told = {"values": [sum(part) / len(part) for part in parts]}
                if every > 1:
                    told |= {"lows": list(map(min, parts)), "highs": list(map(max, parts))}
                series.append(
                    {"run": run.id, "key": key, "steps": list(starts)}
                    | {"times": [began + step * STEP_SECONDS * SECOND for step in starts]}
                    | {name: list(map(number_out, those)) for name, those in told.items()}
                )
        return {"series": [one for one in series if one["steps"]]}

    def do_usage(self, run: str, points: int) -> Reply:
        return {"run": run, "usage": self.world.usage.get(run, [])}

    def do_explain(self, run: str) -> Reply:
        found = self.world.find(run)
        return {"run": run_out(found), "why": {"kind": "resources", "text": self.world.why(found), "until": ""}}

    def do_compare(self, runs: list[str]) -> Reply:
        found = [self.world.find(run) for run in runs]
        keys = sorted({key for run in found for key in self.world.values(run.id)})
        aims = {key: aim for key in keys if (aim := guess(key))}
        kept = [self.world.values(run.id) for run in found]
        return {
            "runs": [run_out(run) for run in found],
            "params": {},
            "metrics": {key: [number_out(one[key][-1]) if key in one else None for one in kept] for key in keys},
            "best": {key: [_best(one[key], aims.get(key)) if key in one else None for one in kept] for key in keys},
            "goals": {key: asdict(aim) for key, aim in aims.items()},
            "config": {
                key: [self.world.configs.get(run.id, {}).get(key) for run in found]
                for key in sorted({key for run in found for key in self.world.configs.get(run.id, {})})
            },
            "same": {},
            "code": [],
            "environment": [],
        }

    def do_compare_code(self, base: str, run: str) -> Reply:
        before, after = self.world.find(base), self.world.find(run)
        differ = before.code.snapshot != after.code.snapshot
        return {
            "base": asdict(before.code),
            "run": asdict(after.code),
            "text": self.world.diff if differ else "",
            "files": self.world.differing if differ else [],
            "count": len(self.world.differing) if differ else 0,
            "included": len(self.world.differing) if differ else 0,
        }

    def do_compare_environment(self, base: str, run: str) -> Reply:
        before, after = self.world.find(base).environment, self.world.find(run).environment
        return {
            "base": asdict(before),
            "run": asdict(after),
            "packages": self.world.packages if before.id != after.id else [],
            "same": 41,
        }

    def do_diff(self, run: str) -> Reply:
        return {"text": self.world.diff}

    def do_cancel(self, runs: list[str]) -> Reply:
        return self._put(runs, lambda run: Cancelled(NOW, run.user))

    def do_hold(self, runs: list[str]) -> Reply:
        return self._put(runs, lambda run: Held(NOW, "by alice"))

    def do_release(self, runs: list[str]) -> Reply:
        return self._put(runs, lambda run: Queued(NOW))

    def do_notify(self, runs: list[str], off: bool = False) -> Reply:
        found = [self.world.find(run) for run in runs]
        for run in found:
            self.wanted.discard(run.id) if off else self.wanted.add(run.id)
        return {"runs": [run_out(run) for run in found], "wanted": not off}

    def do_rerun(self, run: str, hold: bool = False) -> Reply:
        found = self.world.find(run)
        again = replace(found, id="rerun001", seq=99_999, name="again-fox-99999", status=Queued(NOW))
        self.world.put(again)
        return {"runs": [run_out(again)]}

    def do_move(self, run: str, to: str) -> Reply:
        return {"run": run_out(self.world.find(run))}

    def _put(self, runs: list[str], status: Callable[[Run], Any]) -> Reply:
        changed = []
        for id in runs:
            run = self.world.find(id)
            changed.append(replace(run, status=status(run)))
            self.world.put(changed[-1])
        task = asyncio.gather(*(self.change(run, "ended") for run in changed))
        task.add_done_callback(lambda done: done.exception())
        return {"runs": [run_out(run) for run in changed]}


def artifact(name: str, data: bytes, stored: bool) -> Reply:
    digest = hashlib.sha256(data).hexdigest()
    return {"name": name, "path": f"/far/{name}", "size": len(data), "sha256": digest, "stored": stored}


def _busy(size: float, seed: int, since: int, every: int, points: int) -> Reply:
    """Busy by day, full for a moment each night, and not sampled for a while."""
    places = [place for place in range(points) if not 0.55 < place / points < 0.62]
    use = [0.4 + 0.25 * math.sin(place / 11 + seed) for place in places]
    peaks = [1.0 if place % 60 == 40 else min(1.0, value + 0.15) for place, value in zip(places, use, strict=True)]
    whole = {"avg": sum(use) / len(use), "peak": max(peaks), "p95": 0.78}

    def scaled(by: float) -> Reply:
        told = {"at": [since + place * every for place in places], "avg": [by * one for one in use]}
        return {
            **told,
            "peak": [by * one for one in peaks],
            "p95": [by * one for one in peaks],
            "whole": {key: by * value for key, value in whole.items()},
        }

    return {"use": scaled(1.0), "memory": scaled(0.7 * size)}


def _events(run: Run) -> list[tuple[int, str, str]]:
    """A plain life: submitted, placed, started, ended, as far as it came."""
    attempt = attempt_of(run.status)
    times = (attempt.placed if attempt else None, started_at(run.status), ended_at(run.status))
    later = [(at, kind, "") for at, kind in zip(times, ("placed", "started", "ended"), strict=True) if at]
    return [(run.submitted, "submitted", run.user), *later]


def _best(values: list[float], aim: Aim | None) -> float | str:
    finite = [value for value in values if math.isfinite(value)]
    if aim is None or not finite:
        return number_out(values[-1])
    return max(finite) if aim.goal == "max" else min(finite)


@contextlib.asynccontextmanager
async def serving(world: World, path: str) -> AsyncIterator[FakeEngine]:
    engine = FakeEngine(world, path)
    await engine.start()
    try:
        yield engine
    finally:
        await engine.stop()
