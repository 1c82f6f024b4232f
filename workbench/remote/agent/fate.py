"""The compare-and-set that makes an attempt start at most once.

`fate` is linked into the attempt's directory by whoever comes first: a supervisor that is about to execute it,
or somebody who never wants it executed. link(2) fails for all others, on every file system and after every
crash. Content and name are on disk before the winner goes on.
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple, Union

from .leases import Holder
from .processes import Identity


class Start(NamedTuple):
    supervisor: Identity
    spec: str
    """sha256 of spec.json."""
    at: int
    """Microseconds since the epoch."""


class Void(NamedTuple):
    taken: Holder | None = None
    """Who had a device that it was to get, where that is why."""


Fate = Union[Start, Void]

# Linked, but its content never reached the disk: the power failed. It may have started, so it never will again.
TORN = Start(Identity("", "", 0, 0), "", 0)


def take(directory: str, fate: Fate) -> bool:
    """Make this its fate; False where it has one. It is not on disk before `keep`. Raises OSError."""
    if isinstance(fate, Void):
        content: dict[str, Any] = {"void": True, "taken": fate.taken}
    else:
        content = {"start": {"supervisor": fate.supervisor, "spec": fate.spec, "at": fate.at}}
    draft = os.path.join(directory, "fate.{}".format(os.getpid()))
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, json.dumps(content).encode("ascii") + b"\n")
        os.link(draft, os.path.join(directory, "fate"))
    except FileExistsError:
        return False
    finally:
        os.close(fd)
        os.unlink(draft)
    return True


def keep(directory: str) -> None:
    """Have the fate on disk, its content and its name. Raises OSError."""
    sync(os.path.join(directory, "fate"))
    sync(directory)


def sync(path: str) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def read(directory: str) -> Fate | None:
    try:
        fd = os.open(os.path.join(directory, "fate"), os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        content = os.read(fd, 4096)
    finally:
        os.close(fd)
    try:
        record = json.loads(content)
        if "void" in record:
            taken = record.get("taken")
            return Void(Holder(*taken) if taken else None)
        start = record["start"]
        return Start(Identity(*start["supervisor"]), start["spec"], start["at"])
    except (ValueError, KeyError, TypeError):
        return TORN
