"""A filter's tree as a condition on the table `run`: values are bound, never written into the text."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from workbench.domain.filters import NUMBERS, ORDERS, TEXTS, All, Compare, Filter, Has, Not, Since, Some, Word
from workbench.domain.time import SECOND, Micros
from workbench.errors import FilterError

Condition = tuple[str, list[Any]]

SECONDS = "((coalesce(ended, ?) - started) / 1e6)"
"""How long a run has run, or ran: the question mark is now."""
_SORTABLE = (TEXTS - {"tag"}) | NUMBERS | {"submitted", "started", "ended"}


def where(tree: Filter, now: Micros) -> Condition:
    """SQL that is true or false, never NULL, and the values of its question marks in order."""
    match tree:
        case Word(text):
            found = [f"contains(lower({column}), lower(?))" for column in ("name", "id", "command")]
            found.append("seq IN (SELECT run FROM tag WHERE contains(lower(tag), lower(?)))")
            return f"({' OR '.join(found)})", [text] * 4
        case Since(seconds):
            return "submitted >= ?", [now - int(seconds * SECOND)]
        case Not(part):
            condition, values = where(part, now)
            return f"(NOT {condition})", values
        case All(parts):
            return _joined(" AND ", parts, "true", now)
        case Some(parts):
            return _joined(" OR ", parts, "false", now)
        case Has(subject, key):
            return _has(subject, key)
        case Compare():
            return _test(tree, now)


def expressions(tree: Filter) -> Iterator[Compare]:
    """Its regular expressions: only the database knows whether they are any."""
    match tree:
        case Compare(op="~"):
            yield tree
        case Not(part):
            yield from expressions(part)
        case All(parts) | Some(parts):
            for part in parts:
                yield from expressions(part)


def _joined(word: str, parts: tuple[Filter, ...], none: str, now: Micros) -> Condition:
    conditions = [where(part, now) for part in parts]
    values = [value for _, bound in conditions for value in bound]
    return f"({word.join(condition for condition, _ in conditions) or none})", values


def _has(subject: str, key: str) -> Condition:
    if subject != "field":
        return f"seq IN (SELECT run FROM {subject} WHERE key = ?)", [key]
    if key == "tag":
        return "seq IN (SELECT run FROM tag)", []
    if key == "seconds":
        return "started IS NOT NULL", []
    return (f"coalesce({key}, '') <> ''" if key in TEXTS else f"{key} IS NOT NULL"), []


def _test(test: Compare, now: Micros) -> Condition:
    match test.subject:
        case "metric":
            condition, values = _number("last", test)
            return f"seq IN (SELECT run FROM metric WHERE key = ? AND {condition})", [test.key, *values]
        case "param":
            condition, values = _param(test)
            return f"seq IN (SELECT run FROM param WHERE key = ? AND {condition})", [test.key, *values]
        case "field" if test.key == "tag":
            condition, values = _text("tag", test)
            return f"seq IN (SELECT run FROM tag WHERE {condition})", values
        case "field" if test.key in TEXTS:
            return _text(f"coalesce({test.key}, '')", test)
        case "field":
            condition, values = _number(SECONDS if test.key == "seconds" else test.key, test)
            return f"coalesce({condition}, false)", [now] * condition.count(SECONDS) + values


def _text(column: str, test: Compare) -> Condition:
    match test.op:
        case ":" if "*" in test.value or "?" in test.value:
            return f"lower({column}) LIKE lower(?) ESCAPE '\\'", [_like(test.value)]
        case ":":
            return f"contains(lower({column}), lower(?))", [test.value]
        case "~":
            return f"regexp_matches({column}, ?)", [test.value]
        case _:
            return f"{column} {test.op} ?", [test.value]


def _number(column: str, test: Compare) -> Condition:
    """DuckDB holds NaN greater than all and equal to itself; here it fits nothing but a question for NaN."""
    value = test.number
    assert value is not None
    if not math.isnan(value):
        return f"(NOT isnan(CAST({column} AS DOUBLE)) AND {column} {test.op} ?)", [value]
    if test.op in ORDERS:
        return "false", []
    return f"isnan(CAST({column} AS DOUBLE)) = {str(test.op == '=').lower()}", []


def _param(test: Compare) -> Condition:
    if test.op in ORDERS:
        condition, values = _number("number", test)
        return f"coalesce({condition}, false)", values
    if test.op in (":", "~"):
        return _text("value", test)
    same = "(value = ? OR coalesce(number = ?, false))"
    return (same if test.op == "=" else f"NOT {same}"), [test.value, test.number]


def _like(glob: str) -> str:
    """`*` and `?` are all that a glob here has; LIKE's own signs are escaped."""
    escaped = "".join("\\" + char if char in "\\%_" else char for char in glob)
    return escaped.replace("*", "%").replace("?", "_")


_QUEUE = """
    CASE status WHEN 'running' THEN 0 WHEN 'preparing' THEN 1 WHEN 'queued' THEN 2 WHEN 'held' THEN 3 ELSE 4 END,
    CASE WHEN status IN ('queued', 'held') THEN -priority END,
    CASE WHEN status IN ('queued', 'held') THEN position END,
    seq DESC"""


def order_by(order: str, now: Micros) -> Condition:
    """What follows ORDER BY. NaN and what a run does not have come last. Raises FilterError."""
    if order == "queue":
        return _QUEUE, []
    if order == "newest":
        return "seq DESC", []
    name = order.removeprefix("-")
    direction = "DESC" if order.startswith("-") else "ASC"
    expression, values = _ordered(name, now)
    return f"{expression} {direction} NULLS LAST, seq DESC", values


def _ordered(name: str, now: Micros) -> Condition:
    subject, _, key = name.partition(".")
    if subject == "metric" and key and key.isprintable():
        return "(SELECT any_value(last) FROM metric WHERE run = seq AND key = ? AND NOT isnan(last))", [key]
    if subject == "param" and key and key.isprintable():
        # Numbers by value, then texts by letter.
        return "(SELECT any_value((number, value)) FROM param WHERE run = seq AND key = ?)", [key]
    if name == "seconds":
        return SECONDS, [now]
    if name in _SORTABLE:
        return f"lower({name})" if name in TEXTS else name, []
    raise FilterError(
        f"nothing is sorted by {name!r}",
        hint=f"sort by queue, newest, metric.KEY, param.KEY, {', '.join(sorted(_SORTABLE))}",
        filter=name,
        column=0,
    )
