"""compare_code: the files of two runs' snapshots as one diff."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from workbench.domain.run import Run
from workbench.engine.code_diff import Changed, changed, unified
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer

NAMED = 1000
"""Files of one answer; `count` says how many there are."""


async def compare_code(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    before, after = await engine.find(params.text("base")), await engine.find(params.text("run"))
    files, text, included = await asyncio.to_thread(_compare, engine, before, after)
    return {
        "base": _code(before),
        "run": _code(after),
        "text": text,
        "files": [{"path": file.path, "how": file.how} for file in files[:NAMED]],
        "count": len(files),
        "included": included,
    }


def _compare(engine: Engine, before: Run, after: Run) -> tuple[Sequence[Changed], str, int]:
    if before.code.snapshot == after.code.snapshot:
        return (), "", 0
    files = changed(*(engine.snapshots.tree(run.code.snapshot) for run in (before, after)))
    return files, *unified(files, engine.blobs.get)


def _code(run: Run) -> dict[str, Any]:
    code = run.code
    return {"snapshot": code.snapshot, "commit": code.commit, "branch": code.branch, "changes": code.changes}
