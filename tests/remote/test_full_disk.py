"""A disk without room: nothing starts that could not be put on record, and no exit code is lost."""

from __future__ import annotations

import asyncio
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.remote.site import Connect, LocalSite, eventually, logged, spec
from workbench.errors import MachineFull
from workbench.remote.agent import record
from workbench.remote.machines.base import Exited, Fenced, Started


@pytest.fixture
def here(tmp_path: Path) -> Iterator[LocalSite]:
    """A machine on a disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)], stderr=subprocess.PIPE)
    if mounted.returncode:
        pytest.skip("a small disk can't be mounted here")
    site = LocalSite(place / "machine")
    yield site
    site.close()
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(site: LocalSite) -> Path:
    filler = site.root / "filler"
    with open(filler, "ab", buffering=0) as file:
        size = 1 << 20
        while size:
            try:
                file.write(bytes(size))
            except OSError:
                size //= 2
    return filler


async def test_the_exit_code_survives(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    script = (
        "echo before; read line < ../../../go; i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 7"
    )
    os.mkfifo(here.root / "go")
    await ear.machine.start([spec("a.1", ("sh", "-c", script))])
    await asyncio.to_thread(eventually, lambda: logged(here, "a.1", b"before\n"))
    fill(here)
    (here.root / "go").write_text("go\n")
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert (end.exit.code, end.exit.reason) == (7, "exited")
    log, size = await ear.machine.read("a.1", "log", 0, 1 << 20)
    assert log.startswith(b"before\n")
    assert size == end.log_size == len(log)


async def test_what_the_log_lost_is_marked_once_there_is_room(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    script = "echo before; read x < ../../../go; head -c 1000000 /dev/zero; echo > ../../../full; read x < ../../../go"
    for name in ("go", "full"):
        os.mkfifo(here.root / name)
    await ear.machine.start([spec("a.1", ("sh", "-c", script))])
    await asyncio.to_thread(eventually, lambda: logged(here, "a.1", b"before\n"))
    filler = fill(here)
    (here.root / "go").write_text("go\n")
    await asyncio.to_thread((here.root / "full").read_text)
    filler.unlink()
    await asyncio.to_thread((here.root / "go").write_text, "go\n")
    await ear.end_of("a.1")
    log, size = await ear.machine.read("a.1", "log", 0, 1 << 21)
    assert log.startswith(b"before\n")
    kept, _, words = log.partition(b"\n[... ")
    left_out, _, later = words.partition(b" bytes left out here ...]\n")
    assert len(kept) + int(left_out) + len(later) == len(b"before\n") + 1_000_000
    assert size < 1_000_000


async def test_nothing_starts_and_later_the_same_attempt_does(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    filler = fill(here)
    job = spec("a.1", ("true",))
    with pytest.raises(MachineFull, match="No space left on device"):
        await ear.machine.start([job])
    filler.unlink()
    await ear.machine.start([job])
    assert isinstance(await ear.end_of("a.1"), Exited)


async def test_who_filled_it_can_be_ended(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    await ear.machine.start([spec("a.1", ("sleep", "1000"))])
    await ear.hear(Started, "a.1")
    filler = fill(here)
    with pytest.raises(MachineFull):
        await ear.machine.cancel("a.2")
    await ear.machine.cancel("a.1")
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)
    assert end.exit.reason == "cancelled"
    filler.unlink()
    await ear.machine.cancel("a.2")
    assert await ear.end_of("a.2") == Fenced("a.2")


def test_there_is_room_for_a_record_that_was_reserved(here: LocalSite) -> None:
    here.root.mkdir()
    record.reserve(str(here.root))
    fill(here)
    exit = {"code": 7, "words": "x" * 5000}
    record.write(str(here.root), exit)
    assert record.read(str(here.root)) == {"code": 7, "words": "x" * record.WORDS_LIMIT}
