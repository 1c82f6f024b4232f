"""A filter finds in the database what plain Python finds in the same runs."""

from __future__ import annotations

import asyncio
import math
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.store.runs import END, SUBMITTED, make, read, submitted
from workbench.domain.filters import NUMBERS, TEXTS, parse
from workbench.domain.fitting import OPERATORS, fits
from workbench.domain.run import Run
from workbench.domain.status import Cancelled, Failed, Finished, Held, Queued, Running
from workbench.domain.time import SECOND
from workbench.engine.store import DuckHistory, filters, open_history, reads
from workbench.engine.store.database import Database
from workbench.errors import FilterError

NOW = SUBMITTED + 1000 * SECOND

Facts = tuple[Run, dict[str, float]]


def population() -> list[Facts]:
    statuses = (
        Queued(1),
        Held(1, "x"),
        Running(END.attempt, END.started),
        Finished(END),
        Failed(END, 137),
        Cancelled(9, "a"),
    )
    losses = (0.1, 0.3, math.nan, math.inf, -math.inf, None)
    found = []
    for seq in range(1, 73):
        run = make(seq, statuses[seq % 6], user=("ada", "Bob")[seq % 2], project=("churn", "old_one")[seq % 3 == 0])
        params: dict[str, Any] = {"lr": (0.1, 10, "0.1", "adam", True)[seq % 5], "100%": "a_b"}
        tags = (("base",), ("Base", "x_y"), ())[seq % 3]
        run = replace(run, ask=replace(run.ask, params=params, tags=tags, priority=seq % 4 - 1))
        loss = losses[seq // 6 % 6]
        found.append((run, ({} if loss is None else {"loss": loss}) | {"acc": seq / 10}))
    return found


FACTS = population()


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    async def fill(path: str) -> None:
        history = await open_history(path)
        await history.commit(submitted(*(run for run, _ in FACTS)))
        for run, metrics in FACTS:
            await history.commit(read(run, 10, *((key, 1, value) for key, value in metrics.items())))
        await history.close()

    beside = tempfile.mkdtemp()
    path = str(Path(beside) / "data" / "history.duckdb")
    asyncio.run(fill(path))
    opened = Database(path)
    yield opened
    opened.close()
    shutil.rmtree(beside)


def found(database: Database, filter: str) -> set[int]:
    page = reads.page(database.cursor(), filter, "queue", 1000, 0, "", NOW)
    seqs = {row.run.seq for row in page.rows}
    assert page.total == len(page.rows) == len(seqs) == sum(page.counts.values())
    return seqs


def expected(filter: str) -> set[int]:
    tree = parse(filter)
    return {run.seq for run, metrics in FACTS if fits(tree, run, metrics, NOW)}


@pytest.mark.parametrize(
    "filter",
    [
        "", "fox-1", "FOX", "train.py x_y", "lr", "name:*-1?", "name:brave", "name=brave-fox-7", "name!=brave-fox-7",
        'name~"fox-(1|2)$"', "user:a", "user=bob", "tag:base", "tag=base", "tag!=base", "tag:x_y", "tag:x%",
        "status=finished", "is:live", "is:over", "is:active", "not is:live", "@gpu3", "machine!=gpu3", "machine:*",
        "seq<10", "#12", "priority<0", "exit_code=0", "exit_code!=0", "not exit_code=0", "seconds>=90", "seconds<90",
        "loss<0.3", "loss<=0.3", "loss>0.2", "loss!=0.3", "loss=nan", "loss!=nan", "loss<nan", "loss=inf", "not loss<1",
        "param.lr=0.1", "param.lr=.10", "param.lr!=0.1", "param.lr>=1", "param.lr:ada*", "param.lr=true", "param.no=1",
        "param.lr~a", "since:950s", "project:_one sweep:id", "status:ed", "id:ID00",
        "loss<0.3 or (tag:base not user=ada) or acc>7", "has:loss", "has:lr", "has:param.lr", "has:metric.lr", "has:no",
        "has:tag", "has:machine", "has:sweep", "has:exit_code", "has:seconds", "has:priority", "!has:loss",
        "!(fox !@gpu3)",
    ],
)  # fmt: skip
def test_the_database_agrees_with_plain_python(database: Database, filter: str) -> None:
    assert found(database, filter) == expected(filter)


VALUES = st.sampled_from(
    ["0.3", "-1", "nan", "inf", "adam", "ba*", "%", "_", "x_y", "a?a", "Bob", "gpu3", "1e3", "\\", "é"]
)
KEYS = st.sampled_from([f"{subject}.{key}" for subject in ("metric", "param") for key in ("loss", "acc", "lr", "100%")])
TERMS = st.one_of(
    st.builds(
        "{}{}{}".format,
        st.one_of(st.sampled_from(sorted(TEXTS | NUMBERS)), KEYS),
        st.sampled_from([":", *OPERATORS]),
        VALUES,
    ),
    st.sampled_from(["fox", "1", "is:live", "has:loss", "!has:tag", "since:950s", "@gpu3", "loss=nan", 'name~"[12]$"']),
)
FILTERS = st.recursive(
    TERMS,
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["and", "or", "and not", ""]), inner),
    max_leaves=8,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS)
def test_whatever_parses_finds_what_plain_python_finds(database: Database, filter: str) -> None:
    try:
        wanted = expected(filter)
    except FilterError:
        return
    assert found(database, filter) == wanted


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=30).map(repr), st.sampled_from(["name~", "tag:", "param.lr~", "metric.loss=", "", "user=", "tag~"])
)
def test_whatever_parses_can_be_asked(database: Database, value: str, field: str) -> None:
    try:
        found(database, field + value)
    except FilterError as wrong:
        assert 0 <= wrong.evidence["column"] <= len(field + value)


def test_a_regular_expression_that_is_none_is_pointed_at(database: Database) -> None:
    with pytest.raises(FilterError) as wrong:
        found(database, 'fox name~"("')
    assert wrong.value.evidence["column"] == 8
    with pytest.raises(FilterError) as wrong:
        found(database, 'name~"a~b" tag~"c" or not user~"[" fox')
    assert wrong.value.evidence["column"] == 30
    assert found(database, "fox") == {run.seq for run, _ in FACTS}  # and the reader is as good as new


def test_a_filter_as_long_as_one_may_be_is_answered(database: Database) -> None:
    assert found(database, " ".join(["o"] * 40)) == {run.seq for run, _ in FACTS}
    assert found(database, "not " * 49 + "nobody") == {run.seq for run, _ in FACTS}


@pytest.mark.parametrize(
    ("order", "key"),
    [
        ("newest", lambda run, metrics: -run.seq),
        ("seq", lambda run, metrics: run.seq),
        ("-seq", lambda run, metrics: -run.seq),
        ("submitted", lambda run, metrics: run.submitted),
        ("-priority", lambda run, metrics: (-run.ask.priority, -run.seq)),
        ("user", lambda run, metrics: (run.user.lower(), -run.seq)),
        ("metric.acc", lambda run, metrics: metrics["acc"]),
        ("-metric.acc", lambda run, metrics: -metrics["acc"]),
    ],
)
def test_orders(database: Database, order: str, key: Any) -> None:
    page = reads.page(database.cursor(), "", order, 1000, 0, "", NOW)
    assert [row.run.seq for row in page.rows] == [run.seq for run, _ in sorted(FACTS, key=lambda fact: key(*fact))]


@pytest.mark.parametrize("order", ["metric.loss", "-metric.loss"])
def test_nan_and_nothing_come_last(database: Database, order: str) -> None:
    page = reads.page(database.cursor(), "", order, 1000, 0, "", NOW)
    losses = [row.metrics.get("loss", math.nan) for row in page.rows]
    finite = [loss for loss in losses if not math.isnan(loss)]
    assert losses[: len(finite)] == sorted(finite, reverse=order.startswith("-"))
    assert len(finite) == 48


@pytest.mark.parametrize(
    "order", ["param.lr", "-param.lr", "seconds", "-started", "ended", "machine", "exit_code", "name"]
)
def test_every_order_can_be_asked(database: Database, order: str) -> None:
    assert reads.page(database.cursor(), "", order, 5, 0, "churn", NOW).total == 48


@pytest.mark.parametrize(
    "order", ["", "-", "tag", "nonsense", "metric.", "metric", "metric.\x00", "body; DROP TABLE run"]
)
def test_an_order_that_is_none_is_refused(order: str) -> None:
    with pytest.raises(FilterError, match="nothing is sorted by"):
        filters.order_by(order, NOW)


async def test_what_runs_now_has_seconds_that_grow(history: DuckHistory) -> None:
    await history.commit(submitted(make(1, Running(END.attempt, END.started))))
    assert (await history.page("seconds>100", "-seconds", 10, 0)).total == 1
