"""What the machine does, and of each watched attempt's processes how much they take."""

from __future__ import annotations

import os
import time
from typing import Any, Iterable, NamedTuple

from . import fate, gpus, leases, owners, processes
from .attempt import Attempt


class _Counters(NamedTuple):
    clock: float
    busy: float
    total: float
    received: int
    sent: int


class Sampler:
    def __init__(self, root: str) -> None:
        self._root = root
        self._before = _count()
        self._cpu_before: dict[tuple[int, int], float] = {}
        self._supervisors: dict[str, processes.Identity] = {}

    def sample(self, running: Iterable[str]) -> dict[str, Any]:
        """One `sampled` event; rates are since the one before."""
        now, before = _count(), self._before
        self._before = now
        elapsed = max(now.clock - before.clock, 1e-6)
        space = os.statvfs(self._root)
        return {
            "event": "sampled",
            "at": time.time_ns() // 1000,
            "cpu": (now.busy - before.busy) / max(now.total - before.total, 1e-6),
            "memory": _memory(),
            "disk_free": space.f_bavail * space.f_frsize,
            "network_in": (now.received - before.received) / elapsed,
            "network_out": (now.sent - before.sent) / elapsed,
            "load": os.getloadavg()[0],
            "devices": _devices(),
            "attempts": self._attempts(list(running), elapsed),
        }

    def _attempts(self, running: list[str], elapsed: float) -> dict[str, tuple[float, int]]:
        """Cores in use and bytes resident, of all that descends from the supervisor."""
        self._supervisors = {name: self._supervisor(name) for name in running}
        if not running:
            return {}
        table = processes.everyone()
        cpu: dict[tuple[int, int], float] = {}
        taken = {}
        for name, supervisor in self._supervisors.items():
            family = [table[pid] for pid in processes.descendants(table, [supervisor.pid])]
            cores = 0.0
            for process in family:
                key = (process.pid, process.tick)
                cpu[key] = process.cpu
                cores += max(0.0, process.cpu - self._cpu_before.get(key, process.cpu))
            taken[name] = (cores / elapsed, sum(process.resident for process in family))
        self._cpu_before = cpu
        return taken

    def _supervisor(self, name: str) -> processes.Identity:
        known = self._supervisors.get(name)
        if known is not None:
            return known
        start = fate.read(Attempt(self._root, name).directory)
        return start.supervisor if isinstance(start, fate.Start) else fate.TORN.supervisor


def _devices() -> list[dict[str, Any]]:
    """GPUs, what runs on them, and who has a lease."""
    found = gpus.sample()
    held = leases.holders() if found else {}
    for device in found:
        pid = held.get(device["uuid"])
        lease = None if pid is None else {"pid": pid, "user": owners.user(pid), "ours": owners.ours(pid)}
        device["lease"] = lease
    return found


def _count() -> _Counters:
    with open("/proc/stat") as file:
        # user nice system idle iowait irq softirq steal; guest time is in user already
        ticks = [int(field) for field in file.readline().split()[1:9]]
    received = sent = 0
    with open("/proc/net/dev") as file:
        for line in file.readlines()[2:]:
            name, _, figures = line.partition(":")
            if name.strip() != "lo":
                fields = figures.split()
                received += int(fields[0])
                sent += int(fields[8])
    total = sum(ticks)
    return _Counters(time.monotonic(), total - ticks[3] - ticks[4], total, received, sent)


def _memory() -> int:
    """Bytes in use: what is neither free nor a cache that could be."""
    figures = {}
    with open("/proc/meminfo") as file:
        for line in file:
            key, _, rest = line.partition(":")
            figures[key] = int(rest.split()[0]) * 1024
    return figures["MemTotal"] - figures.get("MemAvailable", figures["MemFree"])
