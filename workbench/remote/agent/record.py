"""How an attempt ended, in blocks that were reserved before it started: a full disk can't swallow an exit code.

One write in place of a fixed size, with a checksum: half a record reads as none.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import Any, Dict

SIZE = 4096
WORDS_LIMIT = 1000

Exit = Dict[str, Any]
"""code, reason, started, ended, cpu_seconds, peak_memory, words, log_size."""


def reserve(directory: str) -> None:
    """Raises OSError where there is no room."""
    fd = os.open(os.path.join(directory, "exit"), os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        if os.write(fd, bytes(SIZE)) != SIZE:
            raise OSError(28, "No space left on device")
    finally:
        os.close(fd)


def write(directory: str, record: Exit) -> None:
    """Durable when this returns. Raises OSError."""
    body = json.dumps(dict(record, words=record["words"][:WORDS_LIMIT])).encode("ascii")
    line = b"%08x %s\n" % (zlib.crc32(body), body)
    fd = os.open(os.path.join(directory, "exit"), os.O_WRONLY)
    try:
        os.pwrite(fd, line.ljust(SIZE, b"\0"), 0)
        os.fdatasync(fd)
    finally:
        os.close(fd)


def read(directory: str) -> Exit | None:
    """The record, None where there is none yet."""
    try:
        fd = os.open(os.path.join(directory, "exit"), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        content = os.read(fd, SIZE)
    finally:
        os.close(fd)
    checksum, _, body = content.rstrip(b"\0").rstrip(b"\n").partition(b" ")
    if not body or checksum != b"%08x" % zlib.crc32(body):
        return None
    exit: Exit = json.loads(body)
    return dict(exit)
