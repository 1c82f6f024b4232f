"""The roads to machines: what is known of one at all times, and what only while it is up."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from dataclasses import dataclass, field
from typing import Any

from workbench.domain.progress import Progress
from workbench.domain.resources import Capacity
from workbench.engine.gpus import Gpus
from workbench.engine.ingest import Parser
from workbench.engine.seam import AttemptId
from workbench.remote.machines.base import Machine, Say

Tell = Callable[[Iterable[str], Progress], None]
"""(runs, how far it has come for them): for whoever watches."""


@dataclass(slots=True)
class _Coming:
    """Something on its way to a machine, and who waits for it."""

    bringing: asyncio.Task[None]
    waiting: set[str] = field(default_factory=set)
    """Runs."""


@dataclass(slots=True)
class Stock:
    """What is on a machine already, by content: no start asks again."""

    there: set[str] = field(default_factory=set)
    _coming: dict[str, _Coming] = field(default_factory=dict)

    async def have(self, id: str, run: str, bring: Callable[[Say], Coroutine[Any, Any, None]], tell: Tell) -> None:
        """Bring it, once, however many ask; all who wait are told how far it is, and what `bring` raises.

        Where the last of them waits no longer, it is given up."""
        if id in self.there:
            return
        coming = self._coming.get(id)
        if coming is None:
            waiting: set[str] = set()
            work = bring(lambda progress: tell(waiting, progress))
            coming = self._coming[id] = _Coming(asyncio.create_task(work, name=f"bring {id}"), waiting)
        coming.waiting.add(run)
        try:
            await asyncio.shield(coming.bringing)
            self.there.add(id)
        finally:
            coming.waiting.discard(run)
            if not coming.waiting and self._coming.get(id) is coming:
                del self._coming[id]
                coming.bringing.cancel()
                await asyncio.gather(coming.bringing, return_exceptions=True)


@dataclass(slots=True)
class Trip:
    """What is true while a road is up: the next time it comes up, all of this begins anew."""

    machine: Machine
    parsers: dict[AttemptId, Parser] = field(default_factory=dict)
    """Of the metrics that are read."""
    stock: Stock = field(default_factory=Stock)
    leading: set[AttemptId] = field(default_factory=set)
    """Attempts that another one follows in their lane: their end frees nothing."""
    forgettable: list[AttemptId] = field(default_factory=list)
    """Attempts whose logs are home, waiting for the machine to be told together."""
    searched: bool = False
    """Whether what an earlier trip left there was looked for."""


@dataclass(slots=True)
class Road:
    """One machine as the hands know it."""

    name: str
    connect: Callable[[], Awaitable[Machine]]
    limit: Callable[[Capacity], Capacity] = lambda capacity: capacity
    """What the workbench may use of it."""
    gpus: Gpus = field(default_factory=Gpus, kw_only=True)
    trip: Trip | None = None
    """None while no road leads there."""
    reason: str = "connecting"
    """Why none does."""
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once it is known whether the machine answers."""
    knock: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by whoever wants it tried now rather than later."""
    homebound: set[asyncio.Task[None]] = field(default_factory=set)
    """What brings home the logs and artifacts of attempts that are over."""

    @property
    def machine(self) -> Machine | None:
        return self.trip.machine if self.trip else None

    async def knocked(self, seconds: float) -> bool:
        """Wait so long, unless somebody wants the road tried now."""
        try:
            async with asyncio.timeout(seconds):
                return await self.knock.wait()
        except TimeoutError:
            return False
        finally:
            self.knock.clear()
