"""What each machine has left to give. Pure accounting, mutated in place; never gives what it has not."""

from __future__ import annotations

from dataclasses import dataclass, field

from workbench.domain.resources import Capacity, Need, Share


@dataclass(slots=True)
class Seat:
    """One machine, and what is taken of it."""

    name: str
    capacity: Capacity
    """Nothing, until it was up for the first time."""
    up: bool = False
    reason: str = ""
    """Why it is not up."""
    cpus: int = 0
    memory: int = 0
    devices: set[str] = field(default_factory=set)
    """UUIDs that are taken."""

    def could_fit(self, need: Need) -> bool:
        """If nothing else ran on it."""
        has = self.capacity
        return need.cpus <= has.cpus and need.memory <= has.memory and need.gpus <= len(has.devices)

    def room(self) -> Room:
        return Room(
            self.capacity.cpus - self.cpus,
            self.capacity.memory - self.memory,
            len(self.capacity.devices) - len(self.devices),
        )

    def take(self, need: Need) -> Share:
        free = [device.uuid for device in self.capacity.devices if device.uuid not in self.devices]
        share = Share(need.cpus, need.memory, tuple(free[: need.gpus]))
        self.hold(share)
        return share

    def hold(self, share: Share) -> None:
        self.cpus += share.cpus
        self.memory += share.memory
        self.devices.update(share.devices)

    def give_back(self, share: Share) -> None:
        self.cpus -= share.cpus
        self.memory -= share.memory
        self.devices.difference_update(share.devices)


@dataclass(slots=True)
class Room:
    """What is free on a machine, less what is kept for runs that wait for more."""

    cpus: int
    memory: int
    gpus: int

    def fits(self, need: Need) -> bool:
        return need.cpus <= self.cpus and need.memory <= self.memory and need.gpus <= self.gpus

    def less(self, need: Need) -> Room:
        return Room(self.cpus - need.cpus, self.memory - need.memory, self.gpus - need.gpus)

    def keep_for(self, need: Need) -> None:
        """Set aside what there is for a run that needs more than there is, so that nothing behind it starves it.

        GPUs first: while GPUs are what it lacks, work without a GPU goes on beside it.
        """
        short_of_gpus = need.gpus > self.gpus
        self.gpus = max(0, self.gpus - need.gpus)
        if not short_of_gpus:
            self.cpus = max(0, self.cpus - need.cpus)
            self.memory = max(0, self.memory - need.memory)
