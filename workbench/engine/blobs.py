"""Bytes by their sha256: what snapshots, diffs, locks and artifacts are made of.

A blob is at ROOT/ab/cdef…, 0600, written under another name, fsynced and renamed: it is there whole or not at
all, and it is durable before its name is told to anyone.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from workbench import paths
from workbench.errors import HistoryCorrupt, HistoryError, HistoryFull

CHUNK = 1 << 20
SPARE = 32 * CHUNK
"""Bytes of the disk that no part takes: the history must be written whatever is collected."""
KEPT = 7 * 86400.0
"""Seconds after which a part that nobody went on with is thrown away."""


class Blobs:
    """Safe to use from many threads and to open more than once."""

    def __init__(self, root: str) -> None:
        self.root = paths.private(root)
        before = time.time() - KEPT
        for entry in os.scandir(self.root):
            if entry.name.startswith(".part-") and entry.stat(follow_symlinks=False).st_mtime < before:
                os.unlink(entry.path)

    def has(self, sha: str) -> bool:
        return os.path.exists(self._path(sha))

    def size(self, sha: str) -> int:
        """Bytes. Raises HistoryError where there is no such blob."""
        try:
            return os.stat(self._path(sha)).st_size
        except FileNotFoundError:
            raise HistoryError(f"blob {sha[:12]} is not in {self.root}", blob=sha) from None

    def get(self, sha: str) -> bytes:
        """Raises HistoryError where there is no such blob, HistoryCorrupt where it is not what it was."""
        try:
            with _told(), open(self._path(sha), "rb") as stream:
                data = stream.read()
        except FileNotFoundError:
            raise HistoryError(f"blob {sha[:12]} is not in {self.root}", blob=sha) from None
        if hashlib.sha256(data).hexdigest() != sha:
            hint = "the disk or somebody changed it; submit the run again"
            raise HistoryCorrupt(f"blob {sha[:12]} in {self.root} is damaged", hint=hint, blob=sha)
        return data

    def read(self, sha: str, offset: int, limit: int) -> bytes:
        """A piece of a blob, unverified: whoever has all of them can. Raises HistoryError."""
        try:
            with _told(), open(self._path(sha), "rb") as stream:
                stream.seek(offset)
                return stream.read(limit)
        except FileNotFoundError:
            raise HistoryError(f"blob {sha[:12]} is not in {self.root}", blob=sha) from None

    def part(self, sha: str, size: int) -> Part:
        """What has come of a blob of so many bytes. Raises HistoryFull where the rest would not fit."""
        with _told():
            part = Part(self, os.path.join(self.root, f".part-{sha}"))
            disk = os.statvfs(self.root)
        if disk.f_bavail * disk.f_frsize < size - part.size + SPARE:
            part.drop()
            raise HistoryFull(f"no room left for a file of {size} bytes", hint="free some space: it is tried again")
        return part

    def put(self, data: bytes) -> str:
        """Its sha256, in hex. Raises HistoryFull, HistoryError."""
        sha = hashlib.sha256(data).hexdigest()
        if not self.has(sha):
            self.put_stream(io.BytesIO(data))
        return sha

    def put_file(self, stream: io.BufferedReader) -> tuple[str, int]:
        """sha256 and size of a file from where it stands. Read twice where it is new, so that known files cost no
        writing; what is stored is what was read the second time."""
        start = stream.tell()
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
        if self.has(digest):
            return digest, stream.tell() - start
        stream.seek(start)
        return self.put_stream(stream)

    def put_stream(self, stream: BinaryIO) -> tuple[str, int]:
        """sha256 and size of all that can be read. Raises HistoryFull, HistoryError."""
        digest, size = hashlib.sha256(), 0
        with _told():
            handle, temporary = tempfile.mkstemp(prefix=".new-", dir=self.root)  # 0600, O_EXCL, O_NOFOLLOW
            try:
                with open(handle, "wb") as copy:
                    while chunk := stream.read(CHUNK):
                        digest.update(chunk)
                        size += len(chunk)
                        copy.write(chunk)
                    copy.flush()
                    os.fsync(copy.fileno())
                self.settle(temporary, digest.hexdigest())
            except BaseException:
                os.unlink(temporary)
                raise
        return digest.hexdigest(), size

    def settle(self, temporary: str, sha: str) -> None:
        """Give a file of our root, which is on disk, the name that its content has. Raises OSError."""
        path = self._path(sha)
        folder = os.path.dirname(path)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            pass
        else:
            _sync_directory(self.root)
        os.rename(temporary, path)
        _sync_directory(folder)

    def _path(self, sha: str) -> str:
        return os.path.join(self.root, sha[:2], sha[2:])


class Part:
    """A blob that comes in pieces. It outlives its writer, and the next one goes on where it ends.

    Nobody else may write to it meanwhile. Whoever is cancelled while a thread adds to it may still let go of it."""

    def __init__(self, blobs: Blobs, path: str) -> None:
        self._blobs = blobs
        self._path = path
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        self._file = open(os.open(path, flags, 0o600), "r+b", buffering=0)  # noqa: SIM115  closed by keep, drop, leave
        self._digest = hashlib.sha256()
        self._turn = threading.RLock()  # a descriptor that is closed while it is written to may be another file's
        self.size = 0
        while chunk := self._file.read(CHUNK):
            self._digest.update(chunk)
            self.size += len(chunk)

    def add(self, data: bytes) -> None:
        """Raises HistoryFull, HistoryError: then nothing of it is left."""
        try:
            with self._turn, _told():
                rest = memoryview(data)
                while rest:
                    rest = rest[self._file.write(rest) :]
        except BaseException:
            self.drop()
            raise
        self._digest.update(data)
        self.size += len(data)

    def clear(self) -> None:
        """Start again from nothing."""
        with self._turn, _told():
            self._file.seek(0)
            self._file.truncate()
        self._digest = hashlib.sha256()
        self.size = 0

    def keep(self) -> str:
        """Make a blob of what has come; its sha256. Raises HistoryFull, HistoryError: then nothing of it is left."""
        sha = self._digest.hexdigest()
        try:
            with self._turn, _told():
                os.fsync(self._file.fileno())
                self._blobs.settle(self._path, sha)
        except BaseException:
            self.drop()
            raise
        self._file.close()
        return sha

    @property
    def sha256(self) -> str:
        """Of what has come so far."""
        return self._digest.hexdigest()

    def leave(self) -> None:
        """For whoever goes on with it."""
        with self._turn:
            self._file.close()

    def drop(self) -> None:
        self.leave()
        if os.path.exists(self._path):
            os.unlink(self._path)


def _sync_directory(path: str) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _told() -> Iterator[None]:
    """Say what the disk's refusal means."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as problem:
        if problem.errno in (errno.ENOSPC, errno.EDQUOT):
            raise HistoryFull(
                "no room left for code and artifacts of runs", hint="free some space, then again"
            ) from None
        raise HistoryError(f"blobs can't be kept: {problem}") from None
