"""Who has a GPU: a lock on its device file, held by the supervisor of the attempt that uses it.

The device file is the one thing that all users of a machine share, so two engines that know nothing of each other
can't both have it; and the kernel takes the lock back from whatever dies.
"""

from __future__ import annotations

import fcntl
import os
from typing import Any, NamedTuple, Sequence

from . import gpus, owners

_LOCKS = "/proc/locks"


class Holder(NamedTuple):
    """Who has a device that somebody else wanted: by a lease, where nothing more is said."""

    device: str
    pid: int
    """0 where the kernel does not say."""
    user: str
    process: dict[str, Any] | None = None
    """The stranger that computes there, as samples show it."""
    lost: str = ""
    """What the driver says, where the device itself is gone."""


def take(devices: Sequence[str]) -> tuple[list[int], Holder | None]:
    """Descriptors that hold all of these while they are open; none of them and who is in the way, where one is taken.

    Raises OSError where a device can't be opened."""
    files = gpus.files()
    held: list[int] = []
    # In one order: of two that want the same devices one gets them, rather than each a half and neither all.
    for device in sorted(devices):
        if device not in files:
            continue  # no file stands for it: nothing to hold
        try:
            held.append(_lock(files[device]))
        except BlockingIOError:
            release(held)
            pid = holders().get(device, 0)
            return [], Holder(device, pid, owners.user(pid) if pid else "")
        except OSError:
            release(held)
            raise
    return held, None


def release(held: list[int]) -> None:
    while held:
        os.close(held.pop())


def holders() -> dict[str, int]:
    """Of the devices that someone has, the pid that took each; 0 for one in a pid namespace that we don't see."""
    locked = _locked()
    found = {}
    for device, path in gpus.files().items():
        try:
            seen = os.stat(path)
        except OSError:
            continue
        key = "{:02x}:{:02x}:{}".format(os.major(seen.st_dev), os.minor(seen.st_dev), seen.st_ino)
        if key in locked:
            found[device] = max(0, locked[key])
    return found


def _locked() -> dict[str, int]:
    """File, as device and inode -> pid, as far as the kernel tells."""
    found = {}
    try:
        with open(_LOCKS) as file:
            for line in file:
                fields = line.split()
                if fields[1] == "FLOCK":  # not `->`: that one only waits
                    found[fields[5]] = int(fields[4])
    except OSError:
        pass  # a sandbox that hides it; whether a lock can be had is known without it
    return found


def _lock(path: str) -> int:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(fd)
        raise
    return fd
