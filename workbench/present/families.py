"""Metrics that belong in one chart: the same thing measured on several splits of the data. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

_SPLITS = ("train", "training", "val", "valid", "validation", "eval", "test", "dev")
_SPLIT = re.compile(rf"(?:(?:{'|'.join(_SPLITS)})[/_.](?P<after>.+)|(?P<before>.+)[/_.](?:{'|'.join(_SPLITS)}))", re.I)


def family(key: str) -> str:
    """`loss` of `train/loss`, `val_loss`, `loss.test` and `loss`: what is left without the split."""
    split = _SPLIT.fullmatch(key)
    return (split["after"] or split["before"]) if split else key


def families(keys: Iterable[str]) -> list[tuple[str, ...]]:
    """Metrics by family: those with a loss first, then by name; in each by name too."""
    found: dict[str, list[str]] = {}
    for key in sorted(keys):
        found.setdefault(family(key), []).append(key)
    names = sorted(found, key=lambda name: ("loss" not in name.lower(), name))
    return [tuple(found[name]) for name in names]


def with_its_kin(key: str, keys: Iterable[str]) -> Sequence[str]:
    """The family of one metric."""
    return [one for one in sorted(keys) if family(one) == family(key)]
