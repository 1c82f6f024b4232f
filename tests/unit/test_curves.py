from __future__ import annotations

import math

import pytest

from workbench.domain.time import SECOND
from workbench.present.axis import Unit
from workbench.present.canvas import Series
from workbench.present.cells import plain
from workbench.present.curves import Measured, Pace, drawn, offered, steps_within
from workbench.present.families import families, family, with_its_kin
from workbench.present.legend import heading
from workbench.present.metrics import best
from workbench.present.smoothing import smoothed
from workbench.present.view import WHOLE, View

STARTED = 1_790_000_000 * SECOND
LOSS = Measured(range(0, 100, 10), [STARTED + step * SECOND for step in range(0, 100, 10)], [1.0] * 9 + [2.0])
EPOCHS = Measured([0, 50, 90], [0, 0, 0], [0.0, 1.0, 2.0])
PACE = Pace(STARTED, EPOCHS)


def test_smoothing_is_an_average_that_starts_at_the_first_value() -> None:
    assert smoothed([5.0] * 4, 0.9) == pytest.approx([5.0] * 4)
    assert smoothed([1.0, 0.0], 0.6) == pytest.approx([1.0, 0.24 / 0.64])
    assert smoothed([1.0, 3.0], 0.0) == [1.0, 3.0]


def test_smoothing_leaves_out_what_is_no_number() -> None:
    values = smoothed([1.0, math.nan, math.inf, 1.0], 0.6)
    assert math.isnan(values[1]) and values[2] == math.inf
    assert values[3] == pytest.approx(1.0)


def test_a_metric_over_steps_time_and_epochs() -> None:
    assert list(drawn(LOSS, "loss", "series1", WHOLE, PACE)[0].xs)[:3] == [0, 10, 20]
    assert list(drawn(LOSS, "loss", "series1", View("time"), PACE)[0].xs)[:3] == [0.0, 10.0, 20.0]
    assert list(drawn(LOSS, "loss", "series1", View("epoch"), PACE)[0].xs)[4:7] == [0.8, 1.0, 1.25]
    assert drawn(LOSS, "loss", "series1", View("epoch"), Pace()) == []
    assert drawn(Measured(), "loss", "series1", WHOLE, PACE) == []
    assert (offered(True), offered(False)) == (("step", "time", "epoch"), ("step", "time"))


def test_epochs_that_go_back_or_are_no_number_still_rise() -> None:
    pace = Pace(0, Measured([0, 50, 90], [0, 0, 0], [3.0, 1.0, math.nan]))
    xs = drawn(LOSS, "loss", "series1", View("epoch"), pace)[0].xs
    assert list(xs) == sorted(xs) and all(map(math.isfinite, xs)) and xs


def test_what_was_measured_lies_faintly_behind_what_is_smooth() -> None:
    smooth, raw = drawn(LOSS, "loss", "series2", View(smoothing=0.6), PACE)
    assert (smooth.label, smooth.faint, raw.label, raw.faint) == ("loss", False, "", True)
    assert list(raw.ys) == list(LOSS.values)
    assert smooth.ys[-1] < 2.0


def test_the_steps_that_a_window_shows() -> None:
    assert steps_within(LOSS, View(window=(20, 40)), PACE) == (0, 60)
    assert steps_within(LOSS, View(window=(20, 40)), PACE, margin=0) == (20, 40)
    assert steps_within(LOSS, View("time", window=(25, 31)), PACE, margin=0) == (20, 40)
    assert steps_within(LOSS, View("epoch", window=(-5, 50)), PACE) == (0, 90)


@pytest.mark.parametrize("key", ["loss", "train/loss", "val_loss", "loss/test", "Validation.loss", "eval/loss"])
def test_the_same_thing_on_several_splits_is_a_family(key: str) -> None:
    assert family(key) == "loss"


def test_families_begin_with_what_is_lost() -> None:
    keys = ["acc", "train/loss", "lr", "val/loss", "val/acc", "time/loss", "train"]
    assert families(keys) == [("train/loss", "val/loss"), ("time/loss",), ("acc", "val/acc"), ("lr",), ("train",)]
    assert with_its_kin("acc", keys) == ["acc", "val/acc"]
    assert [best(key) for key in ("val/loss", "acc", "lr")] == ["min", "max", ""]


def line(*series: Series, columns: int = 80, view: View = WHOLE, unit: Unit = Unit.NUMBER) -> str:
    return plain(heading("loss", series, columns, view, unit))


def test_a_heading_reads_the_last_values_or_those_at_the_cursor() -> None:
    train, val = Series("train", [0, 10], [1.0, 0.5]), Series("val", [0, 5], [2.0, 1.5], "series2")
    assert line(train, val) == "loss  ▪ train 0.5000  ▪ val 1.500   by step"
    assert line(train, val, view=View(cursor=10, log_y=True)) == "loss  ▪ train 0.5000  ▪ val –   at step 10  log y"
    assert line(train, view=View("time", cursor=90), unit=Unit.DURATION).endswith("at 1m 30s")
    assert line(Series("loss", [0], [0.25])) == "loss  0.2500   by step"
    assert line(Series("loss", [0], [0.25], last=0.125)) == "loss  0.1250   by step"
    assert line() == "loss"


def test_a_heading_counts_what_a_logarithm_leaves_out() -> None:
    assert "2 not above 0 left out" in line(Series("a", [0, 1, 2], [1.0, 0.0, -1.0]), view=View(log_y=True))


def test_a_heading_never_gets_wider_than_its_chart() -> None:
    many = [Series(f"run-number-{number}", [0], [0.5]) for number in range(9)]
    assert line(*many, columns=60) == "loss  ▪ run-number-0 0.5000  ▪ run-number-1 0.5000  +7"
    assert line(*many[:2], columns=58) == "loss  ▪ run-number-0 0.5000  ▪ run-number-1 0.5000"
