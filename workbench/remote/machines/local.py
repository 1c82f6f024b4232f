"""This machine: the same agent as everywhere, at the other end of two pipes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import workbench
from workbench.errors import Unreachable
from workbench.paths import private
from workbench.remote import agent
from workbench.remote.machines.base import Machine
from workbench.remote.machines.channel import Channel

_AGENT_LOG = "agent.log"
_PATIENCE = 5.0  # seconds that an agent has to notice that we are gone


async def connect(root: str, name: str = "local") -> Machine:
    """Start an agent of our own on what lies under `root`. Raises Unreachable."""
    from uv import find_uv_bin

    try:
        private(root)
        with open(os.path.join(root, _AGENT_LOG), "ab") as log:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-I", str(Path(agent.__file__).parent), root),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd="/",
                start_new_session=True,
                limit=1 << 20,
            )
    except OSError as error:
        raise Unreachable(f"no agent can be started on {root}: {error}") from error
    assert process.stdin and process.stdout

    async def end() -> None:
        # It ends by itself when its input does.
        try:
            await asyncio.wait_for(process.wait(), _PATIENCE)
        except TimeoutError:
            process.kill()
            await process.wait()

    return await Channel.open(name, process.stdout, process.stdin, tracking=tracking(), uv=find_uv_bin(), end=end)


def tracking() -> bytes:
    """What `import workbench` finds in a run."""
    return Path(workbench.__file__).read_bytes()
