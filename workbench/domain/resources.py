"""What a run needs, what a machine has, and whether one fits in the other."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.errors import UsageError

PRIORITY = 1000
"""The highest; the lowest is as far below 0. One too large for its column would keep history from taking anything."""
RETRIES = 100
"""The most."""

_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgtp]?)(i?)b?", re.IGNORECASE)
_POWERS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4, "p": 5}


def parse_size(text: str) -> int:
    """Bytes in `8GB`, `512M`, `1.5TiB`, `1000`. K, M, G are powers of 1000, Ki, Mi, Gi of 1024. Raises UsageError."""
    match = _SIZE.fullmatch(text.strip())
    if not match:
        raise UsageError(f"{text!r} is not a size", hint="write 8GB, 512MB or 1.5TiB")
    number, unit, binary = match.groups()
    size = int(float(number) * (1024 if binary else 1000) ** _POWERS[unit.lower()])
    if size <= 0:
        raise UsageError(f"{text!r} is not a size above zero")
    return size


def format_size(size: float) -> str:
    """`0 B`, `812 kB`, `3.1 GB`: powers of 1000, two or three digits."""
    value, unit = float(size), "B"
    for unit in ("B", "kB", "MB", "GB", "TB", "PB"):
        if abs(value) < 999.5 or unit == "PB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"


@dataclass(frozen=True, slots=True)
class Need:
    """What one run asks for. Runs with equal needs queue in one line."""

    cpus: int = 1
    memory: int = 0
    """Bytes; 0: says nothing, and is given no share."""
    gpus: int = 0
    gpu_memory: int = 0
    """Bytes that each of these GPUs must have; 0: any will do."""
    machine: str = ""
    """The only machine that will do, "" where any may."""
    labels: tuple[str, ...] = ()
    """What its machine must be labelled with, sorted."""


@dataclass(frozen=True, slots=True)
class Device:
    """A GPU of a machine, known by its UUID."""

    uuid: str
    index: int
    name: str
    memory: int
    """Bytes."""
    part: int | None = None
    """Its number among the instances of its GPU, where that is divided (MIG)."""

    @property
    def label(self) -> str:
        """`2`, `2:1`: as nvidia-smi counts."""
        return str(self.index) if self.part is None else f"{self.index}:{self.part}"


@dataclass(frozen=True, slots=True)
class Capacity:
    """What a machine has for runs."""

    cpus: int
    memory: int
    """Bytes."""
    devices: tuple[Device, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """What one attempt holds of a machine while it lasts."""

    cpus: int
    memory: int
    devices: tuple[str, ...] = ()
    """UUIDs."""
