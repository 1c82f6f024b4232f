"""A machine as the workbench was told of it: where it is, what may be used of it, what it costs."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workbench.domain.resources import Capacity
from workbench.errors import UsageError

LOCAL = "local"
"""The machine that the engine itself is on: there from the start, and never removed."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,38}[a-z0-9])?", re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9][a-z0-9._=:/-]{0,59}", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s-]\S{0,254}")


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What history keeps of a machine."""

    name: str
    address: str = ""
    """As ssh takes it: an alias of its config, a host, USER@HOST. "" for the local machine."""
    root: str = ""
    """Where the agent keeps its things there, "" for its own choice."""
    rate: float = 0.0
    """What an hour of it costs."""
    labels: tuple[str, ...] = ()
    """Words that a run may ask for."""
    cpus: int = 0
    """How many the workbench may use, 0: all."""
    memory: int = 0
    """Bytes that it may use, 0: all."""
    draining: bool = False
    """It gets nothing new."""

    def limit(self, has: Capacity) -> Capacity:
        """What of it is for runs."""
        return Capacity(min(has.cpus, self.cpus or has.cpus), min(has.memory, self.memory or has.memory), has.devices)


def check_machine_name(text: str) -> str:
    """The name, as it is. Raises UsageError where it is no name for a machine, or the local one's."""
    if not _NAME.fullmatch(text):
        raise UsageError(
            f"{text[:60]!a} is no name for a machine",
            hint="1 to 40 letters, digits, dots, dashes and underscores, such as gpu3",
        )
    if text == LOCAL:
        raise UsageError(f"{LOCAL} is the machine that the engine is on, and is there already")
    return text


def check_address(text: str) -> str:
    """The address, as it is. Raises UsageError where ssh could take it for something else."""
    if not _ADDRESS.fullmatch(text) or not text.isprintable():
        raise UsageError(f"{text[:60]!a} is no address", hint="an alias of ~/.ssh/config, a host, or USER@HOST")
    return text


def check_label(text: str) -> str:
    """The label, as it is. Raises UsageError."""
    if not _LABEL.fullmatch(text):
        raise UsageError(f"{text[:60]!a} is no label", hint="letters, digits and . _ = : / -, such as a100")
    return text
