"""The machines that are ours: on record in the history, on the scheduler's board, and a road to each."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from workbench.domain.devices import Rule
from workbench.domain.machines import LOCAL, Enrolled
from workbench.engine import seam
from workbench.engine.dispatcher import Dispatcher
from workbench.engine.gpus import Gpus
from workbench.engine.mind import Mind
from workbench.engine.outbox import Outbox
from workbench.engine.road import Road
from workbench.engine.store.interface import Batch
from workbench.errors import NotFound, Refused
from workbench.remote.machines import base

if TYPE_CHECKING:
    from workbench.remote.machines.ssh import Probe


class Ways(Protocol):
    """How machines are reached."""

    here: Enrolled
    """The machine that the engine is on."""

    async def connect(self, machine: Enrolled) -> base.Machine:
        """Raises MachineError, which says nothing about the attempts there."""
        ...

    async def probe(self, machine: Enrolled) -> Probe:
        """Look at it, and leave it. Raises MachineError; HostKeyUnknown where nobody has vouched for it yet."""
        ...

    def trust(self, host: str, port: int, key: str) -> None:
        """Take this key for the host's own from now on. Raises HostKeyChanged where another one is on record."""
        ...


class Fleet:
    """rule: when a GPU that somebody else is on is free all the same."""

    def __init__(self, ways: Ways, outbox: Outbox, mind: Mind, dispatcher: Dispatcher, rule: Rule) -> None:
        self.ways = ways
        self._rule = rule
        self._outbox = outbox
        self._mind = mind
        self._dispatcher = dispatcher
        self._enrolled: dict[str, Enrolled] = {}
        self._keeping: dict[str, asyncio.Task[None]] = {}
        self._group: asyncio.TaskGroup

    def __getitem__(self, name: str) -> Enrolled:
        """Raises NotFound."""
        try:
            return self._enrolled[name]
        except KeyError:
            raise NotFound(f"no machine is called {name!r}", hint="`workbench machines` lists them") from None

    def __contains__(self, name: object) -> bool:
        return name in self._enrolled

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._enrolled, key=lambda name: (name != LOCAL, name)))

    async def open(self, group: asyncio.TaskGroup, known: Iterable[Enrolled], asides: Mapping[str, str]) -> None:
        """Take up what is on record, and the local machine. The roads are kept by tasks of the group.

        asides: machine -> what is held against it."""
        self._group = group
        machines = {machine.name: machine for machine in known}
        here = self.ways.here
        if LOCAL in machines:  # what may be used of it is the user's config to say
            here = replace(here, draining=machines[LOCAL].draining)
        for machine in (machines | {LOCAL: here}).values():
            await self._take_up(machine, asides.get(machine.name, ""))

    async def add(self, machine: Enrolled) -> None:
        """On record, then on the board. Raises Refused where the name is taken, HistoryError."""
        if machine.name in self._enrolled:
            raise Refused(
                f"there is a machine {machine.name} already",
                hint=f"workbench machines show {machine.name}; workbench machines remove {machine.name} lets go of it",
            )
        await self._outbox.write(Batch(machines={machine.name: machine}), refusable=True)
        await self._take_up(machine)

    async def change(self, machine: Enrolled) -> None:
        """The same machine under other terms. Raises HistoryError."""
        await self._outbox.write(Batch(machines={machine.name: machine}), refusable=True)
        self._enrolled[machine.name] = machine
        await self._mind.command(seam.Enrol(machine))

    async def remove(self, name: str, lost: bool = False) -> None:
        """Raises Refused while runs are there. What they left on the machine stays there.

        lost: it is gone for good, and so are its runs. Raises Refused while it answers.
        """
        machine = self[name]
        if name == LOCAL:
            raise Refused("the engine's own machine can't be removed", hint=f"workbench machines drain {LOCAL}")
        await self._mind.command(seam.Dismiss(machine.name, lost))
        await self._outbox.settled()  # the last run there may have ended a moment ago
        if not lost:
            await self._dispatcher.collected(self._dispatcher.roads[name])
        self._keeping[name].cancel()
        await asyncio.wait([self._keeping.pop(name)])
        del self._dispatcher.roads[name], self._enrolled[name]
        await self._outbox.write(Batch(machines={name: None}))

    async def _take_up(self, machine: Enrolled, aside: str = "") -> None:
        name = machine.name
        self._enrolled[name] = machine
        road = Road(
            name,
            lambda: self.ways.connect(self._enrolled[name]),
            lambda has: self._enrolled[name].limit(has),
            gpus=Gpus(self._rule),
        )
        self._dispatcher.roads[name] = road
        await self._mind.command(seam.Enrol(machine, aside))
        self._keeping[name] = self._group.create_task(self._dispatcher.keep(road), name=f"road to {name}")
