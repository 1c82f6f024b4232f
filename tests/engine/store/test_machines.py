"""The machines that the workbench was told of, kept."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from workbench.domain.machines import Enrolled
from workbench.engine.store import DuckHistory, open_history
from workbench.engine.store.interface import Batch

GPU3 = Enrolled("gpu3", "ada@gpu3.lab", "/scratch/wb", 1.2, ("a100", "zone=b"), 16, 64_000_000_000)


async def test_a_machine_is_the_same_after_a_restart(place: Path) -> None:
    history = await open_history(str(place))
    await history.commit(Batch(machines={"gpu3": GPU3, "box": Enrolled("box", "box")}))
    await history.close()
    again = await open_history(str(place))
    assert await again.machines() == [Enrolled("box", "box"), GPU3]
    await again.close()


async def test_the_last_word_on_a_machine_counts(history: DuckHistory) -> None:
    await history.commit(Batch(machines={"gpu3": GPU3}))
    await history.commit(Batch(machines={"gpu3": replace(GPU3, draining=True)}))
    assert [machine.draining for machine in await history.machines()] == [True]
    await history.commit(Batch(machines={"gpu3": None}))
    assert await history.machines() == []


async def test_what_is_held_against_a_machine_is_kept_until_it_is_taken_back(place: Path) -> None:
    history = await open_history(str(place))
    await history.commit(Batch(asides={"gpu3": "it fails", "box": "it burns"}))
    await history.commit(Batch(asides={"gpu3": "it fails again", "box": "", "never": ""}))
    await history.close()
    history = await open_history(str(place))
    assert await history.asides() == {"gpu3": "it fails again"}
    await history.close()
