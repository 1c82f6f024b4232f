"""What the machines do: the last ten minutes in memory for the graphs, one sample in ten seconds for history."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

from workbench.domain.time import SECOND, Micros
from workbench.engine.store.interface import MachineSample
from workbench.remote.machines.base import Sampled

WINDOW = 300
"""Samples kept in memory for each machine: ten minutes at one in two seconds."""
KEEP_EVERY = 10 * SECOND
WATCHED, UNWATCHED = 2.0, 10.0
"""Seconds between samples, while somebody looks and while nobody does."""


@dataclass(slots=True)
class Telemetry:
    recent: dict[str, deque[dict[str, Any]]] = field(default_factory=dict)
    kept: dict[str, Micros] = field(default_factory=dict)

    def add(self, machine: str, sample: Sampled) -> MachineSample | None:
        """Remember it; the sample for history, where one is due."""
        body = sample_out(sample)
        self.recent.setdefault(machine, deque(maxlen=WINDOW)).append(body)
        if sample.at - self.kept.get(machine, 0) < KEEP_EVERY:
            return None
        self.kept[machine] = sample.at
        return MachineSample(machine, sample.at, body)

    def last(self, machine: str) -> dict[str, Any] | None:
        samples = self.recent.get(machine)
        return samples[-1] if samples else None

    def history(self, machine: str) -> list[dict[str, Any]]:
        return list(self.recent.get(machine, ()))


def sample_out(sample: Sampled) -> dict[str, Any]:
    return {
        "at": sample.at,
        "cpu": sample.cpu,
        "memory": sample.memory,
        "disk_free": sample.disk_free,
        "network_in": sample.network_in,
        "network_out": sample.network_out,
        "load": sample.load,
        "devices": [
            {
                "uuid": device.uuid,
                "use": device.use,
                "memory": device.memory,
                "power": device.power,
                "temperature": device.temperature,
                "processes": [asdict(process) for process in device.processes],
                "lease": asdict(device.lease) if device.lease else None,
                "lost": device.lost,
            }
            for device in sample.devices
        ],
        "attempts": {attempt: list(use) for attempt, use in sample.attempts.items()},
    }
