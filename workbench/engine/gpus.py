"""Which GPUs of a machine others use: samples and refused leases in, an event out whenever that changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.domain.devices import UNSEEN, USUAL, Rule, Verdict, judge, leased
from workbench.engine.seam import DevicesSeen
from workbench.remote.machines.base import Sampled, Taken


@dataclass(slots=True)
class Gpus:
    """Those of one machine, as long as its road is up."""

    rule: Rule = USUAL
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By UUID."""

    def arrive(self, machine: str, devices: tuple[str, ...]) -> DevicesSeen:
        """Nothing is known of them yet, so none is free yet."""
        self.verdicts = dict.fromkeys(devices, UNSEEN)
        return self._seen(machine)

    def look(self, machine: str, sample: Sampled) -> list[DevicesSeen]:
        verdicts = {
            device.uuid: judge(before, device.use, device.processes, device.lease, sample.at, self.rule)
            for device in sample.devices
            if (before := self.verdicts.get(device.uuid))
        }
        return self._change(machine, verdicts)

    def refuse(self, machine: str, taken: Taken) -> list[DevicesSeen]:
        """Another engine was quicker. It counts as used until samples find it free again."""
        return self._change(machine, {taken.device: Verdict(leased(taken.user))})

    def _change(self, machine: str, verdicts: dict[str, Verdict]) -> list[DevicesSeen]:
        before = self._seen(machine)
        self.verdicts.update(verdicts)
        after = self._seen(machine)
        return [] if before == after else [after]

    def _seen(self, machine: str) -> DevicesSeen:
        return DevicesSeen(machine, {uuid: verdict.used for uuid, verdict in self.verdicts.items() if verdict.used})
