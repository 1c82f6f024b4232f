"""Which GPUs of a machine others use: samples and refused leases in, an event out whenever that changes."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.domain.devices import UNSEEN, Verdict, judge, leased
from workbench.engine.seam import DevicesSeen
from workbench.remote.machines.base import Sampled, Taken


@dataclass(slots=True)
class Gpus:
    """Those of one machine, as long as its road is up."""

    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """By UUID."""

    def arrive(self, machine: str, devices: tuple[str, ...]) -> DevicesSeen:
        """Nothing is known of them yet, so none is free yet."""
        self.verdicts = dict.fromkeys(devices, UNSEEN)
        return self._seen(machine)

    def look(self, machine: str, sample: Sampled) -> list[DevicesSeen]:
        return self._change(
            machine,
            {
                device.uuid: judge(self.verdicts[device.uuid], device.use, device.processes, device.lease, sample.at)
                for device in sample.devices
                if device.uuid in self.verdicts
            },
        )

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
