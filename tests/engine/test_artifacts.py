"""What attempts leave, brought home over a road that breaks, from files that change, onto a disk that is full."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.parts import mounts
from workbench.engine import artifacts
from workbench.engine.artifacts import Artifacts
from workbench.engine.blobs import Blobs
from workbench.engine.store.interface import Batch, Collected
from workbench.errors import AgentError, Unreachable
from workbench.remote import transfer
from workbench.remote.machines.base import Harvest
from workbench.remote.machines.fake import FakeHost, FakeMachine

PIECE = 1000
PATIENCE = 30.0


class Home:
    """The store, what was put on record, and a machine on which `a.1` has left files."""

    def __init__(self, root: Path) -> None:
        self.blobs = Blobs(str(root / "blobs"))
        self.recorded: list[Collected] = []
        self.artifacts = Artifacts(self.blobs, self.write)
        self.host = FakeHost("gpu3")

    async def write(self, batch: Batch) -> None:
        for collected in batch.collections:
            for artifact in collected.artifacts:
                assert self.blobs.has(artifact.sha256), "nothing is on record before it is in store"
        self.recorded += batch.collections

    def left(self, attempt: str = "a.1", /, **files: bytes) -> None:
        known = self.host.attempt(attempt)
        known.files = {f"artifacts/{name}": data for name, data in files.items()}

    async def bring(self, attempt: str = "a.1") -> None:
        await self.artifacts.bring(await self.host.connect(), attempt)

    def contents(self) -> dict[str, bytes]:
        (collected,) = self.recorded
        return {one.name: self.blobs.get(one.sha256) for one in collected.artifacts}

    def parts(self) -> list[Path]:
        return list(Path(self.blobs.root).glob(".part-*"))


@pytest.fixture
async def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Home]:
    monkeypatch.setattr(transfer, "PIECE", PIECE)
    home = Home(tmp_path)
    yield home
    home.host.shut_down()


async def test_all_is_in_store_and_on_record_once(home: Home) -> None:
    files = {"model": bytes(range(256)) * 40, "empty": b"", "note": b"hi"}
    home.left(**files)
    await home.bring()
    assert home.contents() == files
    (collected,) = home.recorded
    assert (collected.run, collected.attempt, list(collected.left_out)) == ("a", 1, [])
    assert collected.artifacts[-1].path == "/gpu3/attempts/a.1/artifacts/note"
    assert home.parts() == []


async def test_contents_that_are_here_do_not_travel_again(home: Home) -> None:
    home.left(one=b"same" * 1000, two=b"same" * 1000)
    home.left("b.1", three=b"same" * 1000)
    await asyncio.gather(home.bring(), home.bring("b.1"))
    assert len(home.host.fetched) == 4, "four pieces, of one of the three files"
    assert sorted(one.name for each in home.recorded for one in each.artifacts) == ["one", "three", "two"]


async def test_after_a_break_it_goes_on_where_it_stopped(home: Home) -> None:
    data = bytes(range(250)) * 100
    home.left(model=data)
    home.host.fetches_left = transfer.AHEAD + 1
    with pytest.raises(Unreachable):
        await home.bring()
    assert home.recorded == []
    kept = home.parts()[0].stat().st_size
    assert kept == transfer.AHEAD * PIECE, "a whole round of pieces"
    home.host.fetched.clear()
    await home.bring()
    assert home.contents() == {"model": data}
    assert min(offset for _, offset in home.host.fetched) == kept
    assert home.parts() == []


async def test_a_break_at_any_piece_loses_nothing(home: Home) -> None:
    data = b"".join(bytes([index]) * PIECE for index in range(10))
    home.left(model=data, other=data[::-1])
    for pieces in range(21):
        home.host.fetches_left = pieces
        with contextlib.suppress(Unreachable):
            await home.bring()
            break
    assert home.contents() == {"model": data, "other": data[::-1]}


async def test_what_came_damaged_before_a_crash_is_thrown_away(home: Home) -> None:
    data = b"truth" * 1000
    home.left(model=data)
    part = Path(home.blobs.root) / f".part-{hashlib.sha256(data).hexdigest()}"
    part.write_bytes(bytes(2000))
    await home.bring()
    assert home.contents() == {"model": data}
    assert home.recorded[0].left_out == []


class Restless(FakeMachine):
    """A machine on which one file is not, when it is read, what it was when it was listed."""

    def __init__(self, host: FakeHost, changes: int) -> None:
        super().__init__(host)
        self.changes = changes

    async def fetch(self, attempt: str, path: str, offset: int, limit: int) -> bytes:
        if self.changes and not offset:
            self.changes -= 1
            files = self._to.attempt(attempt).files
            files[path] = files[path][::-1] if self.changes >= 0 else files[path]
        return await super().fetch(attempt, path, offset, limit)


@pytest.mark.parametrize(("changes", "said"), [(1, []), (2, []), (9, ["'model': changed while it was read"])])
async def test_a_file_that_changes_is_read_again_and_its_hash_is_that_of_what_was_read(
    home: Home, changes: int, said: list[str]
) -> None:
    home.left(model=b"a" * 500 + b"b" * 500, steady=b"x")
    await home.artifacts.bring(Restless(home.host, changes), "a.1")
    kept = home.contents()
    assert kept["steady"] == b"x"
    assert kept["model"] in (b"a" * 500 + b"b" * 500, b"b" * 500 + b"a" * 500)
    assert home.recorded[0].left_out == said


class Forgetful(FakeMachine):
    """A machine that lists a file which is gone when it is asked for."""

    async def fetch(self, attempt: str, path: str, offset: int, limit: int) -> bytes:
        return await super().fetch(attempt, path + ".gone", offset, limit)


async def test_a_file_that_is_gone_is_left_out_and_the_others_are_kept(home: Home) -> None:
    home.left(model=b"weights")
    home.blobs.put(b"here")
    home.host.attempt("a.1").files["artifacts/here"] = b"here"
    await home.artifacts.bring(Forgetful(home.host), "a.1")
    assert home.contents() == {"here": b"here"}
    assert home.recorded[0].left_out == ["'model': changed while it was read"]


async def test_a_machine_that_can_not_tell_is_asked_again(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(artifacts, "RETRY_FIRST", 0.001)
    home.left(model=b"weights")
    said: list[str] = []

    class Ailing(FakeMachine):
        async def harvest(self, attempt: str) -> Harvest:
            said.append(home.artifacts.under_way.get("a.1", ""))
            if len(said) < 3:
                raise AgentError("gpu3: the child that did it was killed")
            return await super().harvest(attempt)

    await home.artifacts.bring(Ailing(home.host), "a.1")
    assert home.contents() == {"model": b"weights"}
    assert said == ["", *["gpu3: the child that did it was killed"] * 2]
    assert home.artifacts.under_way["a.1"] == ""


async def test_a_file_that_grew_is_kept_as_it_was_listed(home: Home) -> None:
    home.left(log=b"line\n" * 300)

    class Growing(FakeMachine):
        async def fetch(self, attempt: str, path: str, offset: int, limit: int) -> bytes:
            self._to.attempt(attempt).files[path] += b"more\n"
            return await super().fetch(attempt, path, offset, limit)

    await home.artifacts.bring(Growing(home.host), "a.1")
    assert home.contents() == {"log": b"line\n" * 300}


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 48 MB."""
    mounts()
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m,mode=700", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("spare", [-(1 << 40), 32 << 20], ids=["the kernel says so", "foreseen"])
async def test_a_full_disk_leaves_nothing_half_done_and_later_all_of_it_comes(
    small_disk: Path, monkeypatch: pytest.MonkeyPatch, spare: int
) -> None:
    monkeypatch.setattr("workbench.engine.blobs.SPARE", spare)
    monkeypatch.setattr(artifacts, "RETRY_FIRST", 0.01)
    home = Home(small_disk)
    ballast = small_disk / "ballast"
    ballast.write_bytes(bytes(40 << 20))
    data = b"0123456789abcdef" * (12 << 16)
    home.left(model=data)
    refused = asyncio.Event()

    class Signs(dict[str, str]):
        def __setitem__(self, attempt: str, trouble: str) -> None:
            super().__setitem__(attempt, trouble)
            if trouble:
                refused.set()

    home.artifacts.under_way = Signs()
    task = asyncio.create_task(home.bring())
    await asyncio.wait_for(refused.wait(), PATIENCE)
    assert "no room" in home.artifacts.under_way["a.1"]
    assert home.recorded == []
    ballast.unlink()
    await asyncio.wait_for(task, PATIENCE)
    assert home.contents() == {"model": data}
    assert home.parts() == []
    home.host.shut_down()


async def test_many_files_come_side_by_side(home: Home) -> None:
    """As many at once as are meant to, and each of them."""
    at_once: list[int] = []
    now = 0

    class Busy(FakeMachine):
        async def fetch(self, attempt: str, path: str, offset: int, limit: int) -> bytes:
            nonlocal now
            now += 1
            at_once.append(now)
            try:
                return await super().fetch(attempt, path, offset, limit)
            finally:
                now -= 1

    files = {f"f{index:02}": bytes([index]) for index in range(20)}
    home.left(**files)
    await home.artifacts.bring(Busy(home.host), "a.1")
    assert home.contents() == files
    assert 1 < max(at_once) <= artifacts.FILES
