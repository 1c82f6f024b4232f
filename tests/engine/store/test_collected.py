"""Artifacts on record: what a run says of them while it runs, then what is really in store, once."""

from __future__ import annotations

from pathlib import Path

from tests.engine.store.runs import END, changed, make, read, submitted
from workbench.domain.events import Kind
from workbench.domain.status import Finished
from workbench.engine.store import DuckHistory, open_history
from workbench.engine.store.interface import Artifact, Batch, Collected

SAID = [Artifact("model.pt", "/far/model.pt", 10, "a" * 64), Artifact("gone.pt", "/far/gone.pt", 10, "b" * 64)]
FOUND = [Artifact("model.pt", "/far/model.pt", 10, "a" * 64), Artifact("plots/1.png", "/far/1.png", 5, "c" * 64)]


async def test_what_is_in_store_takes_the_place_of_what_was_said(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    await history.commit(read(run, 10, artifacts=SAID))
    assert await history.artifacts(run.id) == SAID
    assert await history.collected(run.id) == {}
    await history.commit(changed(Kind.ENDED, make(1, Finished(END))))
    await history.commit(Batch(collections=[Collected(run.id, 1, FOUND, ["'x': a link"])]))
    assert await history.artifacts(run.id) == FOUND
    assert await history.artifact(run.id, "plots/1.png") == FOUND[1]
    assert await history.artifact(run.id, "gone.pt") is None
    assert await history.collected(run.id) == {1: ["'x': a link"]}


async def test_collected_again_it_is_on_record_once(place: Path) -> None:
    history = await open_history(str(place))
    run = make(1)
    await history.commit(submitted(run))
    twice = Batch(collections=[Collected(run.id, 1, FOUND), Collected(run.id, 1, SAID)])
    await history.commit(twice)
    await history.close()
    again = await open_history(str(place))
    await again.commit(twice)
    assert await again.artifacts(run.id) == FOUND
    table = await again.sql("select count(*) from artifacts", 10, 10)
    assert list(map(list, table.rows)) == [[2]]
    await again.close()


async def test_of_several_attempts_the_last_counts_whenever_it_was_collected(history: DuckHistory) -> None:
    run = make(1)
    await history.commit(submitted(run))
    late = Artifact("model.pt", "/far/old.pt", 1, "d" * 64)
    await history.commit(Batch(collections=[Collected(run.id, 2, FOUND)]))
    await history.commit(Batch(collections=[Collected(run.id, 1, [late])]))
    assert await history.artifact(run.id, "model.pt") == FOUND[0]
    assert {one.name: one.sha256 for one in await history.artifacts(run.id)}["model.pt"] == "a" * 64
    assert await history.collected(run.id) == {1: [], 2: []}
