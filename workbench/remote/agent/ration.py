"""The memory that an attempt asked for, and whether its processes keep to it.

Nobody says when they don't, so they are looked at: as often as helps, for a hundredth of a core at most.
"""

from __future__ import annotations

import math
import os
import time

from . import processes

_PAUSE = 1.0  # seconds from one look to the next
_SHARE = 0.01  # of the time, that looking may take


class Ration:
    """`size`: bytes that all that descends from this process may take; 0: as much as they like."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.taken = 0
        self.due = time.monotonic() + _PAUSE if size else math.inf

    def exceeded(self) -> bool:
        """Look, if it is time to."""
        began = time.monotonic()
        if began < self.due:
            return False
        table = processes.everyone()
        family = [table[pid] for pid in processes.descendants(table, [os.getpid()])]
        self.taken = processes.memory(family, self.size)
        now = time.monotonic()
        self.due = now + max(_PAUSE, (now - began) / _SHARE)
        return self.taken > self.size

    def words(self) -> str:
        """Such as: used 9.1 GB, asked for 8 GB."""
        return "used {}, asked for {}".format(_size(self.taken), _size(self.size))


def _size(count: float) -> str:
    units = ["B", "kB", "MB", "GB", "TB"]
    while count >= 999.5 and len(units) > 1:
        count /= 1000
        del units[0]
    return "{:.3g} {}".format(count, units[0])
