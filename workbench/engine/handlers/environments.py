"""environments and prune: what was built, and what may go."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from workbench import paths
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer


async def environments(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    needed = await engine.history.environments()
    root = os.path.join(paths.state(), "machine", "environments")
    found = await asyncio.to_thread(_list, root)
    return {"environments": [{**item, "needed": item["id"] in needed} for item in found]}


async def prune(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    """Remove every environment that no run which is not over needs."""
    removed, freed = await engine.dispatcher.prune(await engine.history.environments())
    return {"removed": removed, "bytes": freed}


def _list(root: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if not os.path.isdir(root):
        return found
    for entry in sorted(os.scandir(root), key=lambda entry: entry.name):
        if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
            used = entry.stat(follow_symlinks=False).st_mtime
            found.append({"id": entry.name, "path": entry.path, "used": int(used * 1e6), "bytes": _size(entry.path)})
    return found


def _size(path: str) -> int:
    """Bytes on disk that only this environment holds: files shared with uv's cache count for nothing."""
    total = 0
    for directory, _, files in os.walk(path):
        for name in files:
            seen = os.lstat(os.path.join(directory, name))
            if seen.st_nlink == 1:
                total += seen.st_blocks * 512
    return total
