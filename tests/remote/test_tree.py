"""Snapshots: sent once, read-only, copied for each run; and what a run leaves when it is forgotten."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import pytest

from tests.remote.site import Connect, Ear, LocalSite, spec
from workbench.errors import AgentError
from workbench.remote.agent import tree
from workbench.remote.machines.base import Exited, TreeEntry

SNAPSHOT = "5" * 64

FILES: Mapping[str, bytes] = {
    "train.py": b"print('training')\n",
    "src/model/net.py": b"layers = 3\n",
    "empty": b"",
    "again/train.py": b"print('training')\n",
    "go.sh": b"#!/bin/sh\ncat train.py; touch made src/model/made; echo changed > empty; rm -r again\n",
}


def entry(path: str, content: bytes) -> TreeEntry:
    kind = "executable" if path.endswith(".sh") else "file"
    return TreeEntry(path, kind, hashlib.sha256(content).hexdigest(), len(content))  # type: ignore[arg-type]


TREE = (*(entry(path, content) for path, content in FILES.items()), TreeEntry("here", "link", "src/model", 0))

Read = Callable[[str], Awaitable[bytes]]


def blobs(asked: list[str]) -> Read:
    contents = {hashlib.sha256(content).hexdigest(): content for content in FILES.values()}

    async def read(name: str) -> bytes:
        asked.append(name)
        return contents[name]

    return read


async def sent(connect: Connect, entries: Sequence[TreeEntry] = TREE) -> Ear:
    ear = await connect()
    await ear.machine.send(SNAPSHOT, entries, blobs([]))
    return ear


async def test_only_what_is_missing_travels(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    asked: list[str] = []
    await ear.machine.send(SNAPSHOT, TREE, blobs(asked))
    assert sorted(asked) == sorted({entry.content for entry in TREE if entry.kind != "link"})
    asked.clear()
    other = await connect()
    await other.machine.send(SNAPSHOT, TREE, blobs(asked))
    await other.machine.send("6" * 64, TREE[:3], blobs(asked))
    assert asked == []
    planted = here.root / "snapshots" / SNAPSHOT
    assert {str(p.relative_to(planted)): p.read_bytes() for p in planted.rglob("*") if p.is_file()} == FILES
    assert os.readlink(planted / "here") == "src/model"
    assert oct((planted / "train.py").stat().st_mode & 0o777) == "0o400"
    assert oct((planted / "go.sh").stat().st_mode & 0o777) == "0o500"


async def test_a_damaged_blob_is_refused(here: LocalSite, connect: Connect) -> None:
    ear = await connect()

    async def read(name: str) -> bytes:
        return b"something else"

    with pytest.raises(AgentError, match="arrived damaged"):
        await ear.machine.send(SNAPSHOT, TREE, read)
    assert not any((here.root / "blobs").iterdir())


@pytest.mark.parametrize(
    "bad",
    [
        [entry("../out", b"")],
        [entry("/etc/out", b"")],
        [entry("a/../../out", b"")],
        [entry("a//b", b"")],
        [entry("", b"")],
        [TreeEntry("link", "link", "/etc", 0)],
        [TreeEntry("link", "link", "../..", 0)],
        [TreeEntry("deep/down/up", "link", "../..", 0), TreeEntry("out", "link", "deep/down/up/../x", 0)],
        [TreeEntry("link", "link", ".", 0), TreeEntry("link/out", "link", "x", 0)],
        [TreeEntry("link", "link", "elsewhere", 0), entry("link/file", b"")],
    ],
)
async def test_nothing_leads_out_of_a_snapshot(here: LocalSite, connect: Connect, bad: list[TreeEntry]) -> None:
    ear = await connect()
    with pytest.raises(AgentError):
        await ear.machine.send(SNAPSHOT, [entry("empty", b""), *bad], blobs([]))
    assert [path.name for path in (here.root / "snapshots").iterdir()] == ["e" * 64]


async def test_a_run_works_on_its_own_copy_and_leaves_what_it_made(here: LocalSite, connect: Connect) -> None:
    ear = await sent(connect)
    data = here.root / "somewhere"
    data.mkdir()
    links = {"data/set": str(data)}
    job = spec("a.1", ("./go.sh",), snapshot=SNAPSHOT, links=links)
    keeps = spec("b.1", ("sh", "-c", "cat here/net.py; pwd; ls ../data; echo x > $WORKBENCH_ARTIFACTS/plot"))
    keeps = spec("b.1", keeps.argv, snapshot=SNAPSHOT, workdir="src", links={"data/set": str(data)})
    await ear.machine.start([job, keeps])
    end, _ = await ear.end_of("a.1"), await ear.end_of("b.1")
    log, _ = await ear.machine.read("a.1", "log", 0, 1000)
    assert isinstance(end, Exited)
    assert (end.exit.code, log) == (0, b"print('training')\n")
    log, _ = await ear.machine.read("b.1", "log", 0, 1000)
    assert log.decode().split("\n")[-3:] == [str(here.root / "attempts" / "b.1" / "work" / "src"), "set", ""]

    snapshot = here.root / "snapshots" / SNAPSHOT
    assert (snapshot / "empty").read_bytes() == b""
    work = here.root / "attempts" / "a.1" / "work"
    assert os.readlink(work / "data" / "set") == str(data)
    await ear.machine.forget(["a.1", "b.1"])
    left = {str(path.relative_to(work)) for path in work.rglob("*") if not path.is_dir()}
    assert left == {"made", "src/model/made", "empty"}
    assert data.is_dir()
    kept = here.root / "attempts" / "b.1"
    assert {str(path.relative_to(kept)) for path in kept.rglob("*")} == {"fate", "artifacts", "artifacts/plot"}


async def test_a_workdir_that_is_not_there(connect: Connect) -> None:
    ear = await sent(connect)
    await ear.machine.start([spec("a.1", ("true",), snapshot=SNAPSHOT, workdir="src/nowhere")])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert end.exit.reason == "not started"
    assert end.exit.words.startswith("No such file or directory: ")
    with pytest.raises(AgentError):
        await ear.machine.start([spec("b.1", ("true",), snapshot=SNAPSHOT, workdir="../..")])


async def test_a_link_where_the_code_has_a_file(connect: Connect) -> None:
    ear = await sent(connect)
    await ear.machine.start([spec("a.1", ("true",), snapshot=SNAPSHOT, links={"train.py": "/dev/null"})])
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.reason, end.exit.words[:11]) == ("not started", "File exists")


async def test_a_half_made_work_directory_is_made_again(here: LocalSite, connect: Connect) -> None:
    ear = await sent(connect)
    left = here.root / "attempts" / "a.1" / "work"
    (left / "src").mkdir(parents=True)
    (left / "rubbish").touch()
    await ear.machine.start([spec("a.1", ("ls",), snapshot=SNAPSHOT)])
    await ear.end_of("a.1")
    log, _ = await ear.machine.read("a.1", "log", 0, 1000)
    assert log.decode().split() == ["again", "empty", "go.sh", "here", "src", "train.py"]


def test_a_copy_shares_nothing_with_its_snapshot(tmp_path: Path) -> None:
    source, work = tmp_path / "source", tmp_path / "work"
    (source / "deep").mkdir(parents=True)
    (source / "deep" / "file").write_bytes(b"x")
    os.chmod(source / "deep" / "file", 0o400)
    work.mkdir()
    tree.copy(str(source), str(work))
    (work / "deep" / "file").write_bytes(b"changed")
    assert (source / "deep" / "file").read_bytes() == b"x"
    assert (source / "deep" / "file").stat().st_nlink == 1
