"""Runs side by side as facts and rows."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from tests.screens.made_up import NOW, a_study, a_team, hostile
from workbench.domain.comparison import Comparison, Measured
from workbench.domain.goals import Aim, guess
from workbench.domain.groups import spread
from workbench.present.cells import plain as line_text
from workbench.present.cells import width
from workbench.present.columns import GAP
from workbench.present.compare import View, better_words, config_sheet, headline, sheet, signed
from workbench.present.groups import drawn, group_lines, groups
from workbench.present.matrix import beside, in_order, one_below_the_other, plain, side_by_side


def study(count: int) -> Comparison:
    """Of made-up runs, with their true best and last values."""
    world = a_study(count)
    runs = tuple(sorted(world.runs.values(), key=lambda run: run.seq))
    keys = sorted({key for run in runs for key in world.values(run.id)})
    metrics = {}
    for key in keys:
        values = [world.values(run.id)[key] for run in runs]
        aim = guess(key)
        pick = (lambda one: one[-1]) if aim is None else max if aim.goal == "max" else min
        metrics[key] = Measured([one[-1] for one in values], [pick(one) for one in values], aim)
    config = {key: [world.configs[run.id][key] for run in runs] for key in ("optimiser", "layers")}
    return Comparison(runs, metrics, config)


def pair() -> Comparison:
    world = a_team()
    return Comparison(
        (world.runs["r0000012"], world.runs["r0000013"]),
        {
            "loss": Measured([0.1, 0.2], [0.1, 0.05], Aim("min")),
            "acc": Measured([0.5, 0.5], [0.5, 0.5], Aim("max", declared=True)),
            "auc": Measured([None, 0.7], [None, 0.7], Aim("max")),
        },
    )


def texts(comparison: Comparison, view: View) -> list[list[str]]:
    return [[cell.text for cell in row] for row in side_by_side(sheet(comparison, view, NOW), view).rows]


def test_what_differs_comes_first_and_what_is_equal_is_folded() -> None:
    rows = texts(pair(), View(best=False))
    assert ["  lr", "0.01", "0.03", ""] in rows
    assert ["↑ auc", "–", "0.7000", ""] in rows
    assert ["↓ loss", "0.1000", "0.2000", ""] in rows
    assert not any(row[0].endswith("depth") for row in rows)
    assert rows[-1][0].startswith("▸ 7 equal   depth, seed, acc,")
    assert ["  depth", "6"] in texts(pair(), View(unfolded=True))


def test_the_best_or_the_last_and_differences_to_the_base() -> None:
    assert ["↓ loss", "0.1000", "0.0500", ""] in texts(pair(), View())
    assert ["↓ loss", "0.1000", "-0.0500", ""] in texts(pair(), View(deltas=True))
    assert ["↓ loss", "+0.0500", "0.0500", ""] in texts(pair(), View(deltas=True, base=1))
    assert ["↑ auc", "–", "0.7000", ""] in texts(pair(), View(deltas=True))
    assert [signed(value) for value in (0.0, 2.0, -0.012)] == ["0", "+2", "-0.0120"]


def test_only_what_is_better_than_the_base_is_good_and_other_params_stand_out() -> None:
    facts = {fact.label: fact for fact in in_order(sheet(pair(), View(), NOW), "")}
    assert [cell.style for cell in facts["loss"].cells] == ["", "good"]
    assert [cell.style for cell in facts["lr"].cells] == ["", "accent"]
    worse = {fact.label: fact for fact in in_order(sheet(pair(), View(best=False), NOW), "")}
    assert [cell.style for cell in worse["loss"].cells] == ["", ""]


def test_what_goes_by_the_same_name_is_told_apart() -> None:
    world = a_team()
    runs = tuple(
        replace(one, ask=replace(one.ask, params={"lr": lr, "time": 1}))
        for lr, one in ((0.1, world.runs["r0000012"]), (0.2, world.runs["r0000013"]))
    )
    comparison = Comparison(runs, {"lr": Measured([0.1, 0.05], [0.1, 0.2]), "loss": Measured([1.0, 2.0], [1.0, 2.0])})
    made = sheet(comparison, View(metric="lr"), NOW)
    head, *_ = plain(made, View(metric="lr"), beside=False)
    assert head[:4] == ["run", "metric.lr", "param.lr", "loss"]
    assert "time" in head
    assert ("param.time", "1") in made.same


def test_the_headline_speaks_of_metrics_where_they_are_shown() -> None:
    assert "loss, best" in line_text(headline(pair(), View(metric="loss")))
    assert line_text(headline(pair(), View(metric="loss"), measured=False)) == " ◆ brave-sunset-12"


def test_who_says_which_way_is_better() -> None:
    assert better_words(Aim("max", declared=True)) == "higher is better, as the project says"
    assert better_words(Aim("min")) == "lower is better, by its name"
    assert "last value" in better_words(None)


def test_with_more_runs_than_fit_each_is_a_row_and_its_name_stays() -> None:
    comparison, view = study(50), View(metric="val_loss")
    assert not beside(50, 200) and beside(3, 78)
    made = sheet(comparison, view, NOW)
    seen: list[int] = []
    for first in range(20):
        laid = one_below_the_other(made, view, 78, first)
        assert laid.columns[0].title == "run"
        assert sum(GAP + column.width for column in laid.columns[:-1]) - GAP <= 78
        assert len(laid.rows[0]) == len(laid.columns)
        seen += laid.facts
    facts = list(in_order(made, "val_loss"))
    assert facts[0].key == "val_loss"
    assert set(seen) == set(range(len(facts)))


def test_a_comparison_of_some_of_the_runs_has_what_they_have() -> None:
    comparison = pair().of([0])
    assert [run.id for run in comparison.runs] == ["r0000012"]
    assert set(comparison.metrics) == {"loss", "acc"}
    swapped = pair().of([1, 0])
    assert swapped.values("loss", best=False) == [0.2, 0.1]
    assert swapped.values("no such", best=True) == [None, None]


def test_the_metric_to_begin_with() -> None:
    assert pair().favourite() == "acc", "the project's own"
    assert study(3).favourite() == "loss"
    assert Comparison().favourite() == ""


def test_groups_come_best_first_and_their_rest_is_told() -> None:
    comparison, view = study(12), View(metric="loss")
    found = groups(comparison, view, ["seed"])
    assert [len(group.runs) for group in found].count(5) == 2
    means = [group.spread.mean for group in found]
    assert means == sorted(means)
    for group in found:
        values = [comparison.values("loss", best=True)[index] for index in group.runs]
        assert comparison.values("loss", best=True)[group.best] == min(values)  # type: ignore[type-var]
    assert any("code 8d3f0a12 +1" in group.label for group in found)
    head, *lines = group_lines(comparison, view, ["seed"])
    assert head[:3] == ["group", "n", "loss ↓"]
    assert [line[0] for line in lines] == [group.label for group in found]
    assert groups(comparison, view, ["seed", "lr"])[0].label


def test_runs_alike_in_everything_are_one_group_with_a_name() -> None:
    comparison = study(6).of([0, 1])
    assert [group.label for group in groups(comparison, View(metric="loss"), ["seed"])] == ["all alike"]


def test_a_metric_that_only_some_have_leaves_a_group_without_numbers_last() -> None:
    comparison = study(7)
    measured = Measured([None] * 5 + [math.nan, 0.5], [None] * 5 + [math.nan, 0.5], Aim("max"))
    comparison = replace(comparison, metrics={"acc": measured})
    found = groups(comparison, View(metric="acc"), ["seed"])
    assert [group.spread.n for group in found] == [1, 1, 0][: len(found)] or found[-1].spread.n == 0


@given(st.lists(st.lists(st.floats(-1e9, 1e9) | st.just(math.nan), max_size=6), min_size=1, max_size=6))
def test_a_drawn_spread_keeps_to_its_columns(values: list[list[float]]) -> None:
    every = [spread(one) for one in values]
    for one in every:
        line = drawn(one, every)
        assert width(line) <= 13
        assert line.count("●") == (1 if one.n else 0)


def test_texts_from_outside_are_clean() -> None:
    world = hostile()
    runs = tuple(world.runs.values())
    every = Measured([0.1] * len(runs), [0.1 * n for n in range(len(runs))])
    config = {text: list(world.configs[run.id].values())[:1] * len(runs) for run in runs for text in [run.name]}
    comparison = Comparison(runs, {run.name: every for run in runs}, config)
    view = View(metric=runs[0].name)
    for made in (sheet(comparison, view, NOW), config_sheet(comparison, view)):
        for line in (*plain(made, view, beside=True), *plain(made, view, beside=False)):
            assert all(text.isprintable() for text in line)
    assert all(text.isprintable() for line in group_lines(comparison, view, []) for text in line)
