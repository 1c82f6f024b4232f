"""A machine over SSH to measure on, and a long road to it.

The machine is an sshd of our own on this one, so what is measured is our own work and the number of round trips.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import pytest

from tests.remote.fleet import Fleet

ROUND_TRIPS = (0, 50)
"""Milliseconds to a machine and back."""


@contextmanager
def fleet() -> Iterator[tuple[Path, Fleet]]:
    with tempfile.TemporaryDirectory(prefix="wb-", ignore_cleanup_errors=True) as scratch:
        directory = Path(scratch)
        sent = directory / "sent"
        sent.mkdir()
        with pytest.MonkeyPatch.context() as patch:
            made = Fleet(directory / "f", sent, patch)
            try:
                yield directory, made
            finally:
                made.close()


@asynccontextmanager
async def long_road(to: int, seconds: float) -> AsyncIterator[int]:
    """A port that leads to another one; everything takes so long, either way, and as much may be on its way at once."""
    tasks: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", to)
        for source, sink in ((reader, back), (there, writer)):
            tasks.add(asyncio.create_task(_pump(source, sink, seconds), name="long road"))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter, seconds: float) -> None:
    loop = asyncio.get_running_loop()
    while data := await source.read(1 << 16):
        loop.call_later(seconds, sink.write, data)
    loop.call_later(seconds, sink.close)
