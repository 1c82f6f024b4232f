"""Named points at which a test may kill this process, to see that nothing is ever started twice.

WORKBENCH_CRASH=POINT arms one. In production none is armed and a point costs a comparison.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "before-hand-over",  # agent: the directory is made, no supervisor knows of it
    "after-hand-over",  # agent: a supervisor has the lane, the engine was not told
    "before-fate",  # supervisor: the work directory is ready
    "after-link",  # supervisor: the fate is taken, not yet on disk
    "after-fate",  # supervisor: the fate is on disk, nothing was executed
    "after-spawn",  # supervisor: the command runs, nobody was told
    "before-exit-record",  # supervisor: the command has ended, nothing says so
    "after-exit-record",  # supervisor: it is on record, nobody was told
)

armed = os.environ.get("WORKBENCH_CRASH", "")


def here(point: str) -> None:
    if point == armed:
        os.kill(os.getpid(), signal.SIGKILL)
