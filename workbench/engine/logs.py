"""The logs of attempts that are over, one file each, as they came from the machine."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator

from workbench import paths
from workbench.domain.search import Found, Query
from workbench.errors import EngineError
from workbench.remote.agent import find
from workbench.remote.machines.asking import asked, found

GIVE_UP = 3 * find.PATIENCE
"""Seconds until a search is ended that does not end itself."""


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

    async def find(self, attempt: str, query: Query, offset: int, back: bool, count: int) -> Found:
        """The next step of a search, as a machine does it: in a process of its own, which no pattern outlives."""
        question = {"path": self.path(attempt), **asked(query, offset, back, count)}
        pipe = asyncio.subprocess.PIPE
        words = (sys.executable, "-I", "-S", find.__file__)
        process = await asyncio.create_subprocess_exec(*words, stdin=pipe, stdout=pipe, stderr=pipe)
        try:
            async with asyncio.timeout(GIVE_UP):
                answer, complaint = await process.communicate(json.dumps(question).encode())
        except TimeoutError:
            raise EngineError("the search through the log did not end") from None
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            words_said = complaint.decode(errors="replace")
            raise EngineError("the log could not be searched", words=words_said)
        return found(json.loads(answer))

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
