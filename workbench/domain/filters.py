"""The FILTER language of lists: text -> a frozen tree. Pure; engine/store/filters.py gives the tree its SQL.

    fox train.py           every word in the name, the id, the command or a tag
    status:running is:live tag:base* user:ada project:churn sweep:3f0a @gpu3 #12
    name="brave fox-12" name~"fox|owl"           exact; RE2 regular expression
    priority>0 seconds>=3600 exit_code!=0
    loss<0.3 metric.val/loss<=0.3 "val loss"<1   last value of a metric; NaN only fits `=nan`
    param.lr=0.1 param.model:resnet*             what it was given or has logged as config
    has:val_loss has:tag has:param.lr            has logged it, was given it, or the field is not empty
    since:2d                                     submitted within the last two days
    a b    a AND b    a OR b    NOT a  !a    ( ) AND binds closer than OR

`:` is a substring, or a glob where it has `*` or `?`; it and bare words ignore case. What a run does not
have fits no comparison of numbers, and is "" among texts.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from workbench.domain.status import ACTIVE, TERMINAL, TRANSITIONS, WAITING
from workbench.domain.time import parse_duration
from workbench.errors import FilterError, UsageError

Op = Literal[":", "~", "=", "!=", "<", "<=", ">", ">="]
Subject = Literal["field", "metric", "param"]

TEXTS = frozenset({"id", "name", "status", "project", "user", "machine", "command", "sweep", "tag"})
NUMBERS = frozenset({"seq", "priority", "seconds", "exit_code"})
STATUSES = frozenset(TRANSITIONS)
PHASES = {"live": STATUSES - TERMINAL, "over": TERMINAL, "active": ACTIVE, "waiting": WAITING}
"""What `is:` may ask for, beside a status."""
ORDERS = frozenset({"<", "<=", ">", ">="})

MAX_LENGTH = 2000
MAX_TERMS = 40
MAX_DEPTH = 50


@dataclass(frozen=True, slots=True)
class Word:
    text: str


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison. `=` on a text is exact, on a number numeric."""

    subject: Subject
    key: str
    op: Op
    value: str
    number: float | None = None
    """The value as a number, where it is one."""
    column: int = field(default=0, compare=False)
    """Where it stands in the text."""


@dataclass(frozen=True, slots=True)
class Has:
    """Whether there is anything at all: a metric, a param, a field that is not empty."""

    subject: Subject
    key: str


@dataclass(frozen=True, slots=True)
class Since:
    seconds: float


@dataclass(frozen=True, slots=True)
class Not:
    part: Filter


@dataclass(frozen=True, slots=True)
class All:
    """Of no parts: everything."""

    parts: tuple[Filter, ...]


@dataclass(frozen=True, slots=True)
class Some:
    parts: tuple[Filter, ...]


Filter = Word | Compare | Has | Since | Not | All | Some

_SPACE = re.compile(r"\s*")
_NAME = re.compile(r"[^\s()\"'=<>!~:]+")
_OP = re.compile(r"\s*(!=|<=|>=|[=<>~:])\s*")
_VALUE = re.compile(r"[^\s()\"']+")
_QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'", re.DOTALL)


def quoted(value: str) -> str:
    """A value as one writes it behind an operator: `gpu3`, `"timed out"`."""
    if _VALUE.fullmatch(value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def parse(text: str) -> Filter:
    """The tree of a filter. Raises FilterError, whose evidence has the column where it stops to make sense."""
    if len(text) > MAX_LENGTH:
        message = f"a filter has {MAX_LENGTH} characters at most, this one {len(text)}"
        raise FilterError(message, filter=text, column=MAX_LENGTH)
    return _Parser(text).whole()


class _Parser:
    """Recursive descent: each method takes what it knows from `_at` on, with the space after it."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._depth = 0
        self._terms = 0

    def whole(self) -> Filter:
        for column, char in enumerate(self._text):
            if not (char.isprintable() or char.isspace()):
                raise self._error("a filter has no control characters", column)
        self._take(_SPACE)
        if self._at == len(self._text):
            return All(())
        tree = self._either()
        if self._at < len(self._text):
            raise self._error("this closes no parenthesis", self._at)
        return tree

    def _either(self) -> Filter:
        parts = [self._every()]
        while self._keyword("or"):
            parts.append(self._every())
        return parts[0] if len(parts) == 1 else Some(tuple(parts))

    def _every(self) -> Filter:
        parts = [self._one()]
        while self._keyword("and") or not (self._at == len(self._text) or self._peek() == ")" or self._sees("or")):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _one(self) -> Filter:
        if self._keyword("not"):
            return Not(self._deeper(self._one))
        if self._peek() == "!":
            self._at += 1
            return Not(self._deeper(self._one))
        if self._peek() != "(":
            return self._term()
        start = self._at
        self._at += 1
        self._take(_SPACE)
        inside = self._deeper(self._either)
        if self._peek() != ")":
            raise self._error("this parenthesis is never closed", start)
        self._at += 1
        self._take(_SPACE)
        return inside

    def _deeper(self, rule: Callable[[], Filter]) -> Filter:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"this is nested more than {MAX_DEPTH} deep", self._at)
        inside = rule()
        self._depth -= 1
        return inside

    def _term(self) -> Filter:
        start = self._at
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise self._error(f"a filter has {MAX_TERMS} terms at most", start)
        quoted = self._quoted()
        joins = self._sees("and") or self._sees("or")
        name = self._take(_NAME) if quoted is None and not joins else quoted
        if name is None:
            raise self._error("a word, or a comparison such as loss<0.3, is missing here", start)
        op = self._take(_OP, 1)
        if op is None:
            self._take(_SPACE)
            return self._word(name, start) if quoted is None else Word(name)
        at = self._at
        value = self._quoted()
        if value is None:
            value = self._take(_VALUE)
        if value is None:
            raise self._error(f"{name}{op} lacks its value", at)
        self._take(_SPACE)
        if quoted is not None:
            return self._metric(Compare("metric", name, op, value, _number(value), start), at)
        return self._comparison(Compare("field", name, op, value, _number(value), start), at)

    def _word(self, name: str, start: int) -> Filter:
        if len(name) > 1 and name[0] == "@":
            return Compare("field", "machine", "=", name[1:], column=start)
        if name[0] == "#" and name[1:].isdecimal():
            return Compare("field", "seq", "=", name[1:], float(name[1:]), start)
        return Word(name)

    def _comparison(self, test: Compare, at: int) -> Filter:
        prefix, dot, key = test.key.partition(".")
        if test.key == "is":
            return self._phase(test, at)
        if test.key == "has":
            return self._has(test)
        if test.key == "since":
            return self._since(test, at)
        if test.key in TEXTS:
            return self._text_field(test, at)
        if test.key in NUMBERS:
            return self._numeric(test, at)
        if prefix == "param" and key:
            return self._param(replace(test, subject="param", key=key), at)
        if prefix == "metric" and key:
            return self._metric(replace(test, key=key), at)
        if dot == "." and prefix in ("param", "metric"):
            raise self._error(f"{prefix}. lacks the key after its point", test.column)
        if test.op in (":", "~") or test.number is None:
            hint = f"fields are {', '.join(sorted(TEXTS | NUMBERS))}, has, is, since, param.KEY and metric.KEY"
            raise self._error(f"no field is called {test.key}", test.column, hint)
        return self._metric(test, at)

    def _phase(self, test: Compare, at: int) -> Filter:
        names = PHASES.get(test.value) or STATUSES & {test.value}
        if test.op not in (":", "=") or not names:
            known = ", ".join(sorted(PHASES | dict.fromkeys(STATUSES)))
            raise self._error(f"is{test.op}{test.value} says nothing", at, f"is: takes {known}")
        return Some(tuple(Compare("field", "status", "=", name, column=test.column) for name in sorted(names)))

    def _has(self, test: Compare) -> Filter:
        if test.op not in (":", "="):
            raise self._error("has takes a colon: has:val_loss", test.column)
        prefix, _, key = test.value.partition(".")
        if prefix == "metric" and key:
            return Has("metric", key)
        if prefix == "param" and key:
            return Has("param", key)
        if test.value in TEXTS | NUMBERS:
            return Has("field", test.value)
        return Some((Has("metric", test.value), Has("param", test.value)))

    def _since(self, test: Compare, at: int) -> Filter:
        if test.op not in (":", "="):
            raise self._error("since takes a colon: since:2d", test.column)
        try:
            return Since(parse_duration(test.value))
        except UsageError as wrong:
            raise self._error(wrong.message, at, wrong.hint) from None

    def _text_field(self, test: Compare, at: int) -> Filter:
        if test.op in ORDERS:
            raise self._error(f"{test.key} is a text: it takes : = != and ~", test.column)
        if test.key == "status" and test.op != "~" and not any(_could_be(test, name) for name in STATUSES):
            raise self._error(f"no status is called {test.value}", at, f"there are {', '.join(sorted(STATUSES))}")
        if test.key == "tag" and test.op == "!=":
            return Not(replace(test, op="="))
        return test

    def _param(self, test: Compare, at: int) -> Filter:
        if test.op in ORDERS and test.number is None:
            raise self._error(f"{test.value} is not a number", at)
        return test

    def _metric(self, test: Compare, at: int) -> Filter:
        return self._numeric(replace(test, subject="metric"), at)

    def _numeric(self, test: Compare, at: int) -> Filter:
        if test.op == "~":
            raise self._error(f"{test.key} is a number: it takes = != < <= > and >=", test.column)
        if test.number is None:
            raise self._error(f"{test.value} is not a number", at)
        return replace(test, op="=") if test.op == ":" else test

    def _peek(self) -> str:
        return self._text[self._at : self._at + 1]

    def _take(self, pattern: re.Pattern[str], group: int = 0) -> Any:
        match = pattern.match(self._text, self._at)
        if match is None:
            return None
        self._at = match.end()
        return match.group(group)

    def _quoted(self) -> str | None:
        if self._peek() not in ('"', "'"):
            return None
        start = self._at
        inside = self._take(_QUOTED)
        if inside is None:
            raise self._error("this quote is never closed", start)
        return re.sub(r"\\(.)", r"\1", inside[1:-1], flags=re.DOTALL)

    def _sees(self, keyword: str) -> re.Match[str] | None:
        """The keyword, unless a comparison follows it: `or<3` speaks of a metric."""
        match = _NAME.match(self._text, self._at)
        if match is None or match.group().lower() != keyword or _OP.match(self._text, match.end()):
            return None
        return match

    def _keyword(self, keyword: str) -> bool:
        match = self._sees(keyword)
        if match is None:
            return False
        self._at = match.end()
        self._take(_SPACE)
        return True

    def _error(self, message: str, column: int, hint: str = "") -> FilterError:
        """A message quotes what was typed: a tab or a line end in it must not break the line that it is shown on."""
        shown = "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in message)
        return FilterError(shown, hint=hint, filter=self._text, column=column)


def looks_like(pattern: str, value: str) -> bool:
    """What `:` asks: a substring, or a glob where it has `*` or `?`."""
    if set(pattern) & set("*?"):
        return re.fullmatch(fnmatch.translate(pattern.replace("[", "[[]").lower()), value.lower()) is not None
    return pattern.lower() in value.lower()


def _could_be(test: Compare, status: str) -> bool:
    return looks_like(test.value, status) if test.op == ":" else test.value == status


def _number(value: str) -> float | None:
    try:
        return None if "_" in value else float(value)
    except ValueError:
        return None
