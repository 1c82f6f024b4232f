"""A run's metrics as rows: the last value, its extremes, and which of these is the best. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from workbench.present.cells import Cell
from workbench.present.columns import Column
from workbench.present.numbers import count, metric
from workbench.present.sanitise import clean

COLUMNS = (
    Column("", 1),
    Column("metric", 16, grows=1, most=40),
    Column("last", 10, right=True),
    Column("min", 10, right=True),
    Column("max", 10, right=True),
    Column("step", 9, right=True),
)
_LOW = re.compile(r"loss|err|perplexity|ppl|nll|mae|mse|rmse|\bwer\b|\bcer\b|\bfid\b", re.I)
_HIGH = re.compile(r"acc|auc|auroc|f1|precision|recall|r2|bleu|rouge|\bmap\b|miou|iou|psnr|ssim|score|reward", re.I)


def best(key: str) -> str:
    """`min` or `max`: the better extreme of metrics that are called so; "" where a name does not tell."""
    return "min" if _LOW.search(key) else "max" if _HIGH.search(key) else ""


def metric_row(key: str, last: float | None, kept: Mapping[str, Any], mark: str) -> tuple[Cell, ...]:
    """As many cells as COLUMNS. kept: what history has of it: {min, max, step}; mark: style of its curve, "" if it is
    not drawn."""
    extremes = [
        Cell(metric(float(kept[name])) if name in kept else "–", "good" if best(key) == name else "dim")
        for name in ("min", "max")
    ]
    return (
        Cell("▪" if mark else " ", mark),
        Cell(clean(key), "strong" if mark else ""),
        Cell("–" if last is None else metric(last)),
        *extremes,
        Cell(count(kept["step"]) if "step" in kept else "–", "dim"),
    )
