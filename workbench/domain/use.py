"""What an attempt takes at one moment, as its machine was sampled. The whole of it is `status.Usage`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from workbench.domain.time import Micros


@dataclass(frozen=True, slots=True)
class Use:
    at: Micros
    cores: float
    """In use by its process tree."""
    memory: int
    """Bytes resident, of its process tree."""
    gpus: float
    """In use: the sum over its devices, each 0 to 1."""
    gpu_memory: int
    """Bytes in use on its devices."""


def use_of(sample: Mapping[str, Any] | None, attempt: str, devices: Collection[str]) -> Use | None:
    """Out of a sample of its machine, of the form that the protocol calls Sample. devices: UUIDs that it holds.

    None where the sample does not know it."""
    if not sample or attempt not in sample["attempts"]:
        return None
    cores, memory = sample["attempts"][attempt]
    held = [device for device in sample["devices"] if device["uuid"] in devices]
    return Use(sample["at"], cores, memory, sum(d["use"] or 0.0 for d in held), sum(d["memory"] or 0 for d in held))
