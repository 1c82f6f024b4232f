"""Which way a metric is better, told from its name."""

import math

import pytest

from workbench.domain.goals import Aim, guess

LESS = ("loss", "val/loss", "trainLoss", "topOneError", "val_rmse", "log_loss", "reward_loss", "acc_error", "eval.WER")
MORE = ("acc", "val/acc", "acc@1", "train_f1", "mIoU", "map50", "top1", "eval/R2", "neg_mean_squared_error", "ROC_AUC")
NEITHER = ("epoch", "lr", "seconds", "placement", "accent", "", "語", "grad_norm")


@pytest.mark.parametrize("name", LESS)
def test_less_is_better(name: str) -> None:
    assert guess(name) == Aim("min")


@pytest.mark.parametrize("name", MORE)
def test_more_is_better(name: str) -> None:
    assert guess(name) == Aim("max")


@pytest.mark.parametrize("name", NEITHER)
def test_nobody_can_tell(name: str) -> None:
    assert guess(name) is None


def test_nothing_is_better_than_nan() -> None:
    for aim in (Aim("max"), Aim("min")):
        assert not aim.better(1.0, math.nan)
        assert not aim.better(math.nan, 1.0)
        assert not aim.better(1.0, 1.0)
    assert Aim("max").better(2, 1) and Aim("min").better(1, 2)
