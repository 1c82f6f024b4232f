"""How busy a machine was: what the store makes of samples is what plain Python makes of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import duckdb
import pytest

from workbench.domain.load import GPUS, MACHINE, UNIT, Course, Figures, Load, course, loads, percentile
from workbench.domain.time import SECOND, Micros
from workbench.engine.store import loads as stored
from workbench.engine.store import reads, rows
from workbench.engine.store.database import Database
from workbench.engine.store.loads import HOUR
from workbench.engine.store.thinning import DAY, MINUTE, Thinning

NOW: Micros = 1_760_000_000 * SECOND // HOUR * HOUR
CARDS = ("GPU-a", "GPU-b")


@pytest.fixture
def cursor(place: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    database = Database(str(place))
    yield database.cursor()
    database.close()


def sample(at: Micros, chance: random.Random) -> dict[str, Any]:
    """Of a machine whose second GPU tells nothing, and whose first is told of half the time."""
    first = {"uuid": CARDS[0], "use": chance.random(), "memory": chance.randrange(80)}
    silent = {"uuid": CARDS[1], "use": None, "memory": None}
    devices = [first, silent] if chance.random() < 0.5 else []
    return {"at": at, "cpu": chance.random(), "memory": chance.randrange(1000), "devices": devices}


def put(cursor: duckdb.DuckDBPyConnection, *samples: dict[str, Any], machine: str = "gpu3") -> None:
    with cursor.appender("sample") as appender:
        appender.append_rows([(machine, one["at"], rows.compact(one)) for one in samples])


def made(begin: Micros, end: Micros, every: Micros, seed: int = 1) -> list[dict[str, Any]]:
    """Of every stretch of half an hour the last third is missing."""
    chance = random.Random(seed)
    return [sample(at, chance) for at in range(begin, end, every) if at % (HOUR // 2) < HOUR // 3]


def near(found: Course) -> Course:
    """Sums are made in another order."""
    figures = tuple(about(one) for one in found.figures)
    return replace(found, figures=figures, whole=found.whole and about(found.whole))


def about(figures: Figures) -> Any:
    """Equal to what differs by rounding alone."""
    return Figures(*map(cast(Any, pytest.approx), (figures.avg, figures.peak, figures.p95)))


def test_they_are_what_plain_python_makes_of_the_samples(cursor: duckdb.DuckDBPyConnection) -> None:
    samples = made(NOW - 6 * HOUR, NOW, 10 * SECOND)
    put(cursor, *samples)
    put(cursor, *made(NOW - HOUR, NOW, 10 * SECOND, seed=2), machine="gpu1")
    found = stored.read(cursor, "gpu3", NOW - 6 * HOUR, NOW, 100, [])
    assert (found.since, found.every) == (NOW - 6 * HOUR, 220 * SECOND)
    meant = loads(samples, found.since, found.every)
    assert found.parts.keys() == meant.keys() == {MACHINE, GPUS, *CARDS}
    for part, load in meant.items():
        assert found.parts[part] == Load(near(load.use), near(load.memory))
    assert found.parts[CARDS[1]] == Load()


def test_what_was_not_sampled_has_no_bucket(cursor: duckdb.DuckDBPyConnection) -> None:
    put(cursor, *made(NOW - HOUR, NOW, 10 * SECOND))
    use = stored.read(cursor, "gpu3", NOW - HOUR, NOW, 60, []).parts[MACHINE].use
    assert not [at for at in use.at if at % (HOUR // 2) >= HOUR // 3]
    assert len(use.at) == 40
    assert stored.read(cursor, "gpu9", NOW - HOUR, NOW, 60, []).parts == {}


def test_the_newest_come_from_memory_and_count_for_no_more_than_others(cursor: duckdb.DuckDBPyConnection) -> None:
    chance = random.Random(3)
    fine = [sample(at, chance) for at in range(NOW - 2 * MINUTE, NOW, 2 * SECOND)]
    coarse = [sample(at, chance) for at in range(NOW - 10 * MINUTE, NOW - 2 * MINUTE, 10 * SECOND)]
    put(cursor, *coarse, *fine[::5])
    found = stored.read(cursor, "gpu3", NOW - 10 * MINUTE, NOW, 10, fine).parts[MACHINE].use
    assert found == near(loads([*coarse, *fine], NOW - 10 * MINUTE, MINUTE)[MACHINE].use)


def test_peaks_survive_thinning_and_so_do_averages(cursor: duckdb.DuckDBPyConnection) -> None:
    """A GPU is busiest when the processor is not: the sample that stays does not tell."""
    begin = NOW - 40 * DAY
    every = [sample(begin + at, random.Random(at)) for at in range(0, 2 * HOUR, 10 * SECOND)]
    quiet = {"uuid": CARDS[0], "use": 0.2, "memory": 10}
    samples = [{**one, "cpu": 0.5, "devices": [quiet]} for one in every]
    samples[100] = {**samples[100], "cpu": 0.0, "devices": [{"uuid": CARDS[0], "use": 1.0, "memory": 80}]}
    put(cursor, *samples)
    before = stored.read(cursor, "gpu3", begin, begin + 2 * HOUR, 1, []).parts
    thinning = Thinning()
    while thinning.thin(cursor, NOW):
        pass
    assert cursor.execute("SELECT count(*) FROM sample").fetchall() == [(12,)]
    after = stored.read(cursor, "gpu3", begin, begin + 2 * HOUR, 1, [])
    assert after.every == 2 * HOUR
    for part in (MACHINE, GPUS, CARDS[0]):
        old, new = before[part].use.whole, after.parts[part].use.whole
        assert old and new and new.avg == pytest.approx(old.avg) and new.peak == old.peak
    memory = after.parts[CARDS[0]].memory.whole
    assert memory == about(Figures(10 + 70 / 720, 80, 10 + 70 * 0.45))


@pytest.mark.parametrize(("age", "span"), [(3 * DAY, MINUTE), (45 * DAY, 10 * MINUTE)])
def test_over_thinned_times_a_unit_is_as_long_as_what_is_kept(
    cursor: duckdb.DuckDBPyConnection, age: Micros, span: Micros
) -> None:
    begin = NOW - age
    samples = made(begin, begin + 3 * HOUR, 10 * SECOND) + made(NOW - HOUR, NOW, 10 * SECOND, seed=2)
    put(cursor, *samples)
    thinning = Thinning()
    while thinning.thin(cursor, NOW):
        pass
    found = stored.read(cursor, "gpu3", begin, NOW, 200, [])
    meant = loads(samples, begin, found.every, span)[MACHINE]
    if span == MINUTE:
        assert found.parts[MACHINE] == Load(near(meant.use), near(meant.memory))
    peaks = [pytest.approx(figures.peak) for figures in meant.use.figures]
    assert [figures.peak for figures in found.parts[MACHINE].use.figures] == peaks


def test_a_restart_sums_nothing_up_twice(cursor: duckdb.DuckDBPyConnection) -> None:
    put(cursor, *made(NOW - 31 * DAY, NOW - 29 * DAY, MINUTE // 2))

    def kept() -> list[Any]:
        thinning = Thinning()
        while thinning.thin(cursor, NOW):
            pass
        return cursor.execute("FROM load ORDER BY ALL").fetchall()

    first = kept()
    assert first and kept() == first


def test_a_percentile_lies_between_two_values() -> None:
    assert percentile([7.0]) == 7.0
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert percentile([0.0, 10.0], 0.95) == pytest.approx(9.5)


def test_the_average_is_of_time_and_the_peak_is_of_samples() -> None:
    """Ten samples of a busy unit weigh as much as the one of a quiet one."""
    values = [(at * SECOND, 1.0) for at in range(10)] + [(UNIT, 0.0)]
    found = course(values, 0, UNIT)
    assert found.whole == about(Figures(0.5, 1.0, 0.95))
    assert found.at == (0, UNIT) and [figures.avg for figures in found.figures] == [1.0, 0.0]
    assert course([], 0, UNIT) == Course()


def test_of_each_stretch_the_first_sample_is_given(cursor: duckdb.DuckDBPyConnection) -> None:
    put(cursor, *made(NOW, NOW + HOUR, 2 * SECOND))
    put(cursor, *made(NOW, NOW + HOUR, 2 * SECOND), machine="other")
    found = reads.sampled(cursor, "gpu3", NOW + MINUTE, NOW + HOUR, MINUTE)
    assert [at for at, _ in found] == [NOW + minute * MINUTE for minute in (*range(1, 20), *range(30, 50))]
    assert all(body["at"] == at for at, body in found)
