"""Bytes by their sha256: what snapshots, diffs and locks are made of.

A blob is at ROOT/ab/cdef…, 0600, written under another name, fsynced and renamed: it is there whole or not at
all, and it is durable before its name is told to anyone.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO

from workbench import paths
from workbench.errors import HistoryCorrupt, HistoryError, HistoryFull

CHUNK = 1 << 20


class Blobs:
    """Safe to use from many threads and to open more than once."""

    def __init__(self, root: str) -> None:
        self.root = paths.private(root)

    def has(self, sha: str) -> bool:
        return os.path.exists(self._path(sha))

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
                self._settle(temporary, digest.hexdigest())
            except BaseException:
                os.unlink(temporary)
                raise
        return digest.hexdigest(), size

    def _settle(self, temporary: str, sha: str) -> None:
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
            raise HistoryFull("no room left for the code of a run", hint="free some space and submit again") from None
        raise HistoryError(f"blobs can't be kept: {problem}") from None
