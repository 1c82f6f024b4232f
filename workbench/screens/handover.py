"""Work that is done by the command line: it gets the terminal, or it works beside."""

from __future__ import annotations

import asyncio
import subprocess
import sys

from textual.app import App

from workbench.present.sanitise import clean_bytes

_CLI = (sys.executable, "-c", "import sys; from workbench.cli import main; sys.exit(main())")


async def hand_over(app: App[int], *words: str) -> None:
    """The terminal to a verb, until that is done with it."""
    with app.suspend():
        await asyncio.to_thread(subprocess.run, [*_CLI, *words], check=False)
    app.refresh()


async def beside(*words: str) -> tuple[bool, str]:
    """Whether the verb did what it was asked, and what it said."""
    done = await asyncio.to_thread(
        subprocess.run, [*_CLI, *words], stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    return done.returncode == 0, clean_bytes(done.stderr if done.returncode else done.stdout).strip()
