"""Frames: one JSON line, and where it says `"payload": N`, N raw bytes after it.

The agent speaks first, and its first line is MAGIC: a login shell's own chatter may precede it. Requests carry
`id` and `verb`; replies carry that `id` with `result` or `error`, any number of `progress` frames before them;
frames with `event` come unasked. Non-UTF-8 bytes travel as lone surrogates, so every line is ASCII.
"""

from __future__ import annotations

import json
from typing import Any, Dict, Iterator

MAGIC = b"WORKBENCH-AGENT 1\n"
LINE_LIMIT = 1 << 20
PAYLOAD_LIMIT = 1 << 31

Head = Dict[str, Any]


class WireError(Exception):
    """What came is not a frame, or is too large to be one."""


def encode(head: Head, payload: bytes | None = None) -> bytes:
    if payload is None:
        return json.dumps(head, separators=(",", ":")).encode("ascii") + b"\n"
    return json.dumps(dict(head, payload=len(payload)), separators=(",", ":")).encode("ascii") + b"\n" + payload


class Frames:
    """Bytes in, as they come; whole frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._head: Head | None = None
        self._wanted = 0

    def feed(self, data: bytes) -> Iterator[tuple[Head, bytes]]:
        """The frames that `data` completes. Raises WireError."""
        buffer = self._buffer
        buffer += data
        at = 0
        try:
            while True:
                if self._head is None:
                    end = buffer.find(b"\n", at)
                    if end < 0:
                        if len(buffer) - at > LINE_LIMIT:
                            raise WireError("a line of more than {} bytes".format(LINE_LIMIT))
                        return
                    self._head, self._wanted = parse(bytes(buffer[at:end]))
                    at = end + 1
                if len(buffer) - at < self._wanted:
                    return
                head, payload = self._head, bytes(buffer[at : at + self._wanted])
                at += self._wanted
                self._head = None
                yield head, payload
        finally:
            del buffer[:at]


def parse(line: bytes) -> tuple[Head, int]:
    """A frame's head and the size of its payload. Raises WireError."""
    try:
        head = json.loads(line)
    except ValueError as error:
        raise WireError("not JSON: {!r}".format(line[:80])) from error
    if not isinstance(head, dict):
        raise WireError("not an object: {!r}".format(line[:80]))
    size = head.get("payload", 0)
    if not isinstance(size, int) or not 0 <= size <= PAYLOAD_LIMIT:
        raise WireError("a payload of {!r} bytes".format(size))
    return head, size
