"""Ids for new runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from workbench.engine.minting import LENGTH, mint
from workbench.engine.store.interface import History


class Remembers:
    """A history that has seen every id of its first question but one."""

    def __init__(self) -> None:
        self.asked = 0

    async def taken(self, ids: Sequence[str]) -> set[str]:
        self.asked += 1
        return set(ids[1:]) if self.asked == 1 else set()


async def test_no_id_is_given_that_history_has_seen() -> None:
    history = Remembers()
    ids = await mint(cast(History, history), 50)
    assert len(set(ids)) == 50
    assert history.asked == 2
    assert all(len(id) == LENGTH and id[0].isalpha() and id.isalnum() and id == id.lower() for id in ids)
