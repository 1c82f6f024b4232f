"""What nobody will ask for again."""

from __future__ import annotations

import os
import shutil
import time
from typing import Iterator

from .attempt import Attempt, Ended, Fenced, Vanished

_KEPT = 30 * 86400.0  # seconds that a bare fate is kept to stop late starts
_DRAFT = 86400.0


def clear(root: str) -> None:
    """Remove old fates that are all that is left of their attempts, and drafts that a crash left."""
    for entry in _older(os.path.join(root, "attempts"), _KEPT):
        if os.listdir(entry.path) == ["fate"]:
            os.unlink(os.path.join(entry.path, "fate"))
            os.rmdir(entry.path)
    for kind in ("snapshots", "blobs"):
        for entry in _older(os.path.join(root, kind), _DRAFT):
            if "." in entry.name:
                shutil.rmtree(entry.path) if entry.is_dir() else os.unlink(entry.path)


def leftovers(root: str, limit: int) -> list[str]:
    """Attempts that are over and of which more than a fate is left, `limit` of them at most."""
    found: list[str] = []
    with os.scandir(os.path.join(root, "attempts")) as entries:
        for entry in entries:
            if len(found) < limit and os.path.exists(os.path.join(entry.path, "lock")):
                attempt = Attempt(root, entry.name)
                if isinstance(attempt.state(), (Ended, Vanished, Fenced)):
                    found.append(attempt.id)
    return found


def _older(directory: str, age: float) -> "Iterator[os.DirEntry[str]]":
    before = time.time() - age
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.stat(follow_symlinks=False).st_mtime < before:
                yield entry
