"""The logs of attempts that are over, one file each, as they came from the machine."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator

from workbench import paths


class Logs:
    def __init__(self, root: str) -> None:
        self._root = paths.private(root)

    def path(self, attempt: str) -> str:
        return os.path.join(self._root, attempt[:2], f"{attempt}.log")

    def size(self, attempt: str) -> int | None:
        """Bytes, None where no log was brought home (or not yet)."""
        try:
            return os.stat(self.path(attempt)).st_size
        except FileNotFoundError:
            return None

    def read(self, attempt: str, offset: int, limit: int) -> bytes:
        with open(self.path(attempt), "rb") as file:
            file.seek(offset)
            return file.read(limit)

    async def write(self, attempt: str, chunks: AsyncIterator[bytes]) -> None:
        """Whole or not at all: a half-written one never takes the final name."""
        final = self.path(attempt)
        paths.private(os.path.dirname(final))
        part = f"{final}.part"
        fd = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
        try:
            with open(fd, "wb") as file:
                async for chunk in chunks:
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            os.rename(part, final)
        except BaseException:
            os.unlink(part)
            raise
