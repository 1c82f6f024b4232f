"""What the machines did in a night: their samples, some time at once, and each machine as it was at a moment."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

from workbench.domain.run import Run, attempt_of
from workbench.domain.time import SECOND, Micros
from workbench.protocol.shapes import MachineView, Sample

MINUTE = 60 * SECOND
BEFORE = 10 * MINUTE
"""What a graph shows of the time before a moment."""
STRETCH = 60 * MINUTE
"""Fetched at once."""
EVERY = 10 * SECOND
"""From one sample to the next, at least."""
STANDS = 3 * MINUTE, 12 * MINUTE
"""How long a sample stands for what was: of the last month, where there is one a minute, and of before."""
MONTH = 30 * 24 * 60 * MINUTE


class Ask(Protocol):
    def __call__(self, verb: str, **params: Any) -> Awaitable[dict[str, Any]]: ...


@dataclass(frozen=True, slots=True)
class Tapes:
    since: Micros = 0
    until: Micros = 0
    today: Micros = 0
    """When they were fetched: how old a sample is says how coarsely it was kept."""
    machines: tuple[MachineView, ...] = ()
    """Those that there are by now, as they are by now."""
    samples: Mapping[str, Sequence[Sample]] = field(default_factory=dict)
    """By machine, in order of time."""

    def cover(self, now: Micros) -> bool:
        return self.since + BEFORE <= now < self.until

    def at(self, now: Micros, active: Iterable[Run]) -> list[MachineView]:
        """active: the runs that held a share of a machine at that moment."""
        running = list(active)
        return [self._view(machine, now, running) for machine in self.machines]

    def _view(self, machine: MachineView, now: Micros, active: Sequence[Run]) -> MachineView:
        name = machine["name"]
        attempts = [(run.id, attempt) for run in active if (attempt := attempt_of(run.status))]
        here = {id: attempt.share for id, attempt in attempts if attempt.machine == name}
        history = self._history(name, now)
        stands = STANDS[now < self.today - MONTH]
        sample = history[-1] if history and now - history[-1]["at"] < stands else None
        held = {uuid: id for id, share in here.items() for uuid in share.devices}
        seen = {one["uuid"]: one for one in sample["devices"]} if sample else {}
        devices = [
            {**one, "strangers": [], "state": _state(one["uuid"] in held, seen.get(one["uuid"]))}
            for one in machine["devices"]
        ]
        view = {
            **machine,
            "status": "ok" if sample else "unreachable",
            "reason": "" if sample else "nothing is on record of this moment",
            "devices": devices,
            "cpus_held": sum(share.cpus for share in here.values()),
            "memory_held": sum(share.memory for share in here.values()),
            "devices_held": held,
            "devices_used": {},
            "running": list(here),
            "warnings": [],
            "sample": sample,
            "history": history,
        }
        return cast(MachineView, view)

    def _history(self, name: str, now: Micros) -> list[Sample]:
        samples = self.samples.get(name, ())
        first = bisect_right(samples, now - BEFORE, key=lambda sample: sample["at"])
        return list(samples[first : bisect_right(samples, now, key=lambda sample: sample["at"])])


async def wind(ask: Ask, now: Micros, today: Micros) -> Tapes:
    """The tapes from a little before a moment to some time after it."""
    since, until = max(0, now - BEFORE), now + STRETCH
    machines = tuple((await ask("machines"))["machines"])
    asked = {"since": since, "until": until, "every": EVERY}
    samples = {one["name"]: (await ask("replay_samples", machine=one["name"], **asked))["samples"] for one in machines}
    return Tapes(since, until, today, machines, samples)


def _state(held: bool, seen: Mapping[str, Any] | None) -> str:
    """As domain.devices has them, but for `idle`, which takes a minute of samples to tell."""
    if seen is None:
        return "mine" if held else "unseen"
    if seen.get("lost"):
        return "lost"
    if held:
        return "mine"
    lease = seen.get("lease")
    if lease and not lease["ours"]:
        return "team"
    return "stranger" if any(not process["ours"] for process in seen.get("processes", ())) else "free"
