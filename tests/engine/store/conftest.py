from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from workbench.engine.store import DuckHistory, open_history


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where the history lies: a directory of its own."""
    return tmp_path / "data" / "history.duckdb"


@pytest.fixture
async def history(place: Path) -> AsyncIterator[DuckHistory]:
    opened = await open_history(str(place))
    yield opened
    await opened.close()
