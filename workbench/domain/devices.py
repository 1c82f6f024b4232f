"""When a GPU is free for a run: the rule, pure. Other people's use of it is seen in samples.

A device is free if nobody but us holds a lease on it and every process on it that is not ours is negligible: it is to
be ignored by name, or has held next to nothing and computed nothing for a while. One that was in use must look free
for several samples on end, since between two steps of someone's work it may look so for a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workbench.domain.resources import format_size
from workbench.domain.time import SECOND, Micros


@dataclass(frozen=True, slots=True)
class Process:
    """One that uses a device."""

    pid: int
    user: str
    """"" where the machine does not say."""
    name: str
    memory: int
    """Bytes, of this device."""
    ours: bool
    """It belongs to an attempt of this engine."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Who holds the lock on a device: an engine's supervisor."""

    pid: int
    """0 where the machine does not say."""
    user: str
    ours: bool


@dataclass(frozen=True, slots=True)
class Rule:
    ignored: tuple[str, ...] = ("Xorg", "Xwayland", "gnome-shell", "kwin_wayland", "kwin_x11")
    """Names of processes that never matter, as /proc/PID/comm has them. What draws a desktop has no other GPU to go to,
    and is never idle."""
    small: int = 300 * 1024 * 1024
    """Bytes that a process may hold and still be negligible, once it has computed nothing for `idle`."""
    idle: Micros = 600 * SECOND
    samples: int = 3
    """So many on end must find a device free that was in use."""


USUAL = Rule()
"""Where the user says nothing."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of one device."""

    used: str = ""
    """By whom, a phrase that goes after "is"; "" where it is free."""
    clear: int = 0
    """Samples on end that found it free since it was in use."""
    idle: Mapping[int, Micros] = field(default_factory=dict)
    """pid -> since when it has been small, and the device idle."""


UNSEEN = Verdict("not looked at yet")


def judge(
    before: Verdict,
    use: float,
    processes: Sequence[Process],
    lease: Lease | None,
    at: Micros,
    rule: Rule = USUAL,
) -> Verdict:
    """What a sample says of a device. `use`: 0 to 1. While the lease is ours nobody else's process stands in the
    way of anything, and when it ends they are looked at anew."""
    if lease is not None and lease.ours:
        return Verdict()
    strangers = [process for process in processes if not process.ours and process.name not in rule.ignored]
    small = {process.pid for process in strangers if use == 0.0 and process.memory < rule.small}
    idle = {pid: before.idle.get(pid, at) for pid in small}
    busy = [process for process in strangers if process.pid not in idle or at - idle[process.pid] < rule.idle]
    if lease is not None:
        return Verdict(leased(lease.user, busy), idle=idle)
    if busy:
        return Verdict("used by " + _people(busy), idle=idle)
    clear = before.clear + 1
    if before.used and before != UNSEEN and clear < rule.samples:
        return Verdict(before.used, clear, idle)
    return Verdict(idle=idle)


def leased(user: str, processes: Sequence[Process] = ()) -> str:
    """How a lease that another engine holds is told."""
    return f"leased by {user or 'somebody'}" + (f", used by {_people(processes)}" if processes else "")


def _people(processes: Sequence[Process]) -> str:
    """`bob (python, 31 GB) and 2 more`: the one that holds most first."""
    first = max(processes, key=lambda process: process.memory)
    what = ", ".join(part for part in (first.name, format_size(first.memory)) if part)
    others = f" and {len(processes) - 1} more" if len(processes) > 1 else ""
    return f"{first.user or 'somebody'} ({what}){others}"
