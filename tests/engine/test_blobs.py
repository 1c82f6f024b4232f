import errno
import hashlib
import io
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from workbench.engine.blobs import CHUNK, Blobs
from workbench.errors import HistoryCorrupt, HistoryError, HistoryFull


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs"))


def stored(blobs: Blobs) -> list[Path]:
    return [path for path in Path(blobs.root).rglob("*") if path.is_file()]


@pytest.mark.parametrize("data", [b"", b"x", b"ab" * CHUNK], ids=len)
def test_what_is_put_can_be_had(blobs: Blobs, data: bytes) -> None:
    sha = hashlib.sha256(data).hexdigest()
    assert not blobs.has(sha)
    assert blobs.put(data) == sha
    assert blobs.has(sha)
    assert blobs.get(sha) == data
    assert blobs.put_stream(io.BytesIO(data)) == (sha, len(data))
    assert len(stored(blobs)) == 1


def test_a_file_is_put_from_where_it_stands(blobs: Blobs, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"headbody")
    for _ in range(2):
        with open(tmp_path / "file", "rb") as stream:
            stream.seek(4)
            sha, size = blobs.put_file(stream)
        assert size == 4
        assert blobs.get(sha) == b"body"


def test_only_we_can_read_it(blobs: Blobs) -> None:
    blobs.put(b"x")
    for path in Path(blobs.root).rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_many_may_put_the_same_at_once(blobs: Blobs) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(blobs.put, [b"same" * 10_000] * 64))) == 1
    assert len(stored(blobs)) == 1


def test_what_is_damaged_is_not_given_out(blobs: Blobs) -> None:
    sha = blobs.put(b"truth")
    stored(blobs)[0].write_bytes(b"lies!")
    with pytest.raises(HistoryCorrupt, match="damaged"):
        blobs.get(sha)


def test_what_is_not_there_is_said(blobs: Blobs) -> None:
    with pytest.raises(HistoryError, match="is not in"):
        blobs.get("0" * 64)


@pytest.mark.parametrize(("number", "error"), [(errno.ENOSPC, HistoryFull), (errno.EIO, HistoryError)])
def test_a_disk_that_refuses_leaves_nothing_behind(
    blobs: Blobs, number: int, error: type[HistoryError], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(error):
        blobs.put(b"x")
    assert stored(blobs) == []


def test_a_part_goes_on_where_it_was_left(blobs: Blobs) -> None:
    data = b"0123456789" * 300_000
    sha = hashlib.sha256(data).hexdigest()
    first = blobs.part(sha, len(data))
    first.add(data[: 2 * CHUNK])
    first.leave()
    assert not blobs.has(sha)
    again = blobs.part(sha, len(data))
    assert again.size == 2 * CHUNK
    again.add(data[2 * CHUNK :])
    assert again.sha256 == sha
    assert again.keep() == sha
    assert blobs.get(sha) == data
    assert blobs.read(sha, 5, 10) == b"5678901234"
    assert blobs.read(sha, len(data), 10) == b""
    (path,) = stored(blobs)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_part_is_named_by_what_came_not_by_what_was_meant(blobs: Blobs) -> None:
    part = blobs.part("0" * 64, 5)
    part.add(b"other")
    assert part.keep() == hashlib.sha256(b"other").hexdigest()
    assert not blobs.has("0" * 64)


def test_a_part_that_does_not_fit_gives_its_room_back(blobs: Blobs, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(HistoryFull, match="no room"):
        blobs.part("0" * 64, 1 << 60)
    part = blobs.part("0" * 64, 10)

    def refuse(handle: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    part.add(b"x")
    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(HistoryFull):
        part.keep()
    assert stored(blobs) == []


def test_parts_that_nobody_goes_on_with_are_cleared_away(blobs: Blobs) -> None:
    for name in ("0", "1"):
        part = blobs.part(name * 64, 1)
        part.add(b"x")
        part.leave()
    old, fresh = sorted(stored(blobs))
    os.utime(old, (1, 1))
    Blobs(blobs.root)
    assert stored(blobs) == [fresh]
