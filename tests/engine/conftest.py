"""A made-up world with one machine beside our own, and a client of an engine that knows it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.engine.machines import Desk, World, desk
from workbench.remote.machines.fake import FakeHost


@pytest.fixture
async def world() -> AsyncIterator[World]:
    world = World(FakeHost("gpu3"))
    yield world
    for host in world.hosts.values():
        host.shut_down()


@pytest.fixture
async def here(tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Desk]:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
        yield here
