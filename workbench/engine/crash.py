"""Named moments at which a test may kill the engine, as kill -9 would. Every one of them is tried by the tests."""

from __future__ import annotations

import os
import signal

POINTS = (
    "before-commit",  # decided, nothing on disk
    "after-commit",  # on disk, nobody told, nothing done
    "before-launch",  # the effect is known to the hands
    "before-start",  # code and environment are there, the order is not out
    "after-start",  # the supervisor has it
    "before-stop",  # somebody wants it cancelled, the machine was not told
    "before-settle",  # the end was heard, and is not on disk
    "before-collect",  # the end is on disk, the log still on the machine
    "amid-artifact",  # some of a file is home
    "before-record",  # all files are home, and none on record
    "before-forget",  # all is home, the machine not told
)

_CHOSEN = os.environ.pop("WORKBENCH_ENGINE_CRASH", "")
"""POINT or POINT:N, for the Nth time that it is reached. Taken out of what runs inherit."""

_name, _, _count = _CHOSEN.partition(":")
_left = int(_count or 1)


def here(point: str) -> None:
    """Die here, if this is where a test wants it."""
    global _left
    if point == _name:
        _left -= 1
        if _left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
