"""What only the terminal can do: its clipboard and its own messages, also from within tmux, and images."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping

from workbench.present.sanitise import clean


def in_tmux(environment: Mapping[str, str] = os.environ) -> bool:
    return bool(environment.get("TMUX"))


def knows_images(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether it surely draws images that are placed by characters (`present.graphics`).

    TERM alone says so, over SSH too. A terminal that is asked answers among the keys, later than it takes to open on a
    slow line; and KITTY_WINDOW_ID or TERM_PROGRAM are inherited by whatever other terminal is started from there.
    """
    between = any(environment.get(name) for name in ("TMUX", "STY", "ZELLIJ"))
    return environment.get("TERM") in ("xterm-kitty", "xterm-ghostty") and not between


def message(text: str, tmux: bool) -> str:
    """OSC 9 (iTerm2, WezTerm, Windows Terminal, Ghostty, foot, ...): a message of the desktop's.

    tmux hands it on only in an envelope of its own, and where `allow-passthrough` is on.
    """
    said = f"\x1b]9;{clean(text)}\x07"
    return "\x1bPtmux;" + said.replace("\x1b", "\x1b\x1b") + "\x1b\\" if tmux else said


async def copy_by_tmux(text: str) -> bool:
    """Into tmux's buffer, and by `-w` (tmux 3.2) on into the clipboard: a bare OSC 52 it would ignore.

    False where tmux would not take it.
    """
    try:
        tmux = await asyncio.create_subprocess_exec(
            *("tmux", "load-buffer", "-w", "-"),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
    except OSError:
        return False
    await tmux.communicate(text.encode())
    return tmux.returncode == 0
