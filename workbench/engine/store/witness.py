"""A number beside the database that never runs ahead of it: the last event that was acknowledged.

DuckDB opens a truncated write-ahead log without a word, and what it held is gone. The witness is written after each
commit and never synced, so it may trail the database after a power cut. If it is ahead, acknowledged events are lost.
"""

from __future__ import annotations

import os


class Witness:
    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)

    @property
    def last(self) -> int:
        """0 where it has seen nothing, or nonsense."""
        seen = os.pread(self._file, 20, 0)
        return int(seen) if seen.isdigit() else 0

    def note(self, event: int) -> None:
        os.pwrite(self._file, b"%020d" % event, 0)

    def close(self) -> None:
        os.close(self._file)
