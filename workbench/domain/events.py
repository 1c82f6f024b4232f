"""What happened to a run: the facts that the history appends and the subscribers hear.

A Change is a fact and the run as it is after it. The history writes both in one transaction; a mirror only
needs the run.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from workbench.domain.run import Run
from workbench.domain.time import Micros


class Kind(StrEnum):
    SUBMITTED = "submitted"
    HELD = "held"
    RELEASED = "released"
    EDITED = "edited"
    MOVED = "moved"
    PLACED = "placed"
    STARTED = "started"
    FENCED = "fenced"
    """An attempt was voided before it started; the run waits again."""
    CANCELLING = "cancelling"
    """Somebody wants it cancelled; the machine was told."""
    RETRIED = "retried"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Change:
    kind: Kind
    at: Micros
    run: Run
    """As it is after the change."""
    by: str = ""
    """The Unix user who asked, "" where the engine did it by itself."""
    detail: Mapping[str, Any] = field(default_factory=dict)
