"""The order of facts when the disk is full for a while."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import cast

import pytest

from tests.engine.machines import World, desk
from tests.engine.making import a_run
from workbench.domain.events import Change, Kind
from workbench.engine import outbox
from workbench.engine.outbox import Outbox
from workbench.engine.store.interface import Batch, History
from workbench.errors import HistoryError, HistoryFull, Unwritable


class Disk:
    """A history whose disk can be filled."""

    def __init__(self) -> None:
        self.full = False
        self.unfit: set[int] = set()
        """Seqs of runs that it can't hold."""
        self.written: list[int] = []
        self.transactions = 0

    async def commit(self, batch: Batch) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise HistoryFull("no space left on the disk of the history")
        if self.unfit & {change.run.seq for change in batch.changes}:
            raise Unwritable("the history can't hold this")
        self.transactions += 1
        self.written += [change.run.seq for change in batch.changes]


def batch(seq: int) -> Batch:
    return Batch(changes=[Change(Kind.SUBMITTED, 0, a_run(seq))])


@pytest.fixture
async def disk(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Disk, Outbox]]:
    monkeypatch.setattr(outbox, "RETRY", 0.01)
    disk = Disk()
    box = Outbox(cast(History, disk))
    task = asyncio.create_task(box.run())
    yield disk, box
    task.cancel()


async def test_many_writes_share_transactions_and_keep_their_order(disk: tuple[Disk, Outbox]) -> None:
    store, box = disk
    await asyncio.gather(*(box.write(batch(seq)) for seq in range(200)))
    assert store.written == list(range(200))
    assert store.transactions < 20


async def test_a_full_disk_refuses_submits_and_keeps_what_was_decided(disk: tuple[Disk, Outbox]) -> None:
    store, box = disk
    store.full = True
    decided = [asyncio.create_task(box.write(batch(seq))) for seq in (1, 2)]
    with pytest.raises(HistoryError):
        await box.write(batch(3), refusable=True)
    while not box.stalled:  # noqa: ASYNC110  the test's own limit ends it
        await asyncio.sleep(0)
    with pytest.raises(HistoryError, match="no space"):
        await box.write(batch(4), refusable=True)
    decided.append(asyncio.create_task(box.write(batch(5))))
    assert not any(task.done() for task in decided), "nothing is acknowledged"
    store.full = False
    await asyncio.wait_for(asyncio.gather(*decided), 10)
    assert store.written == [1, 2, 5]
    assert not box.stalled
    await box.write(batch(6), refusable=True)


async def test_what_can_never_be_written_is_refused_alone(disk: tuple[Disk, Outbox]) -> None:
    store, box = disk
    store.unfit = {3}
    decided = [asyncio.create_task(box.write(batch(seq))) for seq in (1, 2)]
    refused = asyncio.create_task(box.write(batch(3), refusable=True))
    decided += [asyncio.create_task(box.write(batch(seq))) for seq in (4, 5)]
    with pytest.raises(Unwritable):
        await asyncio.wait_for(refused, 10)
    await asyncio.wait_for(asyncio.gather(*decided), 10)
    assert store.written == [1, 2, 4, 5]
    assert not box.stalled


async def test_where_what_was_decided_can_never_be_written_nothing_is_after_it() -> None:
    store = Disk()
    store.unfit = {3}
    box = Outbox(cast(History, store))
    before, unfit, after = (asyncio.create_task(box.write(batch(seq))) for seq in (2, 3, 4))
    await asyncio.sleep(0)
    with pytest.raises(Unwritable):
        await asyncio.wait_for(box.run(), 10)
    await before
    with pytest.raises(Unwritable):
        await unfit
    await box.drain()
    assert store.written == [2]
    assert not after.done(), "nothing is acknowledged that stands on it"
    after.cancel()


async def test_an_edit_that_history_can_t_hold_ends_one_engine_and_leaves_nothing_to_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World()
    monkeypatch.setattr(sys.modules["workbench.engine.handlers.edit"], "PRIORITY", 2**40)  # the column has 32 bits
    with pytest.raises(ExceptionGroup) as ended:
        async with desk(tmp_path, world, monkeypatch) as here:
            held = await here.submit("exit 0", hold=True)
            with pytest.raises(Unwritable, match="can't hold this"):
                await here.call("edit", run=held, ask={"priority": 2**40})
    assert ended.group_contains(Unwritable)
    async with desk(tmp_path, world, monkeypatch) as here:
        assert ((await here.run(held))["status"], (await here.run(held))["priority"]) == ("held", 0)
        await here.until_run(await here.submit("exit 0"), "finished")
