"""Blobs that are too large for one frame: they come in pieces, and go on where a broken road left them.

What has come of NAME lies in ROOT/blobs/NAME.part; a day after the last piece it counts as forgotten (attic.py).
"""

from __future__ import annotations

import hashlib
import os
from typing import Iterable

from .tree import blob_path

_CHUNK = 1 << 20


def begun(root: str, names: Iterable[str]) -> dict[str, int]:
    """Of these blobs, those that are not here whole, and how many bytes of each are. Raises ValueError."""
    found = {}
    for name in names:
        path = blob_path(root, name)
        if not os.path.exists(path):
            try:
                found[name] = os.stat(path + ".part").st_size
            except FileNotFoundError:
                found[name] = 0
    return found


def add(root: str, name: str, offset: int, content: bytes) -> None:
    """Raises ValueError where what comes before it is not here, OSError."""
    path = blob_path(root, name)
    if os.path.exists(path):
        return
    fd = os.open(path + ".part", os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    with open(fd, "wb", buffering=0) as file:
        if not 0 <= offset <= os.fstat(fd).st_size:
            raise ValueError("a piece of blob {} is missing before {}".format(name, offset))
        rest = memoryview(content)
        file.seek(offset)
        while rest:
            rest = rest[file.write(rest) :]


def settle(root: str, names: Iterable[str]) -> None:
    """All has come of these. Raises ValueError where that is not what the name says: then none of it is left."""
    for name in begun(root, names):
        path = blob_path(root, name)
        digest = hashlib.sha256()
        with open(path + ".part", "rb") as file:
            for chunk in iter(lambda: file.read(_CHUNK), b""):  # noqa: B023 - called at once
                digest.update(chunk)
            os.fchmod(file.fileno(), 0o400)
            os.fsync(file.fileno())
        if digest.hexdigest() != name:
            os.unlink(path + ".part")
            raise ValueError("the content of blob {} arrived damaged".format(name))
        os.rename(path + ".part", path)
