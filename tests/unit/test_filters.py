"""The FILTER language: what it means, and where it points when it means nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.filters import PHASES, All, Compare, Filter, Has, Not, Since, Some, Word, parse, quoted
from workbench.errors import FilterError


def text(key: str, op: str, value: str) -> Compare:
    return Compare("field", key, op, value)  # type: ignore[arg-type]


def number(subject: str, key: str, op: str, value: str) -> Compare:
    return Compare(subject, key, op, value, float(value))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("filter", "tree"),
    [
        ("", All(())),
        ("  ", All(())),
        ("fox", Word("fox")),
        ("fox train.py", All((Word("fox"), Word("train.py")))),
        ('"two words"', Word("two words")),
        (r'"a \"quoted\" word"', Word('a "quoted" word')),
        ("a AND b", All((Word("a"), Word("b")))),
        ("a b or c and not d", Some((All((Word("a"), Word("b"))), All((Word("c"), Not(Word("d"))))))),
        ("a (b OR c)", All((Word("a"), Some((Word("b"), Word("c")))))),
        ("(a)(b)", All((Word("a"), Word("b")))),
        ("not not a", Not(Not(Word("a")))),
        ('"or"', Word("or")),
        ("name:fox*", text("name", ":", "fox*")),
        ('name = "brave fox"', text("name", "=", "brave fox")),
        ('name~"fox|owl"', text("name", "~", "fox|owl")),
        ("command:lr=0.1", text("command", ":", "lr=0.1")),
        ("@gpu3", text("machine", "=", "gpu3")),
        ("#12", number("field", "seq", "=", "12")),
        ("tag!=x", Not(text("tag", "=", "x"))),
        ("seq:12", number("field", "seq", "=", "12")),
        ("seconds >= 3600", number("field", "seconds", ">=", "3600")),
        ("loss<0.3", number("metric", "loss", "<", "0.3")),
        ("or<0.3", number("metric", "or", "<", "0.3")),
        ("metric.val/loss<=-1e-3", number("metric", "val/loss", "<=", "-1e-3")),
        ("metric.name=3", number("metric", "name", "=", "3")),
        ('"val loss" > 2', number("metric", "val loss", ">", "2")),
        ("param.lr=0.1", number("param", "lr", "=", "0.1")),
        ("param.opt.name:adam", Compare("param", "opt.name", ":", "adam")),
        ("since:2d", Since(2 * 86400)),
        ("!a", Not(Word("a"))),
        ("a !(b or c)", All((Word("a"), Not(Some((Word("b"), Word("c"))))))),
        ("has:val_loss", Some((Has("metric", "val_loss"), Has("param", "val_loss")))),
        ("has:tag", Has("field", "tag")),
        ("has:param.lr", Has("param", "lr")),
        ('has:"metric.val loss"', Has("metric", "val loss")),
        ("is:running", Some((text("status", "=", "running"),))),
        ('is:"timed out"', Some((text("status", "=", "timed out"),))),
        ("is:over", Some(tuple(text("status", "=", name) for name in sorted(PHASES["over"])))),
    ],
)
def test_what_a_filter_means(filter: str, tree: Filter) -> None:
    assert parse(filter) == tree


@given(st.text(min_size=1).filter(str.isprintable))
def test_a_quoted_value_is_read_as_it_was(value: str) -> None:
    tree = parse(f"name={quoted(value)}")
    assert isinstance(tree, Compare) and tree.value == value


def test_nan_is_a_number_to_ask_for() -> None:
    tree = parse("loss=nan")
    assert isinstance(tree, Compare) and tree.number is not None and math.isnan(tree.number)


@pytest.mark.parametrize(
    ("filter", "column", "says"),
    [
        ("loss<", 5, "lacks its value"),
        ("fox loss < ", 11, "lacks its value"),
        ("foo:bar", 0, "no field is called foo"),
        ("a lr=adam", 2, "no field is called lr"),
        ("(a", 0, "never closed"),
        ("a (b (c)", 2, "never closed"),
        ("a)", 1, "closes no parenthesis"),
        ("()", 1, "missing here"),
        ('a "bc', 2, "quote is never closed"),
        ("a or", 4, "missing here"),
        ("or a", 0, "missing here"),
        ("a and and b", 6, "missing here"),
        ("not", 3, "missing here"),
        ("<3", 0, "missing here"),
        ("! ", 1, "missing here"),
        ("!=3", 1, "missing here"),
        ("has<3", 0, "takes a colon"),
        ("has:", 4, "lacks its value"),
        ("a=(b)", 2, "lacks its value"),
        ("status=runing", 7, "no status is called runing"),
        ("status:completed", 7, "no status is called completed"),
        ("status:*ish", 7, "no status is called"),
        ("is:happy", 3, "says nothing"),
        ("is<over", 3, "says nothing"),
        ("since:soon", 6, "not a duration"),
        ("since<2d", 0, "takes a colon"),
        ("name<fox", 0, "is a text"),
        ("priority:high", 9, "not a number"),
        ("priority~1", 0, "is a number"),
        ("metric.loss<low", 12, "not a number"),
        ("metric.loss~1", 0, "is a number"),
        ("param.lr<low", 9, "not a number"),
        ("param.=1", 0, "lacks the key"),
        ("a\x00b", 1, "control characters"),
        ("a\x1b[31m", 1, "control characters"),
        ("a\ud800", 1, "control characters"),
        ("(" * 60 + "a" + ")" * 60, 51, "nested"),
        ("not " * 60 + "a", 204, "nested"),
        ("a " * 41, 80, "40 terms"),
        ("a" * 2001, 2000, "2000 characters"),
    ],
)
def test_what_makes_no_sense_is_pointed_at(filter: str, column: int, says: str) -> None:
    with pytest.raises(FilterError, match=says) as wrong:
        parse(filter)
    assert wrong.value.evidence == {"filter": filter, "column": column}


WORDS = (
    "and",
    "or",
    "not",
    "a",
    "loss",
    "0.3",
    "nan",
    "is",
    "live",
    "has",
    "since",
    "2d",
    "param.",
    "metric.",
    "name",
    "tag",
)
SIGNS = (
    "(",
    ")",
    "!",
    " ",
    "<",
    ">=",
    "!=",
    "=",
    "~",
    ":",
    '"',
    "'",
    "\\",
    "@",
    "#",
    "1",
    "*",
    "é",
    "\t",
    "\n",
    "\x00",
)
PIECES = st.sampled_from(WORDS + SIGNS)


@given(st.one_of(st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(" ".join)))
def test_any_text_is_a_filter_or_a_filter_error_with_its_place(filter: str) -> None:
    try:
        parse(filter)
    except FilterError as wrong:
        assert 0 <= wrong.evidence["column"] <= len(filter)
        assert wrong.message.isprintable()
