"""What attempts leave to be kept: listed, hashed, and read in pieces, as every machine does it."""

from __future__ import annotations

import asyncio
import hashlib

import pytest

from tests.remote.site import Connect, Site, spec
from workbench.errors import AgentError, Unreachable
from workbench.remote import transfer
from workbench.remote.machines.base import Leaving


async def test_artifacts_and_declared_outputs_are_found(site: Site, connect: Connect) -> None:
    ear = await connect()
    argv = site.argv(
        ("keep", "models/best.pt", "weights"),
        ("write", "loss.csv", "1,2"),
        ("write", "plots/loss.png", "png"),
        ("write", "scratch.bin", "nobody wants it"),
    )
    await ear.machine.start([spec("a.1", argv, outputs=("*.csv", "plots/*.png"))])
    await ear.end_of("a.1")
    harvest = await ear.machine.harvest("a.1")
    assert harvest.left_out == ()
    assert {(file.name, file.path, file.size, file.sha256) for file in harvest.files} == {
        ("models/best.pt", "artifacts/models/best.pt", 7, sha256(b"weights")),
        ("loss.csv", "work/loss.csv", 3, sha256(b"1,2")),
        ("plots/loss.png", "work/plots/loss.png", 3, sha256(b"png")),
    }
    assert await ear.machine.fetch("a.1", "artifacts/models/best.pt", 2, 3) == b"igh"
    assert await ear.machine.fetch("a.1", "artifacts/models/best.pt", 5, 100) == b"ts"


async def test_what_a_run_keeps_itself_goes_before_an_output_of_that_name(site: Site, connect: Connect) -> None:
    ear = await connect()
    argv = site.argv(("keep", "model.pt", "the best"), ("write", "model.pt", "the last"))
    await ear.machine.start([spec("a.1", argv, outputs=("*.pt",))])
    await ear.end_of("a.1")
    (file,) = (await ear.machine.harvest("a.1")).files
    assert (file.name, file.sha256) == ("model.pt", sha256(b"the best"))


async def test_only_those_that_may_have_left_something_are_named(site: Site, connect: Connect) -> None:
    ear = await connect()
    lane = [
        spec("bare.1", site.argv(("write", "scratch", "x"))),
        spec("asked.1", site.argv(("print", "x")), outputs=("*.csv",)),
        spec("kept.1", site.argv(("keep", "a", "x"))),
    ]
    await ear.machine.start(lane)
    await ear.end_of("kept.1")
    await ear.machine.cancel("void.1")
    await ear.end_of("void.1")
    leaving = await ear.machine.leaving(["bare.1", "asked.1", "kept.1", "void.1"])
    assert sorted(leaving) == ["asked.1", "kept.1"]
    assert (await ear.machine.harvest("asked.1")).files == ()


async def test_a_file_that_is_not_there_can_not_be_read(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("keep", "a", "x")))])
    await ear.end_of("a.1")
    with pytest.raises(AgentError):
        await ear.machine.fetch("a.1", "artifacts/b", 0, 100)


async def test_it_comes_in_pieces_from_where_it_is_wanted(site: Site, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", site.argv(("keep", "a", "0123456789")))])
    await ear.end_of("a.1")
    (file,) = (await ear.machine.harvest("a.1")).files
    gate = asyncio.Semaphore(3)
    assert [data async for data in transfer.pieces(ear.machine, "a.1", file, 4, gate)] == [b"456789"]
    longer = Leaving(file.name, file.path, 3 << 20, file.sha256)
    assert b"".join([data async for data in transfer.pieces(ear.machine, "a.1", longer, 0, gate)]) == b"0123456789"
    site.break_road()
    with pytest.raises(Unreachable):
        _ = [data async for data in transfer.pieces(ear.machine, "a.1", file, 0, gate)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "../x", "path": "artifacts/../x"},
        {"name": "/etc/passwd", "path": "artifacts//etc/passwd"},
        {"name": "a\x1b[2J", "path": "artifacts/a\x1b[2J"},
        {"name": "a\0b", "path": "artifacts/a\0b"},
        {"name": "", "path": "artifacts/"},
        {"name": "x" * 1001, "path": "artifacts/" + "x" * 1001},
        {"path": "work/other"},
        {"path": "../../a"},
        {"size": -1},
        {"size": "1"},
        {"sha256": "../../../x"},
        {"sha256": None},
    ],
    ids=repr,
)
def test_what_no_honest_machine_would_say_is_refused(wrong: dict[str, object]) -> None:
    sound = {"name": "a", "path": "artifacts/a", "size": 1, "sha256": "0" * 64}
    assert transfer.leaving("gpu3", sound) == Leaving("a", "artifacts/a", 1, "0" * 64)
    with pytest.raises(AgentError, match="gpu3"):
        transfer.leaving("gpu3", sound | wrong)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
