"""Which process is which, who descends from whom, and signals that reach no other.

A pid alone is a name that is given out again. With the boot, the pid namespace and the start tick it is a
process.
"""

from __future__ import annotations

import functools
import os
import signal
from typing import Iterable, NamedTuple

TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Identity(NamedTuple):
    boot: str
    namespace: str
    pid: int
    tick: int


class Process(NamedTuple):
    """One line of the process table."""

    pid: int
    parent: int
    session: int
    tick: int
    """Clock ticks from boot to its start."""
    cpu: float
    """Seconds of CPU that it and its reaped children used."""
    resident: int
    """Bytes."""
    dead: bool
    """A zombie: it holds nothing and can't be killed."""


@functools.lru_cache(maxsize=None)
def boot_id() -> str:
    with open("/proc/sys/kernel/random/boot_id") as file:
        return file.read().strip()


@functools.lru_cache(maxsize=None)
def pid_namespace() -> str:
    return os.readlink("/proc/self/ns/pid")


def look(pid: int) -> Process | None:
    try:
        fd = os.open("/proc/{}/stat".format(pid), os.O_RDONLY)
    except OSError:
        return None
    try:
        line = os.read(fd, 4096)
    except OSError:
        return None
    finally:
        os.close(fd)
    # The name, in parentheses, may hold anything: what follows the last one is plain.
    fields = line[line.rfind(b")") + 2 :].split()
    if len(fields) < 22:
        return None
    return Process(
        pid=pid,
        parent=int(fields[1]),
        session=int(fields[3]),
        tick=int(fields[19]),
        cpu=sum(map(int, fields[11:15])) / TICKS,
        resident=int(fields[21]) * PAGE,
        dead=fields[0] in (b"Z", b"X"),
    )


def identity(pid: int) -> Identity:
    seen = look(pid)
    return Identity(boot_id(), pid_namespace(), pid, seen.tick if seen else 0)


def alive(who: Identity) -> bool:
    """Whether that very process, not a namesake, still runs."""
    if who.boot != boot_id() or who.namespace != pid_namespace():
        return False
    seen = look(who.pid)
    return seen is not None and seen.tick == who.tick and not seen.dead


def everyone() -> dict[int, Process]:
    """The process table."""
    table = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            seen = look(int(name))
            if seen is not None:
                table[seen.pid] = seen
    return table


def descendants(table: dict[int, Process], roots: Iterable[int]) -> set[int]:
    """The roots' children, and theirs, without the roots."""
    children: dict[int, list[int]] = {}
    for process in table.values():
        children.setdefault(process.parent, []).append(process.pid)
    found: set[int] = set()
    pending = list(roots)
    while pending:
        for child in children.get(pending.pop(), ()):
            if child not in found:
                found.add(child)
                pending.append(child)
    return found


def marked(table: dict[int, Process], mark: bytes) -> set[int]:
    """Those whose environment has `mark`, a NAME=VALUE."""
    found = set()
    for pid in table:
        try:
            with open("/proc/{}/environ".format(pid), "rb") as file:
                if mark in file.read().split(b"\0"):
                    found.add(pid)
        except OSError:
            pass  # someone else's, or gone
    return found


def family(mark: bytes, supervisor: int = 0) -> list[Process]:
    """Every living process of an attempt: by descent from its supervisor where that lives, and by the mark that
    its environment bears, for those whose ancestors are gone."""
    table = everyone()
    found = marked(table, mark)
    found |= descendants(table, found | {supervisor} if supervisor else found)
    return [table[pid] for pid in found - {supervisor, os.getpid()} if not table[pid].dead]


def memory(family: Iterable[Process], enough: float) -> int:
    """Bytes that they take together. What is up to `enough` may count twice what several share; what is more has it
    shared out, which takes the kernel longer to tell."""
    there = list(family)
    resident = sum(process.resident for process in there)
    return resident if resident <= enough else sum(map(_proportional, there))


def _proportional(process: Process) -> int:
    """What is resident of it, pages that N processes have counted as a Nth; all of it, where the kernel won't say."""
    try:
        with open("/proc/{}/smaps_rollup".format(process.pid), "rb") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(b"Pss:"))
    except (OSError, StopIteration):
        return process.resident


def send(pid: int, tick: int, number: int) -> bool:
    """Signal that process; False where it is gone, even if another has its pid by now."""
    try:
        handle = os.pidfd_open(pid) if hasattr(os, "pidfd_open") else -1
    except OSError:
        return False
    try:
        seen = look(pid)
        if seen is None or seen.tick != tick or seen.dead:
            return False
        if handle >= 0 and hasattr(signal, "pidfd_send_signal"):
            signal.pidfd_send_signal(handle, number)
        else:
            os.kill(pid, number)
        return True
    except OSError:
        return False
    finally:
        if handle >= 0:
            os.close(handle)


def kill(processes: Iterable[Process], number: int) -> int:
    """Signal them all; how many there still were."""
    return sum(send(process.pid, process.tick, number) for process in processes)
