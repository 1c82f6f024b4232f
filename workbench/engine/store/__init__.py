"""The history: what the engine remembers, in one DuckDB file that it alone has open. interface.py is the contract."""

from __future__ import annotations

import asyncio

from workbench.engine.store.history import DuckHistory

__all__ = ["DuckHistory", "open_history"]


async def open_history(path: str) -> DuckHistory:
    """Open or make the history at `path`. What its `set_aside` and `suspect` say belongs in the log, loudly.

    Raises SecondEngine where another process has it open, HistoryFull, HistoryError.
    """
    return await asyncio.get_running_loop().run_in_executor(None, DuckHistory, path)
