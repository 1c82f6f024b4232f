"""What people have set for themselves, keys and colours, and that it is read again when they change a file of it.

Files are looked at rather than watched: a notice of the kernel's does not come for what another machine writes to a
home on NFS, and needs a directory that is there. A look costs some stat calls, in a thread of its own, since a file
server may take its time.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field

from workbench import keymap, paths, settings, themes
from workbench.errors import ConfigError
from workbench.keymap import Keymap
from workbench.settings import Notify
from workbench.themes import Palette

LOOK_SECONDS = 1.0
Stamp = tuple[tuple[str, int, int, int], ...]
"""(path, inode, bytes, nanoseconds of its last change) of each file."""


@dataclass(frozen=True, slots=True)
class Personal:
    keys: Keymap = Keymap()
    palettes: Mapping[str, Palette] = field(default_factory=dict)
    """By name: those that come with the workbench, too."""
    theme: str = themes.DEFAULT
    """The one that config.toml asks for. There may be none of that name."""
    notify: Notify = Notify()
    problems: Sequence[ConfigError] = ()
    """What is wrong, each beginning with FILE:LINE."""


def read(before: Personal | None = None) -> Personal:
    """As the files say now. Of a file that is broken, what it said before."""
    before = before or Personal()
    problems: list[ConfigError] = []
    keys, theme, notify = before.keys, before.theme, before.notify
    try:
        keys = keymap.load()
    except ConfigError as problem:
        problems.append(problem)
    try:
        user = settings.load_user()
        theme, notify = user.theme or themes.DEFAULT, user.notify
    except ConfigError as problem:
        problems.append(problem)
    palettes, broken = themes.available()
    unread = {problem.evidence.get("file") for problem in broken}
    kept = {name: palette for name, palette in before.palettes.items() if palette.path in unread}
    return Personal(keys, {**palettes, **kept}, theme, notify, (*problems, *broken))


async def changes(seconds: float = LOOK_SECONDS) -> AsyncIterator[None]:
    """Whenever a file of the user's has changed, and has come to rest since: an editor may write it piece by piece."""
    known = seen = await asyncio.to_thread(_stamp)
    while True:
        await asyncio.sleep(seconds)
        before, seen = seen, await asyncio.to_thread(_stamp)
        if seen == before != known:
            known = seen
            yield


def _stamp() -> Stamp:
    config = paths.config()
    files = [os.path.join(config, "config.toml"), keymap.path()]
    folder = os.path.join(config, "themes")
    try:
        files += sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".toml"))
    except OSError:
        pass
    return tuple(_stamp_of(file) for file in files)


def _stamp_of(file: str) -> tuple[str, int, int, int]:
    try:
        seen = os.stat(file)
    except OSError:
        return file, 0, 0, 0
    return file, seen.st_ino, seen.st_size, seen.st_mtime_ns
