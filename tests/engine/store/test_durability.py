"""Acknowledged means committed: through kill -9, bad batches, a full disk, damage and a second engine."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from tests.engine.store import frozen
from tests.engine.store.runs import make, read, submitted
from workbench.domain.run import Run
from workbench.engine.store import DuckHistory, open_history, transaction, writer
from workbench.engine.store.interface import Batch
from workbench.errors import HistoryError, HistoryFull, SecondEngine, Unwritable

COMMITTER = """
import asyncio, sys
from tests.engine.store import frozen
from tests.engine.store.runs import make, read, submitted
from workbench.engine.store import open_history

async def main(path):
    history = await open_history(path)
    async def one(lane):
        for step in range(1, 100_000):
            run = make(step * 10 + lane)
            await history.commit(submitted(run))
            await history.commit(read(run, 10, ("loss", 1, 0.5)))
            print(run.seq, flush=True)
    await asyncio.gather(*map(one, range(10)))

asyncio.run(main(sys.argv[1]))
"""

HOLDER = """
import asyncio, sys
from workbench.engine.store import open_history

async def main(path):
    await open_history(path)
    print("open", flush=True)
    await asyncio.Event().wait()

asyncio.run(main(sys.argv[1]))
"""


def start(program: str, place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", program, str(place)], stdout=subprocess.PIPE, text=True)


async def seqs(history: DuckHistory) -> set[int]:
    return {seq for (seq,) in (await history.sql("SELECT seq FROM runs", 5, 1_000_000)).rows}


async def test_a_kill_loses_nothing_that_was_acknowledged(place: Path) -> None:
    acknowledged: set[int] = set()
    for _ in range(2):
        process = start(COMMITTER.replace("range(1,", f"range({len(acknowledged) + 1},"), place)
        assert process.stdout is not None
        for _ in range(150):
            acknowledged.add(int(process.stdout.readline()))
        process.kill()
        acknowledged.update(int(line) for line in process.stdout.read().split("\n")[:-1])
        process.wait()
        process.stdout.close()
        history = await open_history(str(place))
        assert history.suspect == ""
        assert acknowledged <= await seqs(history)
        counted = await history.sql("SELECT count(*) FROM metrics WHERE last = 0.5", 5, 9)
        assert counted.rows[0][0] >= len(acknowledged)
        await history.close()


async def test_one_bad_batch_of_a_group_fails_alone(history: DuckHistory) -> None:
    await history.commit(submitted(make(1)))
    good = [submitted(make(seq)) for seq in range(2, 30)]
    bad = [
        submitted(make(1, id="another1")),
        read(make(99), 10, ("loss", 1, 0.5)),
        read(make(1), 10, ("loss", 2**70, 0.5)),
    ]
    batches = good[:9] + bad[:1] + good[9:20] + bad[1:] + good[20:]
    outcomes = await asyncio.gather(*(history.commit(batch) for batch in batches), return_exceptions=True)
    failed = [batch for batch, outcome in zip(batches, outcomes, strict=True) if outcome is not None]
    assert failed == bad
    assert all(isinstance(outcome, Unwritable) for outcome in outcomes if outcome)
    assert await seqs(history) == set(range(1, 30))
    assert (await history.find("1")).id == make(1).id
    events = await history.sql("SELECT seq FROM events ORDER BY seq", 5, 99)
    assert [seq for (seq,) in events.rows] == list(range(1, 30))


async def test_one_seq_for_two_runs_is_refused_even_within_a_batch(history: DuckHistory) -> None:
    with pytest.raises(HistoryError):
        await history.commit(submitted(make(1), make(1, id="another1")))
    assert await seqs(history) == set()


async def test_a_caller_who_is_cancelled_takes_nobody_along(history: DuckHistory) -> None:
    given_up = asyncio.ensure_future(history.commit(submitted(make(1))))
    stays = asyncio.ensure_future(history.commit(submitted(make(2))))
    await asyncio.sleep(0)
    given_up.cancel()
    await stays
    assert 2 in await seqs(history)


async def test_a_closed_history_says_so(place: Path) -> None:
    history = await open_history(str(place))
    waiting = [asyncio.ensure_future(history.commit(submitted(make(seq)))) for seq in range(1, 9)]
    await asyncio.sleep(0)
    await history.close()
    await asyncio.gather(*waiting)  # what was asked before is committed
    with pytest.raises(HistoryError, match="closed"):
        await history.commit(submitted(make(9)))
    assert not Path(f"{place}.wal").exists()


async def test_files_are_for_nobody_else(history: DuckHistory, place: Path) -> None:
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert stat.S_IMODE((place.parent / "history.seq").stat().st_mode) == 0o600


async def test_a_second_engine_is_refused_and_told_whose_history_it_is(place: Path) -> None:
    process = start(HOLDER, place)
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "open\n"
        with pytest.raises(SecondEngine) as refused:
            await open_history(str(place))
        assert refused.value.evidence["pid"] == process.pid
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    history = await open_history(str(place))
    assert history.set_aside == ""
    await history.close()


async def test_a_place_that_is_no_directory_of_ours_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(HistoryError):
        await open_history(str(tmp_path / "data" / "history.duckdb"))
    (tmp_path / "more" / "history.duckdb").mkdir(parents=True)
    with pytest.raises(HistoryError, match="directory"):
        await open_history(str(tmp_path / "more" / "history.duckdb"))


async def filled(place: Path, *runs: Run) -> None:
    history = await open_history(str(place))
    await history.commit(submitted(*runs))
    await history.close()


def killed_with_a_log(place: Path) -> None:
    """Leave a history whose write-ahead log holds what was acknowledged last."""
    process = start(COMMITTER, place)
    assert process.stdout is not None
    process.stdout.readline()
    process.kill()
    process.stdout.read()
    process.wait()
    process.stdout.close()


def garbage(place: Path) -> None:
    place.write_bytes(os.urandom(20_000))


def empty(place: Path) -> None:
    os.truncate(place, 0)


def flipped(place: Path, offset: int) -> None:
    with place.open("r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 0x10]))


@pytest.mark.parametrize(
    "damage",
    [garbage, empty, lambda place: flipped(place, 20), lambda place: os.truncate(place, 6000)],
    ids=["garbage", "empty", "flipped", "cut"],
)
async def test_a_damaged_history_is_set_aside_and_a_new_one_started(
    place: Path, damage: Callable[[Path], None]
) -> None:
    await filled(place, make(1))
    damage(place)
    damaged = place.read_bytes()
    for number in (1, 2):  # the second time finds the name taken, perhaps
        history = await open_history(str(place))
        assert "new history" in history.set_aside and ".corrupt-" in history.set_aside
        assert await seqs(history) == set()
        await history.commit(submitted(make(2)))
        await history.close()
        kept = sorted(place.parent.glob("history.duckdb.corrupt-*"))
        assert len(kept) == number
        assert all(old.read_bytes() == damaged for old in kept)
        place.write_bytes(damaged)


async def test_a_damaged_log_costs_what_came_after_the_last_checkpoint(place: Path) -> None:
    await filled(place, make(1))
    killed_with_a_log(place)
    log = Path(f"{place}.wal")
    flipped(log, log.stat().st_size // 2)
    history = await open_history(str(place))
    assert "since its last checkpoint" in history.set_aside
    assert await seqs(history) == {1}
    await history.commit(submitted(make(2)))
    await history.close()
    assert len(list(place.parent.glob("history.duckdb.corrupt-*.wal"))) == 1


async def test_a_log_that_was_cut_short_is_noticed(place: Path) -> None:
    killed_with_a_log(place)
    log = Path(f"{place}.wal")
    os.truncate(log, log.stat().st_size // 2)
    history = await open_history(str(place))
    assert "missing" in history.suspect
    await history.close()
    history = await open_history(str(place))  # said until the next commit takes the numbers again
    assert "missing" in history.suspect
    await history.close()


async def test_a_newer_history_is_refused_untouched(place: Path) -> None:
    await filled(place, make(1))
    with duckdb.connect(place) as connection:
        connection.execute("INSERT INTO migration VALUES (999, 0)")
    with pytest.raises(HistoryError, match="version 999"):
        await open_history(str(place))
    assert not list(place.parent.glob("*.corrupt-*"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=8m,mode=0700", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("mounting is not permitted here")
    yield disk
    subprocess.run(["umount", "-l", disk], check=True)


def enlarge(disk: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", disk], check=True)


def heavy(seq: int) -> Run:
    run = make(seq)
    return replace(run, variables={"NOISE": os.urandom(50_000).hex()})


async def test_a_full_disk_refuses_what_it_can_t_keep_and_goes_on_when_there_is_room(small_disk: Path) -> None:
    history = await open_history(str(small_disk / "history.duckdb"))
    acknowledged: set[int] = set()
    with pytest.raises(HistoryFull):
        for seq in range(1, 1000):
            await history.commit(submitted(heavy(seq)))
            acknowledged.add(seq)
    assert len(acknowledged) > 5
    assert history.full
    assert await seqs(history) == acknowledged
    enlarge(small_disk)
    await history.commit(submitted(make(2000)))
    assert history.full == ""
    await history.close()
    history = await open_history(str(small_disk / "history.duckdb"))
    assert await seqs(history) == acknowledged | {2000}
    assert history.suspect == history.set_aside == ""
    await history.close()


async def test_a_group_on_a_full_disk_fails_as_one(small_disk: Path) -> None:
    history = await open_history(str(small_disk / "history.duckdb"))
    outcomes = await asyncio.gather(
        *(history.commit(submitted(heavy(seq))) for seq in range(1, 200)), return_exceptions=True
    )
    assert {type(outcome) for outcome in outcomes} <= {type(None), HistoryFull}
    kept = {seq for seq, outcome in enumerate(outcomes, 1) if outcome is None}
    assert kept == await seqs(history)
    await history.close()


async def test_a_checkpoint_that_finds_no_room_costs_nothing(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is fatal to an open DuckDB. What was acknowledged is in the log, which the next commit opens again."""
    monkeypatch.setattr(writer, "RESERVE", -(1 << 40))
    monkeypatch.setattr(writer, "WAL_BUSY", 5 << 20)
    history = await open_history(str(small_disk / "history.duckdb"))
    acknowledged: set[int] = set()
    for seq in range(1, 60):
        try:
            await history.commit(submitted(heavy(seq)))
        except HistoryFull:
            continue
        acknowledged.add(seq)
    enlarge(small_disk)
    await history.commit(submitted(make(2000)))
    assert await seqs(history) == acknowledged | {2000}
    await history.close()


async def test_a_fatal_error_is_answered_by_opening_again(
    history: DuckHistory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckDB may tell of a fatal error before or after it has committed: either way the batch is written once."""
    real = transaction.write
    fails: list[str] = []

    def write(cursor: duckdb.DuckDBPyConnection, *args: object) -> None:
        real(cursor, *args)  # type: ignore[arg-type]
        if fails:
            if fails.pop() == "after":
                cursor.commit()
            raise duckdb.FatalException("the database has been invalidated")

    monkeypatch.setattr(transaction, "write", write)
    run = make(1)
    for when, batch in (
        ("before", submitted(run)),
        ("after", submitted(make(2))),
        ("after", read(run, 10, ("k", 1, 1.0))),
    ):
        fails.append(when)
        await history.commit(batch)
    assert await seqs(history) == {1, 2}
    assert (await history.metrics(run.id))["k"].count == 1
    assert (await history.series(run.id, "k", 9))[0] == [1]


async def test_a_thousand_small_commits_at_once_share_transactions(history: DuckHistory) -> None:
    await asyncio.gather(*(history.commit(submitted(make(seq))) for seq in range(1, 1001)))
    assert len(await seqs(history)) == 1000


def test_the_frozen_history_of_version_1_is_read_in_full(tmp_path: Path) -> None:
    place = tmp_path / "data" / "history.duckdb"
    place.parent.mkdir(mode=0o700)
    shutil.copy(frozen.PLACE, place)
    asyncio.run(frozen.check(str(place)))


async def test_an_empty_batch_is_no_trouble(history: DuckHistory) -> None:
    await history.commit(Batch())
