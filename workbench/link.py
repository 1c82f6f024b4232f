"""The app's road to its engine: kept up, asked, listened to, and made again whenever it breaks."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, Protocol

from workbench.client.ahead import Ahead
from workbench.client.stream import Disconnected, Engine, connect
from workbench.errors import EngineError, EngineUnreachable

TOPICS = ("runs", "metrics", "machines", "waits", "notices")
RETRY_SECONDS = (0.2, 0.5, 1.0, 2.0)
"""Between attempts to reach the engine again; the last one repeats."""
AWAY = "engine stopped; reconnecting…  runs go on without it"


class Listener(Protocol):
    """Who hears what happens on the road."""

    async def engine_came(self) -> None:
        """Calls are answered from now on. Raises EngineError when that is over at once."""
        ...

    def engine_said(self, method: str, params: Mapping[str, Any]) -> None: ...

    def engine_went(self) -> None:
        """`trouble` says why."""
        ...


class Road(Protocol):
    """What the app has of an engine."""

    @property
    def connected(self) -> bool: ...

    @property
    def trouble(self) -> str:
        """What keeps us from the engine, a sentence; "" while nothing does."""
        ...

    async def ask(self, verb: str, **params: Any) -> dict[str, Any]:
        """The answer. Raises WorkbenchError."""
        ...

    async def stay(self, listener: Listener) -> None:
        """Connect, listen, and begin again whenever the engine goes away. Never returns."""
        ...


class Link:
    """socket: of an engine that runs; None: the user's own, started if need be. ahead: what it was asked already."""

    def __init__(self, socket: str | None, ahead: Ahead | None = None) -> None:
        self._socket, self._ahead = socket, ahead
        self._engine: Engine | None = None
        self.trouble = ""
        """What keeps us from the engine, a sentence; "" while nothing does."""

    @property
    def connected(self) -> bool:
        return self._engine is not None

    async def ask(self, verb: str, **params: Any) -> dict[str, Any]:
        """The engine's answer. Raises WorkbenchError."""
        if self._ahead and (answer := self._ahead.take(verb, params)) is not None:
            return answer
        if self._engine is None:
            raise EngineUnreachable("the engine is away")
        return await self._engine.call(verb, **params)

    async def stay(self, listener: Listener) -> None:
        """Connect, listen, and begin again whenever the engine goes away. Never returns."""
        failures = 0
        if self._ahead:
            with suppress(EngineError):  # what it has no answer to
                await listener.engine_came()  # drawn at once; it is asked again when the road is there
        while True:
            try:
                async with connect(self._socket) as engine:
                    await engine.call("subscribe", topics=list(TOPICS))
                    self._engine, failures = engine, 0
                    await self._listen(engine, listener)
            except EngineError as problem:
                once = self._engine is not None or self.trouble == AWAY
                self._engine, self.trouble = None, AWAY if once else f"{problem.message}; trying again…"
                listener.engine_went()
            await asyncio.sleep(RETRY_SECONDS[min(failures, len(RETRY_SECONDS) - 1)])
            failures += 1

    async def _listen(self, engine: Engine, listener: Listener) -> None:
        self.trouble = ""
        await listener.engine_came()
        async for note in engine.notifications():
            if isinstance(note, Disconnected):
                raise EngineUnreachable(note.why)
            listener.engine_said(note.method, note.params)
