"""How far long work has come."""

from __future__ import annotations

from dataclasses import dataclass

BYTES = "bytes"
"""The unit that is told as a size."""


@dataclass(frozen=True, slots=True)
class Progress:
    what: str
    """A phrase: `building the environment on gpu3`."""
    done: int = 0
    total: int = 0
    """0: nobody knows how much there is to do."""
    unit: str = ""
    """Of `done` and `total`, in the plural: packages, files, BYTES."""
