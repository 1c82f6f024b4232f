"""Artifacts brought into a directory here, as `workbench pull` does, with how far that has come."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from workbench.client.content import Content
from workbench.client.landing import Landing
from workbench.domain.progress import BYTES, Progress
from workbench.domain.run import Run
from workbench.errors import WorkbenchError
from workbench.present.progress import told
from workbench.screens.desk import Desk

STEP = 1 << 20
"""Bytes asked for at once: what is on its way can be given up within one of them."""


def default_directory(run: Run) -> str:
    """The run's name below the current directory, or its id where that is no name for one."""
    return run.id if "/" in run.name or run.name in (".", "..") else run.name


async def pull(
    desk: Desk, run: Run, artifacts: Sequence[Mapping[str, Any]], directory: str, tell: Callable[[str], None]
) -> None:
    """Nothing half done stays where it is given up. tell: takes how far it has come."""
    total = sum(artifact["size"] for artifact in artifacts)
    place = os.path.expanduser(directory)
    done = 0
    try:
        with Landing(place) as landing:
            landing.check([artifact["name"] for artifact in artifacts])
            for artifact in artifacts:
                content = Content(run.id, artifact, STEP)
                with landing.file(artifact["name"]) as file:
                    while asked := content.wanted:
                        tell(told(Progress(f"pulling {artifact['name']}", done, total, BYTES)))
                        data = content.take(await desk.ask("pull", **asked))
                        await asyncio.to_thread(file.write, data)
                        done += len(data)
                    content.check()
    except WorkbenchError as problem:
        tell("")
        desk.say(f"{problem.message}. {problem.hint}".removesuffix(". "), trouble=True)
        return
    tell("")
    desk.say(f"in {place}: " + ", ".join(str(artifact["name"]) for artifact in artifacts))
