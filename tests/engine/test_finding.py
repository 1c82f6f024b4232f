"""Searches through logs: where they lie, on machines while a run lasts, here afterwards."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.engine.machines import Desk, World, until
from workbench.errors import EngineError, Unreachable, UsageError
from workbench.remote.agent import find


async def _running(here: Desk, world: World, log: bytes) -> str:
    run = await here.submit("wait", machine="gpu3")
    await here.until_run(run, "running")
    world["gpu3"].prints(f"{run}.1", log)
    return run


async def _over(here: Desk, world: World, log: bytes) -> str:
    run = await _running(here, world, log)
    await here.call("cancel", runs=[run])
    await here.until_run(run, "cancelled")
    await until(lambda: any((here.project.parent / "h").rglob(f"{run}.1.log")))  # it has come home
    return run


def _texts(reply: dict[str, Any]) -> list[str]:
    return [hit[1] for hit in reply["hits"]]


@pytest.mark.parametrize("state", [_running, _over])
async def test_the_same_is_found_there_and_here(here: Desk, world: World, state: Any) -> None:
    log = b"epoch 1\nERROR: no\nepoch 2 \xff\nTraceback (most recent call last):\nunended"
    run = await state(here, world, log)
    reply = await here.call("logs_find", run=run, pattern="EPOCH".lower(), offset=0)
    assert reply == {
        "hits": [[0, "epoch 1", 0, 5], [18, "epoch 2 \udcff", 0, 5]], "next": 63, "size": 70, "done": True,
    }  # fmt: skip
    reply = await here.call("logs_find", run=run, trouble=True, offset=70, back=True)
    assert _texts(reply) == ["Traceback (most recent call last):", "ERROR: no"]
    reply = await here.call("logs_find", run=run, pattern="epoch", invert=True, offset=18, count=9)
    assert _texts(reply) == ["Traceback (most recent call last):", "unended"]


async def test_what_waits_has_no_log_to_search(here: Desk) -> None:
    run = await here.submit("wait", machine="gpu3", hold=True)
    reply = await here.call("logs_find", run=run, pattern="x", offset=0)
    assert reply == {"hits": [], "next": 0, "size": 0, "done": True}


async def test_where_no_road_leads_one_is_told(here: Desk, world: World) -> None:
    run = await _running(here, world, b"one\n")
    world.cut("gpu3")
    await here.until_machine("gpu3", "unreachable")
    with pytest.raises(Unreachable, match="no road to gpu3"):
        await here.call("logs_find", run=run, pattern="one", offset=0)


async def test_a_question_that_makes_no_sense(here: Desk, world: World) -> None:
    run = await _running(here, world, b"one\n")
    with pytest.raises(UsageError, match="nothing to look for"):
        await here.call("logs_find", run=run, pattern="", offset=0)
    with pytest.raises(UsageError, match="offset is -1"):
        await here.call("logs_find", run=run, pattern="x", offset=-1)


async def test_a_pattern_that_takes_too_long_is_named_with_its_place(
    here: Desk, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hasty = tmp_path / "hasty.py"
    hasty.write_text(Path(find.__file__).read_text().replace("PATIENCE = 5.0", "PATIENCE = 0.1"))
    monkeypatch.setattr(find, "__file__", str(hasty))
    run = await _over(here, world, b"fine\n" + b"a" * 60 + b"!\n")
    with pytest.raises(UsageError, match="takes too long on what lies at byte 0"):
        await here.call("logs_find", run=run, pattern="(a+)+$", offset=0)


@pytest.mark.parametrize(
    ("program", "complaint"), [("raise SystemExit(3)", "could not be searched"), ("while True: pass", "did not end")]
)
async def test_a_search_that_breaks_takes_nothing_along(
    here: Desk, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str, complaint: str
) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text(program)
    monkeypatch.setattr(find, "__file__", str(broken))
    monkeypatch.setattr("workbench.engine.logs.GIVE_UP", 0.5)
    run = await _over(here, world, b"one\n")
    with pytest.raises(EngineError, match=complaint):
        await here.call("logs_find", run=run, pattern="one", offset=0)
    assert (await here.call("logs", run=run))["text"] == "one\n"
