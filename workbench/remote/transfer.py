"""Files to and from a machine travel in pieces; what it says of its own is not believed before it was looked at."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from workbench.errors import AgentError
from workbench.remote.machines.base import AttemptId, Leaving, Machine

PIECE = 1 << 18
"""Bytes asked for at once."""
AHEAD = 8
"""Pieces of a file that are asked for before the first has come, so that a long road is a full one. What else comes
that way waits behind as many."""
LOAD = 1 << 18
"""Bytes of small blobs that are sent as one."""

NAME_LIMIT = 1000
_SHA256 = re.compile(r"[0-9a-f]{64}")


def sound(name: str) -> bool:
    """Whether a file may be called so: a relative path that stays below where it starts, and can be shown."""
    parts = name.split("/")
    return len(name) <= NAME_LIMIT and name.isprintable() and not {"", ".", ".."} & set(parts)


def leaving(machine: str, said: Mapping[str, Any]) -> Leaving:
    """A file as a machine tells of it. Raises AgentError where no honest one would say so."""
    match said:
        case {"name": str(name), "path": str(path), "size": int(size), "sha256": str(digest)} if (
            sound(name) and sound(path) and path.endswith(f"/{name}") and size >= 0 and _SHA256.fullmatch(digest)
        ):
            return Leaving(name, path, size, digest)
        case _:
            raise AgentError(f"{machine} told of a file that can't be: {said!r:.200}")


def loads(blobs: Iterable[str], sizes: Mapping[str, int]) -> list[list[str]]:
    """Blobs that travel together: small ones by the hundred, or a thousand of them would take a thousand answers."""
    together: list[list[str]] = []
    room = 0
    for blob in blobs:
        if room < sizes[blob] or not together:
            together.append([])
            room = LOAD
        together[-1].append(blob)
        room -= sizes[blob]
    return together


async def pieces(
    machine: Machine, attempt: AttemptId, file: Leaving, offset: int, gate: asyncio.Semaphore
) -> AsyncIterator[bytes]:
    """The file from `offset` on, as far as it was when it was told of, or to where it ends by now.

    gate: what all that fetch from the machine share. Raises Unreachable, AgentError."""

    async def fetch(start: int, size: int) -> bytes:
        async with gate:
            return await machine.fetch(attempt, file.path, start, size)

    while offset < file.size:
        starts = range(offset, min(file.size, offset + AHEAD * PIECE), PIECE)
        sizes = [min(PIECE, file.size - start) for start in starts]
        come = await asyncio.gather(*map(fetch, starts, sizes))
        for data, size in zip(come, sizes, strict=True):
            yield data
            offset += len(data)
            if len(data) < size:
                return
