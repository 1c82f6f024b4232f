"""Files from a machine: what it says of them is not believed before it was looked at, and they come in pieces."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

from workbench.errors import AgentError
from workbench.remote.machines.base import AttemptId, Leaving, Machine

PIECE = 1 << 20
"""Bytes asked for at once: small enough for what else is on the road to come through between two of them."""
AHEAD = 4
"""Pieces on the road at once, so that a long road is a full one."""

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


async def pieces(machine: Machine, attempt: AttemptId, file: Leaving, offset: int) -> AsyncIterator[bytes]:
    """The file from `offset` on, as far as it was when it was told of, or to where it ends by now.

    Raises Unreachable, AgentError."""
    while offset < file.size:
        starts = range(offset, min(file.size, offset + AHEAD * PIECE), PIECE)
        sizes = [min(PIECE, file.size - start) for start in starts]
        asked = (machine.fetch(attempt, file.path, start, size) for start, size in zip(starts, sizes, strict=True))
        for data, size in zip(await asyncio.gather(*asked), sizes, strict=True):
            yield data
            offset += len(data)
            if len(data) < size:
                return
