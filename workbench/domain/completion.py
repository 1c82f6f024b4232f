"""What may come next in a FILTER that somebody types: (text, cursor, vocabulary) -> candidates. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.domain.filters import NUMBERS, PHASES, STATUSES, TEXTS, quoted
from workbench.domain.run import Run, attempt_of

MOST = 5
"""Candidates: more than one takes in at a glance help nobody."""
_SPANS = ("1h", "1d", "2d", "1w", "30d")
_FIELDS = ("is:", "tag:", "user:", "since:", "has:", *(f"{name}:" for name in sorted(TEXTS - {"tag", "user", "id"})))
_COMPARED = tuple(f"{name}=" for name in sorted(NUMBERS))
_TOKEN = re.compile(r'(?:"[^"]*+"?+|[^\s()"])++')
_TEST = re.compile(r'([^=<>!~:"]+)(!=|<=|>=|[=<>~:])"?(.*)', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """What there is to ask for."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Of a field, or of `param.KEY`."""
    params: Sequence[str] = ()
    metrics: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    start: int = 0
    """Where in the text they stand; they reach to the cursor."""
    words: tuple[str, ...] = ()
    """Best first."""


def vocabulary(runs: Iterable[Run], metrics: Iterable[str], machines: Iterable[str]) -> Vocabulary:
    """Of what is on screen, or near it: nothing is asked for."""
    values: dict[str, set[str]] = {name: set() for name in ("tag", "user", "project", "machine")}
    values["machine"].update(machines)
    params: dict[str, set[str]] = {}
    for run in runs:
        values["tag"].update(run.ask.tags)
        values["user"].add(run.user)
        values["project"].add(run.project)
        if attempt := attempt_of(run.status):
            values["machine"].add(attempt.machine)
        for key, value in run.ask.params.items():
            params.setdefault(key, set()).add(str(value).lower() if isinstance(value, bool) else str(value))
    for key, given in params.items():
        values[f"param.{key}"] = given
    return Vocabulary({name: sorted(known) for name, known in values.items()}, sorted(params), sorted(set(metrics)))


def complete(text: str, cursor: int, known: Vocabulary) -> Completion:
    """What the word that ends at the cursor may become."""
    ends = [token.start() for token in _TOKEN.finditer(text, 0, cursor) if token.end() == cursor]
    start = ends[0] if ends else cursor
    if text[start:cursor].startswith("!"):
        start += 1
    token = text[start:cursor]
    if token.startswith("@"):
        return _fitting(start + 1, token[1:], known.values.get("machine", ()), whole=token[1:])
    if test := _TEST.fullmatch(token):
        key, _, begun = test.groups()
        return _fitting(start + test.end(2), begun, map(quoted, _values(key, known)), whole=token[test.end(2) :])
    return _fitting(start, token, _names(known), whole=token) if token else Completion(start)


def _names(known: Vocabulary) -> Iterator[str]:
    yield from (f"{key}<" for key in known.metrics)
    yield from (f"param.{key}=" for key in known.params)
    yield from _FIELDS
    yield from _COMPARED


def _values(key: str, known: Vocabulary) -> Sequence[str]:
    match key:
        case "is":
            return [*PHASES, *sorted(STATUSES)]
        case "status":
            return sorted(STATUSES)
        case "since":
            return _SPANS
        case "has":
            return [*known.metrics, *known.params, *sorted(TEXTS - {"id", "name", "status"}), *sorted(NUMBERS)]
        case _:
            return known.values.get(key, ())


def _fitting(start: int, begun: str, words: Iterable[str], whole: str) -> Completion:
    """Those that begin so, then those that have it somewhere; nothing where one is complete already."""
    small = begun.lower()
    fitting = [word for word in words if small in word.lower() and word.isprintable()]
    if whole in fitting:
        return Completion(start)
    fitting.sort(key=lambda word: not word.lower().lstrip('"').startswith(small))
    return Completion(start, tuple(dict.fromkeys(fitting))[:MOST])
