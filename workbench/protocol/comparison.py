"""The answer of `compare` read back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from workbench.domain.comparison import Comparison, Measured
from workbench.domain.goals import Aim
from workbench.protocol.messages import number_in
from workbench.protocol.runs import run_in


def comparison_in(reply: Mapping[str, Any]) -> Comparison:
    metrics = {
        key: Measured(_numbers(last), _numbers(reply["best"][key]), _aim(reply["goals"].get(key)))
        for key, last in reply["metrics"].items()
    }
    return Comparison(tuple(run_in(run) for run in reply["runs"]), metrics, reply["config"])


def _numbers(values: Sequence[float | str | None]) -> list[float | None]:
    return [None if value is None else number_in(value) for value in values]


def _aim(said: Mapping[str, Any] | None) -> Aim | None:
    return Aim(said["goal"], said["declared"]) if said else None
