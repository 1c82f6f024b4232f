"""The uv that came with us: what it prints, or why it refuses."""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Sequence
from functools import cache

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b.")
_PASSWORD = re.compile(r"(?<=://)[^/\s@]+@")
_NETWORK = re.compile(
    r"error sending request|dns error|tcp connect|connection refused|network was disabled|timed out", re.IGNORECASE
)


class Failed(Exception):
    """uv ended with an error."""

    def __init__(self, said: str) -> None:
        self.words = _PASSWORD.sub("***@", _ANSI.sub("", said)).strip()
        """What it said, without colours and passwords."""
        super().__init__(self.words)

    @property
    def by_network(self) -> bool:
        """Whether it could not reach what it asked."""
        return bool(_NETWORK.search(self.words))

    @property
    def reason(self) -> str:
        """One line of it."""
        return self.words.partition("\n")[0].removeprefix("error: ") or "uv gave no reason"


async def says(words: Sequence[str], *, directory: str, stdin: str = "") -> str:
    """What `uv WORDS` prints in that directory. Raises Failed."""
    # The engine's own virtual environment, or its first client's, is not the project's.
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "CONDA_PREFIX")}
    process = await asyncio.create_subprocess_exec(
        *(program(), *words),
        cwd=directory,
        env=environment | {"NO_COLOR": "1", "GIT_TERMINAL_PROMPT": "0"},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,  # no terminal to ask for a password on
    )
    try:
        out, said = await process.communicate(stdin.encode())
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        raise Failed(said.decode(errors="replace"))
    return out.decode()


@cache
def program() -> str:
    import uv  # its import looks for the binary

    return uv.find_uv_bin()
