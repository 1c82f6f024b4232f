"""Runs that differ only in their seed, and what their metrics come to."""

import math
import statistics
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.making import a_run
from workbench.domain.groups import grouped, is_seed, seeds, spread
from workbench.domain.run import Code, Param, Run

NUMBERS = st.floats(-1e6, 1e6) | st.sampled_from([math.nan, math.inf, -math.inf]) | st.none()


def made(seq: int, **params: Param) -> Run:
    run = a_run(seq)
    return replace(run, ask=replace(run.ask, params=params))


@pytest.mark.parametrize("name", ["seed", "random_seed", "random_state", "rng", "rng_seed", "model.seed", "torch-seed"])
def test_what_chance_depends_on(name: str) -> None:
    assert is_seed(name) and is_seed(name.upper())


@pytest.mark.parametrize("name", ["seedling", "speed", "reseeding", "seed_fraction", "", "lr"])
def test_and_what_not(name: str) -> None:
    assert not is_seed(name)


@given(st.lists(NUMBERS, max_size=50))
def test_mean_and_deviation_are_those_of_the_statistics_module(values: list[float | None]) -> None:
    finite = [value for value in values if value is not None and math.isfinite(value)]
    found = spread(values)
    assert found.n == len(finite)
    if finite:
        assert found.mean == pytest.approx(statistics.fmean(finite), rel=1e-9, abs=1e-9)
        assert (found.low, found.high) == (min(finite), max(finite))
    else:
        assert math.isnan(found.mean)
    if len(finite) > 1:
        assert found.deviation == pytest.approx(statistics.stdev(finite), rel=1e-9, abs=1e-9)
    else:
        assert found.deviation is None


def test_runs_that_differ_in_their_seed_alone_are_one_group() -> None:
    runs = [made(1, lr=0.1, seed=1), made(2, lr=0.2, seed=1), made(3, lr=0.1, seed=2), made(4, lr=0.1, rng=5)]
    assert seeds(runs) == ("seed", "rng")
    assert grouped(runs, seeds(runs)) == [(0, 2, 3), (1,)]
    assert grouped(runs, ["lr"]) == [(0, 1), (2,), (3,)]
    assert grouped(runs, []) == [(0,), (1,), (2,), (3,)]


def test_another_code_environment_or_project_is_another_group() -> None:
    run = made(1, seed=1)
    others = [
        replace(run, code=Code("1" * 64)),
        replace(run, project="other"),
        replace(run, ask=replace(run.ask, command=("false",))),
        replace(run, environment=replace(run.environment, id="other")),
        made(2, seed=1, flag=True),
        made(3, seed=1, flag=1),
        made(4, seed=1, flag="1"),
    ]
    assert len(grouped([run, *others], ["seed"])) == len(others) + 1


@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5)), max_size=50))
def test_every_run_is_in_one_group(choices: list[tuple[int, int]]) -> None:
    runs = [made(index, lr=lr, seed=seed) for index, (lr, seed) in enumerate(choices, 1)]
    groups = grouped(runs, ["seed"])
    assert sorted(index for group in groups for index in group) == list(range(len(runs)))
    assert len(groups) == len({lr for lr, _ in choices})
