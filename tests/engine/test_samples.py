"""What `samples` refuses: each says what is wrong with the question."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.machines import World, desk
from workbench.domain.resources import Capacity
from workbench.errors import NotFound, UsageError
from workbench.remote.machines.fake import FakeHost


@pytest.fixture
def world() -> Iterator[World]:
    world = World(FakeHost("gpu3", Capacity(8, 64)))
    yield world
    for host in world.hosts.values():
        host.shut_down()


async def test_what_can_not_be_answered_is_refused(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
        with pytest.raises(NotFound, match="gpu9"):
            await here.call("samples", machine="gpu9", since=0)
        with pytest.raises(UsageError, match="until is a later moment than since"):
            await here.call("samples", machine="gpu3", since=5, until=5)
        with pytest.raises(UsageError, match="the least is 0"):
            await here.call("samples", machine="gpu3", since=-1)
        told = await here.call("samples", machine="gpu3", since=0, until=10_000_000, points=1)
        assert (told["machine"], told["since"], told["parts"]) == ("gpu3", 0, {})
