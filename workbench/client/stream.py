"""One asyncio connection to the engine, for those who stay: calls that wait for their reply, and notifications.

    async with connect() as engine:
        page = await engine.call("runs", limit=50)
        await engine.call("subscribe", topics=["runs"])
        async for note in engine.notifications(): ...

When the engine goes away, calls under way raise EngineUnreachable and the last note is `Disconnected`.
Connecting again is the caller's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from workbench.errors import Dropped, EngineError, EngineUnreachable, VersionMismatch
from workbench.protocol import MAX_FRAME, VERSION
from workbench.protocol.messages import parse, raise_error, request
from workbench.version import __version__

HELLO_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Note:
    """A notification, as the protocol has it."""

    method: str
    params: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The last note: the road to the engine broke."""

    why: str


class Engine:
    """A connected engine. Made by `connect`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._last_id = 0
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._notes: asyncio.Queue[Note | Disconnected] = asyncio.Queue()
        self._gone = ""

    async def call(self, verb: str, /, **params: Any) -> dict[str, Any]:
        """The engine's answer. Raises what the engine raised; EngineUnreachable where it is gone."""
        if self._gone:
            raise EngineUnreachable(self._gone)
        self._last_id += 1
        id = self._last_id
        self._waiting[id] = asyncio.get_running_loop().create_future()
        try:
            self._writer.write(request(id, verb, params))
            await self._writer.drain()
            return await self._waiting[id]
        except OSError as problem:
            raise EngineUnreachable(f"the engine went away: {problem}") from None
        finally:
            self._waiting.pop(id, None)

    async def notifications(self) -> AsyncIterator[Note | Disconnected]:
        """Everything subscribed to, in order, and Disconnected at the end. One reader."""
        while True:
            note = await self._notes.get()
            yield note
            if isinstance(note, Disconnected):
                return

    async def _listen(self) -> None:
        why = "the engine closed the connection"
        try:
            while raw := await self._reader.readline():
                self._hear(parse(raw))
        except (OSError, ValueError, EngineError) as problem:
            why = f"the engine went away: {problem}"
        self._lose(why)

    def _hear(self, message: dict[str, Any]) -> None:
        if "method" in message:
            params = message.get("params") or {}
            if message["method"] == Dropped.code:
                raise Dropped(str(params.get("reason", "too slow")))
            self._notes.put_nowait(Note(str(message["method"]), params))
            return
        waiter = self._waiting.get(message.get("id", 0))
        if waiter is None or waiter.done():
            return
        if "error" not in message:
            waiter.set_result(message.get("result") or {})
            return
        try:
            raise_error(message["error"])
        except Exception as problem:  # noqa: BLE001 - whatever the engine raised belongs to the one who asked
            waiter.set_exception(problem)

    def _lose(self, why: str) -> None:
        self._gone = why
        for waiter in self._waiting.values():
            if not waiter.done():
                waiter.set_exception(EngineUnreachable(why))
        self._notes.put_nowait(Disconnected(why))


@asynccontextmanager
async def connect(path: str | None = None) -> AsyncIterator[Engine]:
    """An engine that has said hello. Without a path: the user's own, started where none answers.

    Raises EngineUnreachable, VersionMismatch.
    """
    if path is None:
        from workbench.client.start import ensure_engine

        path = await asyncio.to_thread(ensure_engine)
    try:
        reader, writer = await asyncio.open_unix_connection(path, limit=MAX_FRAME)
    except OSError as problem:
        raise EngineUnreachable(f"no engine answers at {path}: {problem.strerror}") from None
    engine = Engine(reader, writer)
    listener = asyncio.create_task(engine._listen(), name="engine stream")
    try:
        async with asyncio.timeout(HELLO_SECONDS):
            hello = await engine.call("hello", protocol=VERSION, version=__version__)
        if hello.get("protocol") != VERSION:
            raise VersionMismatch(
                f"the engine speaks protocol {hello.get('protocol')}, this client {VERSION}",
                hint="stop the engine with `workbench engine stop`; runs go on, and the next command starts a new one",
            )
        yield engine
    except TimeoutError:
        raise EngineUnreachable("the engine took the connection but did not answer") from None
    finally:
        listener.cancel()
        writer.close()
