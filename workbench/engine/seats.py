"""What each machine has left to give. Pure accounting, mutated in place; never gives what it has not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from workbench.domain.resources import Capacity, Device, Need, Share
from workbench.domain.time import Micros
from workbench.engine.conduct import Conduct


@dataclass(slots=True)
class Seat:
    """One machine, and what is taken of it."""

    name: str
    capacity: Capacity = Capacity(0, 0)
    """Nothing, until it was up for the first time."""
    up: bool = False
    reason: str = ""
    """Why it is not up."""
    since: Micros = 0
    """When it was last seen to go up or down."""
    labels: tuple[str, ...] = ()
    draining: bool = False
    """It gets nothing new, because somebody said so."""
    aside: str = ""
    """Why it gets nothing new: what it did to runs. "" where nothing is held against it."""
    conduct: Conduct = field(default_factory=Conduct)
    cpus: int = 0
    memory: int = 0
    devices: set[str] = field(default_factory=set)
    """UUIDs that are taken."""
    used: Mapping[str, str] = field(default_factory=dict)
    """Devices that others use: UUID -> by whom. They are not given."""

    @property
    def open(self) -> bool:
        """It may get new runs."""
        return self.up and not self.draining and not self.aside

    def suits(self, need: Need) -> bool:
        """It is what the run asks for by name and label, however large it is."""
        return need.machine in ("", self.name) and (not need.labels or set(need.labels) <= set(self.labels))

    def could_fit(self, need: Need) -> bool:
        """If nothing else ran on it."""
        has = self.capacity
        if need.cpus > has.cpus or need.memory > has.memory or not self.suits(need):
            return False
        return need.gpus <= sum(device.memory >= need.gpu_memory for device in has.devices)

    @property
    def free(self) -> tuple[int, int]:
        """GPUs and CPUs: at least what its room has."""
        return len(self.capacity.devices) - len(self.devices), self.capacity.cpus - self.cpus

    def room(self) -> Room:
        return Room(
            self.capacity.cpus - self.cpus,
            self.capacity.memory - self.memory,
            [device.memory for device in self._free()],
        )

    def part(self, share: Share) -> Room:
        """What comes free with a share: of its GPUs those that nobody else uses."""
        free = [
            device.memory
            for device in self.capacity.devices
            if device.uuid in share.devices and device.uuid not in self.used
        ]
        return Room(share.cpus, share.memory, sorted(free))

    def take(self, need: Need) -> Share:
        fitting = [device.uuid for device in self._free() if device.memory >= need.gpu_memory]
        share = Share(need.cpus, need.memory, tuple(fitting[: need.gpus]))
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

    def _free(self) -> list[Device]:
        """The smallest first: the large ones stay for those that need them."""
        taken = self.devices.union(self.used) if self.used else self.devices
        free = [device for device in self.capacity.devices if device.uuid not in taken]
        return sorted(free, key=_size) if len(free) > 1 else free


def _size(device: Device) -> tuple[int, int, int]:
    return device.memory, device.index, device.part or 0


@dataclass(slots=True)
class Room:
    """What is free on a machine, less what is kept for runs that wait for more."""

    cpus: int
    memory: int
    devices: list[int]
    """Memory of each free GPU, ascending."""

    @property
    def gpus(self) -> int:
        return len(self.devices)

    @property
    def size(self) -> tuple[int, int]:
        """Orders machines from the fullest to the emptiest."""
        return len(self.devices), self.cpus

    def fitting(self, need: Need) -> int:
        """How many free GPUs are large enough."""
        if not need.gpu_memory:
            return len(self.devices)
        return sum(memory >= need.gpu_memory for memory in self.devices)

    def fits(self, need: Need) -> bool:
        return need.cpus <= self.cpus and need.memory <= self.memory and need.gpus <= self.fitting(need)

    def copy(self) -> Room:
        return Room(self.cpus, self.memory, list(self.devices))

    def take(self, need: Need) -> Room:
        """Gives what was taken, to be given back."""
        self.cpus -= need.cpus
        self.memory -= need.memory
        return Room(need.cpus, need.memory, self._take_devices(need))

    def give_back(self, part: Room) -> None:
        self.cpus += part.cpus
        self.memory += part.memory
        self.devices = sorted(self.devices + part.devices)

    def keep_for(self, need: Need) -> None:
        """Set aside what there is for a run that needs more than there is, so that nothing behind it starves it.

        GPUs first: while GPUs are what it lacks, work without a GPU goes on beside it.
        """
        short_of_gpus = need.gpus > self.fitting(need)
        self._take_devices(need)
        if not short_of_gpus:
            self.cpus = max(0, self.cpus - need.cpus)
            self.memory = max(0, self.memory - need.memory)

    def _take_devices(self, need: Need) -> list[int]:
        """The smallest that are large enough, as a Seat gives them."""
        if not need.gpus:
            return []
        first = len(self.devices) - self.fitting(need)
        taken = self.devices[first : first + need.gpus]
        del self.devices[first : first + need.gpus]
        return taken
