"""When a GPU is free for a run: the rule, pure. Other people's use of it is seen in samples.

A device is free if nobody but us holds a lease on it and every process on it that is not ours is negligible: it is to
be ignored by name, or has held next to nothing and computed nothing for a while. One that was in use must look free
for several samples on end, since between two steps of someone's work it may look so for a moment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from workbench.domain.resources import format_size
from workbench.domain.time import SECOND, Micros

IDLE_AFTER: Micros = 60 * SECOND
"""So long a device that is held computes nothing until that is told."""


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
class DeviceSample:
    """What a device does at a moment; None is what its driver does not say."""

    uuid: str
    use: float | None
    """0 to 1."""
    memory: int | None
    """Bytes in use."""
    power: float | None
    """Watts."""
    temperature: float | None
    """Celsius."""
    processes: tuple[Process, ...] = ()
    lease: Lease | None = None
    lost: str = ""
    """What the driver says of a device that is gone, or that does not tell who uses it."""


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
    tolerated: frozenset[int] = frozenset()
    """Processes of others that have been idle for long enough."""


@dataclass(frozen=True, slots=True)
class Tolerance:
    """Whose processes on a device are in nobody's way, in the moment of a start."""

    ignored: tuple[str, ...] = ()
    """By name."""
    idle: Mapping[str, frozenset[int]] = field(default_factory=dict)
    """UUID -> pids that do not matter ..."""
    small: int = 0
    """... while they hold less than so many bytes."""

    def allows(self, device: str, process: Process) -> bool:
        idle = process.pid in self.idle.get(device, ()) and process.memory < self.small
        return process.ours or process.name in self.ignored or idle


UNSEEN = Verdict("not looked at yet")


def judge(before: Verdict, seen: DeviceSample, at: Micros, rule: Rule = USUAL) -> Verdict:
    """What a sample says of a device. While the lease is ours nobody else's process stands in the way of anything;
    those that did not matter before it don't after it, unless they have grown."""
    if seen.lost:
        return Verdict(lost(seen.lost))
    strangers = [process for process in seen.processes if not process.ours and process.name not in rule.ignored]
    if seen.lease is not None and seen.lease.ours:
        small = {process.pid for process in strangers if process.memory < rule.small}
        tolerated = before.tolerated & small
        return Verdict(idle={pid: before.idle[pid] for pid in tolerated}, tolerated=tolerated)
    small = {process.pid for process in strangers if seen.use == 0.0 and process.memory < rule.small}
    idle = {pid: before.idle.get(pid, at) for pid in small}
    tolerated = frozenset(pid for pid, since in idle.items() if at - since >= rule.idle)
    busy = [process for process in strangers if process.pid not in tolerated]
    if seen.lease is not None:
        return Verdict(leased(seen.lease.user, busy), idle=idle)
    if busy:
        return Verdict(used(busy), idle=idle)
    clear = before.clear + 1
    if before.used and before != UNSEEN and clear < rule.samples:
        return Verdict(before.used, clear, idle)
    return Verdict(idle=idle, tolerated=tolerated)


def leased(user: str, processes: Sequence[Process] = ()) -> str:
    """How a lease that another engine holds is told."""
    return f"leased by {user or 'somebody'}" + (f", {used(processes)}" if processes else "")


def used(processes: Sequence[Process]) -> str:
    """How processes of others are told."""
    return "used by " + _people(processes)


def lost(words: str) -> str:
    """How a device is told that its driver has lost."""
    return f"lost ({words})"


State = Literal["unseen", "lost", "mine", "idle", "team", "stranger", "free"]
"""unseen: never looked at. mine: a run of ours holds it. team: another engine's lease. idle: held by either of them,
and it computes nothing. stranger: a process that matters is there, and no lease. free: it may be given."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is remembered of a device from sample to sample, to say how it stands."""

    seen: DeviceSample | None = None
    quiet: Micros | None = None
    """Since when its holder has computed nothing on it; None where it computes, or nobody holds it."""
    at: Micros = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """Whose a device is at this moment, and who else is there."""

    state: State
    strangers: tuple[Process, ...] = ()
    """Processes that belong neither to us nor to the user whose engine holds it, whatever the state is."""


def watch(before: Watch, seen: DeviceSample, at: Micros) -> Watch:
    """With one sample more. Whoever takes it over begins anew."""
    same = before.seen is not None and before.seen.lease == seen.lease
    held = seen.lease is not None or any(process.ours for process in seen.processes)
    if seen.use != 0.0 or not held:
        return Watch(seen, None, at)
    return Watch(seen, before.quiet if same and before.quiet is not None else at, at)


def stand(watched: Watch, held: bool, in_the_way: bool, rule: Rule = USUAL) -> Standing:
    """`held`: by a run of ours, as the engine has it. `in_the_way`: by its verdict it can't be given."""
    seen = watched.seen
    if seen is None:
        return Standing("mine" if held else "unseen")
    team = seen.lease.user if seen.lease and not seen.lease.ours else None
    known = [process for process in seen.processes if process.name not in rule.ignored]
    strangers = tuple(process for process in known if not process.ours and process.user != team)
    if seen.lost:
        return Standing("lost", strangers)
    if held or seen.lease:
        idle = watched.quiet is not None and watched.at - watched.quiet >= IDLE_AFTER
        return Standing("idle" if idle else "mine" if team is None else "team", strangers)
    return Standing("stranger" if in_the_way else "free", strangers)


def _people(processes: Sequence[Process]) -> str:
    """`bob (python, 31 GB) and 2 more`: the one that holds most first."""
    first = max(processes, key=lambda process: process.memory)
    what = ", ".join(part for part in (first.name, format_size(first.memory)) if part)
    others = f" and {len(processes) - 1} more" if len(processes) > 1 else ""
    return f"{first.user or 'somebody'} ({what}){others}"
