"""What a filter means for one run: the database is held to it, and what is no database goes by it."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any

from workbench.domain.filters import ORDERS, TEXTS, All, Compare, Filter, Has, Not, Since, Some, Word, looks_like
from workbench.domain.run import Run, attempt_of, exit_code_of, seconds_run
from workbench.domain.time import SECOND, Micros

OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def fits(tree: Filter, run: Run, metrics: Mapping[str, float], now: Micros) -> bool:
    """The filter's meaning, said once more and simply."""
    match tree:
        case All(parts):
            return all(fits(part, run, metrics, now) for part in parts)
        case Some(parts):
            return any(fits(part, run, metrics, now) for part in parts)
        case Not(part):
            return not fits(part, run, metrics, now)
        case Since(seconds):
            return run.submitted >= now - int(seconds * SECOND)
        case Word(text):
            return any(
                text.lower() in place.lower() for place in (run.name, run.id, " ".join(run.ask.command), *run.ask.tags)
            )
        case Has("metric", key):
            return key in metrics
        case Has("param", key):
            return key in run.ask.params
        case Has("field", "tag"):
            return bool(run.ask.tags)
        case Has(_, key):
            return bool(texts(run)[key]) if key in TEXTS else numbers(run, now)[key] is not None
        case Compare("metric", key):
            return key in metrics and number_fits(tree, metrics[key])
        case Compare("param", key):
            return key in run.ask.params and param_fits(tree, run.ask.params[key])
        case Compare("field", "tag"):
            return any(text_fits(tree, tag) for tag in run.ask.tags)
        case Compare("field", key) if key in TEXTS:
            return text_fits(tree, texts(run)[key])
        case Compare(_, key):
            value = numbers(run, now)[key]
            return value is not None and number_fits(tree, value)


def texts(run: Run) -> dict[str, str]:
    attempt = attempt_of(run.status)
    return {
        "id": run.id, "name": run.name, "project": run.project, "user": run.user, "sweep": run.sweep,
        "status": run.status.name, "command": " ".join(run.ask.command), "machine": attempt.machine if attempt else "",
    }  # fmt: skip


def numbers(run: Run, now: Micros) -> dict[str, float | None]:
    return {
        "seq": run.seq, "priority": run.ask.priority, "exit_code": exit_code_of(run.status),
        "seconds": seconds_run(run, now),
    }  # fmt: skip


def number_fits(test: Compare, value: float) -> bool:
    assert test.number is not None
    if math.isnan(test.number):
        return test.op not in ORDERS and math.isnan(value) == (test.op == "=")
    return not math.isnan(value) and OPERATORS[test.op](value, test.number)


def param_fits(test: Compare, value: Any) -> bool:
    written = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else repr(value)
    number = value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
    if test.op in ORDERS:
        return number is not None and number_fits(test, number)
    if test.op in ("=", "!="):
        return (written == test.value or (number is not None and number == test.number)) == (test.op == "=")
    return text_fits(test, written)


def text_fits(test: Compare, value: str) -> bool:
    if test.op == "~":
        return re.search(test.value, value) is not None
    if test.op in ("=", "!="):
        return OPERATORS[test.op](value, test.value)
    return looks_like(test.value, value)
