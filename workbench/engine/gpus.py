"""Which GPUs of a machine others use: samples and refused leases in, an event out whenever that changes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from workbench.domain.devices import (
    UNSEEN,
    USUAL,
    Rule,
    Standing,
    Tolerance,
    Verdict,
    Watch,
    judge,
    leased,
    lost,
    stand,
    used,
    watch,
)
from workbench.engine.seam import DevicesSeen
from workbench.remote.machines.base import Sampled, Taken


@dataclass(slots=True)
class Gpus:
    """Those of one machine, as long as its road is up."""

    rule: Rule = USUAL
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By UUID."""
    watches: dict[str, Watch] = field(default_factory=dict)

    def arrive(self, machine: str, devices: tuple[str, ...]) -> DevicesSeen:
        """Nothing is known of them yet, so none is free yet."""
        self.verdicts = dict.fromkeys(devices, UNSEEN)
        self.watches = dict.fromkeys(devices, Watch())
        return self._seen(machine)

    def look(self, machine: str, sample: Sampled) -> list[DevicesSeen]:
        known = [device for device in sample.devices if device.uuid in self.verdicts]
        for device in known:
            self.watches[device.uuid] = watch(self.watches[device.uuid], device, sample.at)
        verdicts = {device.uuid: judge(self.verdicts[device.uuid], device, sample.at, self.rule) for device in known}
        return self._change(machine, verdicts)

    def refuse(self, machine: str, taken: Taken) -> list[DevicesSeen]:
        """Somebody was quicker. It counts as used until samples find it free again."""
        match taken:
            case Taken(lost=words) if words:
                by = lost(words)
            case Taken(process=process) if process:
                by = used([process])
            case _:
                by = leased(taken.user)
        return self._change(machine, {taken.device: Verdict(by)})

    def tolerance(self, devices: Iterable[str]) -> Tolerance:
        """Who may be on these when a run starts there."""
        idle = {device: self.verdicts[device].tolerated for device in devices if device in self.verdicts}
        return Tolerance(self.rule.ignored, idle, self.rule.small)

    def stand(self, device: str, held: bool) -> Standing:
        """How it stands; `held` by a run of ours."""
        in_the_way = bool(self.verdicts.get(device, UNSEEN).used)
        return stand(self.watches.get(device, Watch()), held, in_the_way, self.rule)

    def lost(self) -> dict[str, str]:
        """The devices that the driver has lost, and what it says of each."""
        return {uuid: watched.seen.lost for uuid, watched in self.watches.items() if watched.seen and watched.seen.lost}

    def _change(self, machine: str, verdicts: dict[str, Verdict]) -> list[DevicesSeen]:
        before = self._seen(machine)
        self.verdicts.update(verdicts)
        after = self._seen(machine)
        return [] if before == after else [after]

    def _seen(self, machine: str) -> DevicesSeen:
        return DevicesSeen(machine, {uuid: verdict.used for uuid, verdict in self.verdicts.items() if verdict.used})
