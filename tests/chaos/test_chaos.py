"""A short bad day; `make chaos` is a long one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.story import Plan, live_through


@pytest.mark.timeout(300)
async def test_nothing_is_lost_and_nothing_is_done_twice(tmp_path: Path) -> None:
    said: list[str] = []
    complaints = await live_through(Plan(seed=2333, machines=2, runs=24, seconds=6.0), tmp_path, said.append)
    assert not complaints, said
