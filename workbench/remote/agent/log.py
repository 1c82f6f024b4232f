"""What a run printed, in bounded space: the first and the last half of the limit, a marked gap in between.

The first half is appended to `log` as it comes. What follows goes round in `tail`, a ring, and is put behind the
first half once, at the end. So bytes once read at an offset never change.
"""

from __future__ import annotations

import os
import struct

# Before the ring: the log's size without it, the ring's size, bytes that entered it, bytes left out before them.
_HEAD = struct.Struct("<QQQQ")
_CHUNK = 1 << 20


def gap(count: int) -> bytes:
    return note("%d bytes left out here" % count)


def note(words: str) -> bytes:
    """What we say in it, and the program did not."""
    return b"\n[... %s ...]\n" % words.encode("ascii")


class CappedLog:
    """Write to it for as long as you like; then `finish(directory)`."""

    def __init__(self, directory: str, limit: int) -> None:
        self._directory = directory
        self._half = max(1, limit // 2)
        self._log = self._tail = -1
        self._seen = 0
        self._size = 0
        self._entered = 0
        self._lost = 0

    def write(self, data: bytes) -> None:
        """Never raises: what a full disk does not take is counted as left out."""
        self._seen += len(data)
        try:
            if self._size < self._half and not self._lost:
                data = self._append(data)
            if data:
                self._turn(data)
        except OSError:
            # From here on only the newest bytes matter: what was in the ring is left out as well.
            self._entered = 0
            self._lost = self._seen - self._size

    def _append(self, data: bytes) -> bytes:
        """Fill the first half; what does not fit."""
        if self._log < 0:
            self._log = _open(self._directory, "log", os.O_APPEND)
        room = self._half - self._size
        part = data[:room]
        while part:
            written = os.write(self._log, part)
            self._size += written
            part = part[written:]
        return data[room:]

    def _turn(self, data: bytes) -> None:
        if self._tail < 0:
            self._tail = _open(self._directory, "tail", 0)
        view = memoryview(data)
        while view:
            at = self._entered % self._half
            written = os.pwrite(self._tail, view[: self._half - at], _HEAD.size + at)
            view = view[written:]
            self._entered += written
        os.pwrite(self._tail, _HEAD.pack(self._size, self._half, self._entered, self._lost), 0)

    def close(self) -> None:
        if self._lost:
            try:
                self._turn(b"")  # there may be room by now to say what was left out
            except OSError:
                pass
        for fd in (self._log, self._tail):
            if fd >= 0:
                os.close(fd)
        self._log = self._tail = -1


def finish(directory: str) -> int:
    """Put what the ring holds behind the first half, once nobody writes any more; the log's size.

    Does no harm a second time. What a full disk does not take stays away.
    """
    path = os.path.join(directory, "log")
    try:
        tail = os.open(os.path.join(directory, "tail"), os.O_RDONLY)
    except FileNotFoundError:
        return size(directory)
    try:
        _append_ring(path, tail)
    except (OSError, struct.error):
        pass
    finally:
        os.close(tail)
    os.unlink(os.path.join(directory, "tail"))
    return size(directory)


def _append_ring(path: str, tail: int) -> None:
    start, ring, entered, lost = _HEAD.unpack(os.pread(tail, _HEAD.size, 0))
    log = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.ftruncate(log, start)
        left_out = lost + max(0, entered - ring)
        if left_out:
            os.write(log, gap(left_out))
        turn = entered % ring
        spans = [(0, entered)] if entered <= ring else [(turn, ring), (0, turn)]
        for begin, end in spans:
            while begin < end:
                piece = os.pread(tail, min(_CHUNK, end - begin), _HEAD.size + begin)
                if not piece:
                    return
                begin += os.write(log, piece)
    finally:
        os.close(log)


def size(directory: str) -> int:
    try:
        return os.stat(os.path.join(directory, "log")).st_size
    except FileNotFoundError:
        return 0


def _open(directory: str, name: str, flags: int) -> int:
    return os.open(os.path.join(directory, name), os.O_WRONLY | os.O_CREAT | flags, 0o600)
