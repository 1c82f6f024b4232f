"""samples: how busy a machine was, as buckets with average, peak and 95th percentile; the newest from memory."""

from __future__ import annotations

from typing import Any

from workbench.domain.load import Course
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.mind import now
from workbench.engine.server import Peer
from workbench.errors import UsageError


async def samples(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    machine = engine.fleet[params.text("machine")].name
    since, until = params.whole("since", least=0), params.whole("until", now())
    if since >= until:
        raise UsageError("until is a later moment than since")
    points = params.whole("points", 240, least=1)
    found = await engine.history.loads(machine, since, until, points, engine.telemetry.history(machine))
    parts = {
        part: {"use": _course_out(load.use), "memory": _course_out(load.memory)} for part, load in found.parts.items()
    }
    return {"machine": machine, "since": found.since, "until": until, "every": found.every, "parts": parts}


def _course_out(course: Course) -> dict[str, Any]:
    whole = course.whole
    return {
        "at": list(course.at),
        "avg": [figures.avg for figures in course.figures],
        "peak": [figures.peak for figures in course.figures],
        "p95": [figures.p95 for figures in course.figures],
        "whole": whole and {"avg": whole.avg, "peak": whole.peak, "p95": whole.p95},
    }
