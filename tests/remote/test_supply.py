"""Wheels are sent to every kind of machine: what it lacks, once, and on from where a road broke."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.remote.site import Connect, FakeSite, LocalSite, Site
from workbench.domain.progress import BYTES, Progress
from workbench.errors import AgentError, NoIndex, Unreachable
from workbench.remote import transfer
from workbench.remote.agent import pieces
from workbench.remote.machines.base import Build, Wheel

LARGE = os.urandom(transfer.AHEAD * transfer.PIECE + 1)
SMALL = b"small"


class Shelf:
    """Wheels by their sha256, and what was read of them."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {hashlib.sha256(content).hexdigest(): content for content in contents}
        named = enumerate(self.contents.items())
        self.wheels = [Wheel(f"w{at}-1-py3-none-any.whl", sha, len(content)) for at, (sha, content) in named]
        self.read_at: list[int] = []
        self.before: Callable[[int], None] = lambda offset: None
        self.said: list[Progress] = []

    async def read(self, sha: str, offset: int, limit: int) -> bytes:
        self.before(offset)
        self.read_at.append(offset)
        return self.contents[sha][offset : offset + limit]


async def test_only_what_is_missing_travels(site: Site, connect: Connect) -> None:
    machine = (await connect()).machine
    first, both = Shelf(SMALL), Shelf(SMALL, LARGE)
    await machine.supply(first.wheels, first.read, first.said.append)
    assert first.read_at == [0]
    await machine.supply(both.wheels, both.read, both.said.append)
    assert both.read_at.count(0) == 1
    assert both.said[0].done < both.said[-1].done == both.said[-1].total
    assert {(progress.what, progress.unit) for progress in both.said} == {("sending wheels", BYTES)}
    both.read_at.clear()
    both.said.clear()
    await (await connect()).machine.supply(both.wheels, both.read, both.said.append)
    assert both.read_at == [] and both.said == []


async def test_it_goes_on_where_the_road_broke(site: Site, connect: Connect) -> None:
    machine = (await connect()).machine
    shelf = Shelf(LARGE)

    def break_road(offset: int) -> None:
        if offset:
            site.break_road()

    shelf.before = break_road
    with pytest.raises(Unreachable):
        await machine.supply(shelf.wheels, shelf.read, shelf.said.append)
    again = Shelf(LARGE)
    machine = (await connect()).machine
    await machine.supply(again.wheels, again.read, again.said.append)
    assert again.read_at[0] > 0
    assert again.said[0].done > 0
    again.said.clear()
    await machine.supply(again.wheels, again.read, again.said.append)
    assert again.said == []


async def test_what_arrives_damaged_is_not_kept(site: Site, connect: Connect) -> None:
    machine = (await connect()).machine
    shelf = Shelf(SMALL)
    [sha] = shelf.contents
    shelf.contents[sha] = b"other"
    for _ in range(2):
        with pytest.raises(AgentError, match="damaged"):
            await machine.supply(shelf.wheels, shelf.read, shelf.said.append)
    shelf.contents[sha] = SMALL
    await machine.supply(shelf.wheels, shelf.read, shelf.said.append)


async def test_the_fake_knows_whether_it_has_an_index() -> None:
    site = FakeSite()
    site.host.offline = True
    machine = await site.connect()
    with pytest.raises(NoIndex):
        await machine.build(Build("a" * 64, "six", ""), lambda line: None)
    shelf = Shelf(SMALL)
    await machine.supply(shelf.wheels, shelf.read, shelf.said.append)
    await machine.build(Build("a" * 64, "six", "", tuple(shelf.wheels)), lambda line: None)
    assert site.host.builds == 1


async def test_no_wheel_lies_where_its_name_leads(here: LocalSite, connect: Connect) -> None:
    machine = (await connect()).machine
    shelf = Shelf(SMALL)
    wheel = Wheel("../../six-1-py3-none-any.whl", shelf.wheels[0].sha256, len(SMALL))
    with pytest.raises(AgentError, match="is not the name of a wheel"):
        await machine.build(Build("a" * 64, "six", "", (wheel,)), lambda line: None)


def test_a_piece_that_nothing_leads_up_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "blobs").mkdir()
    name = hashlib.sha256(b"abcd").hexdigest()
    pieces.add(str(tmp_path), name, 0, b"ab")
    with pytest.raises(ValueError, match="missing before 3"):
        pieces.add(str(tmp_path), name, 3, b"d")
    assert pieces.begun(str(tmp_path), [name]) == {name: 2}
    pieces.add(str(tmp_path), name, 2, b"cd")
    pieces.settle(str(tmp_path), [name])
    pieces.add(str(tmp_path), name, 4, b"late")  # by an agent whose engine went on elsewhere
    assert pieces.begun(str(tmp_path), [name]) == {}
    assert (tmp_path / "blobs" / name).read_bytes() == b"abcd"
