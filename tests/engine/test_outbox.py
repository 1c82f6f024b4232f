"""The order of facts when the disk is full for a while."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from tests.engine.making import a_run
from workbench.domain.events import Change, Kind
from workbench.engine import outbox
from workbench.engine.outbox import Outbox
from workbench.engine.store.interface import Batch, History
from workbench.errors import HistoryError, HistoryFull


class Disk:
    """A history whose disk can be filled."""

    def __init__(self) -> None:
        self.full = False
        self.written: list[int] = []
        self.transactions = 0

    async def commit(self, batch: Batch) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise HistoryFull("no space left on the disk of the history")
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
