"""Open files of a process that goes its own way."""

from __future__ import annotations

import os


def let_go(needed: set[int]) -> None:
    """Keep only these: whoever waits for the others to be closed must not wait for us."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        if fd > 2 and fd not in needed:
            try:
                os.close(fd)
            except OSError:
                pass  # the listing's own
