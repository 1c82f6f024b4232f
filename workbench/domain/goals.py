"""Which way a metric is better: what the project says, else what its name tells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

Goal = Literal["max", "min"]


@dataclass(frozen=True, slots=True)
class Aim:
    goal: Goal
    declared: bool = False
    """By a project; else guessed from the metric's name."""

    def better(self, one: float, other: float) -> bool:
        """Whether `one` is truly better. Nothing is better than NaN, and NaN than nothing."""
        return one > other if self.goal == "max" else one < other


_LESS = frozenset(
    """
    loss losses error errors err mse rmse mae mape perplexity ppl nll bpc bpb wer cer eer fid kl divergence regret
    brier deviance latency cost
    """.split()  # noqa: SIM905
)
_MORE = frozenset(
    """
    acc accuracy auc auroc auprc roc f1 precision recall iou miou map bleu rouge reward rewards return returns score
    r2 psnr ssim dice mcc kappa ndcg mrr top1 top5 throughput
    """.split()  # noqa: SIM905
)
_WORD = re.compile(r"[a-z]+\d*|\d+")
_INNER_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def guess(metric: str) -> Aim | None:
    """What the words of a name say: `val/loss`, `topOneError`, `map50`, `train_f1`. None where they say nothing.

    A loss outweighs what it is a loss of (`reward_loss`), and `neg_` turns it round (scikit-learn's scorers).
    """
    words = {*_WORD.findall(metric.lower()), *_WORD.findall(_INNER_CAPITAL.sub("_", metric).lower())}
    words |= {word.rstrip("0123456789") for word in words}
    if words & _LESS:
        return Aim("max" if words & {"neg", "negative"} else "min")
    return Aim("max") if words & _MORE else None
