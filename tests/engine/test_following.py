"""Logs that are watched while they grow: pushed by the machine, each byte once, whoever looks and whatever breaks."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest

from tests.engine.machines import PATIENCE, Desk, World, desk, until
from workbench.engine.tails import Tail
from workbench.errors import Unreachable
from workbench.remote.machines.base import WINDOW, Machine

WAIT = PATIENCE
"""Seconds that the engine may keep a reader waiting: longer than any of these tests takes."""


@pytest.fixture(autouse=True)
def short_lingering(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("workbench.engine.tails.LINGER", 0.05)


async def _running(here: Desk) -> str:
    run = await here.submit("wait", machine="gpu3")
    await here.until_run(run, "running")
    return run


async def _piece(here: Desk, run: str, offset: int) -> dict[str, Any]:
    async with asyncio.timeout(PATIENCE):
        return await here.call("logs", run=run, offset=offset, wait=WAIT)


async def _all(here: Desk, run: str, offset: int, until: int) -> str:
    text = ""
    while offset < until:
        piece = await _piece(here, run, offset)
        assert piece["offset"] == offset
        text, offset = text + piece["text"], piece["next"]
    return text


async def test_a_reader_is_told_what_is_printed(here: Desk, world: World) -> None:
    run = await _running(here)
    reading = asyncio.create_task(_piece(here, run, 0))
    await until(lambda: bool(world["gpu3"].followed))
    assert not reading.done()
    world["gpu3"].prints(f"{run}.1", b"one\n")
    assert (await reading)["text"] == "one\n"
    world["gpu3"].prints(f"{run}.1", b"two\n")
    piece = await _piece(here, run, 4)
    assert (piece["text"], piece["next"], piece["over"]) == ("two\n", 8, False)
    assert (await _piece(here, run, 6))["text"] == "o\n"


async def test_it_is_followed_only_while_somebody_looks(here: Desk, world: World) -> None:
    run = await _running(here)
    readings = [asyncio.create_task(_piece(here, run, 0)) for _ in range(2)]
    await until(lambda: bool(world["gpu3"].followed))
    world["gpu3"].prints(f"{run}.1", b"one\n")
    assert [(await reading)["text"] for reading in readings] == ["one\n", "one\n"]
    await until(lambda: not world["gpu3"].followed)


async def test_a_run_that_waits_is_followed_once_it_starts(here: Desk, world: World) -> None:
    run = await here.submit("print hello", "wait", machine="gpu3", hold=True)
    reading = asyncio.create_task(_piece(here, run, 0))
    await here.call("release", runs=[run])
    assert (await reading)["text"] == "hello\n"


async def test_whoever_waits_hears_that_it_is_over(here: Desk, world: World) -> None:
    run = await _running(here)
    reading = asyncio.create_task(_piece(here, run, 0))
    await until(lambda: bool(world["gpu3"].followed))
    await here.call("cancel", runs=[run])
    piece = await reading
    assert (piece["text"], piece["over"], piece["run"]["status"]) == ("", True, "cancelled")
    await until(lambda: not world["gpu3"].followed)


async def test_the_road_breaks_and_nothing_is_lost_or_told_twice(here: Desk, world: World) -> None:
    run = await _running(here)
    world["gpu3"].prints(f"{run}.1", b"before\n")
    assert (await _piece(here, run, 0))["text"] == "before\n"
    reading = asyncio.create_task(_piece(here, run, 7))
    await until(lambda: bool(world["gpu3"].followed))
    world.cut("gpu3")
    await here.until_machine("gpu3", "unreachable")
    world["gpu3"].prints(f"{run}.1", b"meanwhile\n")
    assert not reading.done()
    world.heal("gpu3")
    assert (await reading)["text"] == "meanwhile\n"
    world["gpu3"].prints(f"{run}.1", b"after\n")
    assert (await _piece(here, run, 17))["text"] == "after\n"


async def test_where_no_road_leads_a_new_reader_is_told_so(here: Desk, world: World) -> None:
    run = await _running(here)
    world.cut("gpu3")
    await here.until_machine("gpu3", "unreachable")
    with pytest.raises(Unreachable, match="no road to gpu3"):
        await _piece(here, run, 0)


async def test_readers_wait_until_a_new_engine_knows_whether_the_machine_answers(
    tmp_path: Path, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with desk(tmp_path, world, monkeypatch) as here:
        await here.call("machines_add", name="gpu3")
        run = await _running(here)
        world["gpu3"].prints(f"{run}.1", b"one\n")
    answers, connect = asyncio.Event(), world["gpu3"].connect

    async def late() -> Machine:
        await answers.wait()
        return await connect()

    monkeypatch.setattr(world["gpu3"], "connect", late)
    async with desk(tmp_path, world, monkeypatch) as here:
        asked = [
            asyncio.create_task(here.call("logs", run=run, offset=0)),
            asyncio.create_task(_piece(here, run, 0)),
            asyncio.create_task(here.call("logs_find", run=run, offset=0, pattern="one")),
        ]
        await here.until_machine("gpu3", "connecting")
        assert not any(one.done() for one in asked)
        answers.set()
        read, followed, found = await asyncio.gather(*asked)
    assert (read["text"], followed["text"], found["hits"][0][1]) == ("one\n", "one\n", "one")


async def test_one_reads_the_end_and_another_all_of_a_torrent(here: Desk, world: World) -> None:
    run = await _running(here)
    lines = [b"%07d\n" % number for number in range(WINDOW // 2)]  # four windows
    size = 8 * len(lines)
    whole = asyncio.create_task(_all(here, run, 0, size))
    for first in range(0, len(lines), 5000):
        world["gpu3"].prints(f"{run}.1", b"".join(lines[first : first + 5000]))
        await asyncio.sleep(0)
    assert await _all(here, run, size - 8, size) == lines[-1].decode()
    assert await whole == b"".join(lines).decode()


async def test_what_a_run_takes_is_told(here: Desk) -> None:
    run = await _running(here)
    assert (await here.call("usage", run=run))["usage"] == []
    await here.call("subscribe", topics=["machines"])  # samples come sooner while somebody looks
    end = time.monotonic() + PATIENCE
    while (use := (await here.call("show", run=run))["use"]) is None:
        assert time.monotonic() < end, "no sample came"
        await asyncio.sleep(0.01)
    assert (await here.call("usage", run=run))["usage"]
    assert (use["cores"], use["memory"], use["gpus"]) == (0.0, 0, 0)
    await here.call("cancel", runs=[run])
    assert (await here.until_run(run, "cancelled"))["status"] == "cancelled"
    assert (await here.call("show", run=run))["use"] is None


def test_a_tail_takes_each_byte_once() -> None:
    tail = Tail("gpu3", 10)
    tail.feed(8, b"abcd")
    tail.feed(10, b"cd")
    tail.feed(20, b"beyond a gap")
    tail.feed(11, b"def")
    assert (tail.start, tail.end, tail.data) == (10, 14, b"cdef")
    assert tail.read(11, 2) == b"de"
    assert tail.read(14, 9) == b""
    assert tail.read(9, 9) is None


def test_a_tail_keeps_no_more_than_the_window() -> None:
    tail = Tail("gpu3", 0)
    for number in range(3):
        tail.feed(number * WINDOW, b"%d" % number * WINDOW)
    assert tail.data == b"2" * WINDOW
    tail.lead(9 * WINDOW)
    tail.feed(3 * WINDOW, b"on its way when another led")
    assert (tail.start, tail.end) == (9 * WINDOW, 9 * WINDOW)
