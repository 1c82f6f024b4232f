"""Environments: built once by uv, however many agents and runs ask, and kept until nobody needs them.

ROOT/environments/ID.lock is held alone by who builds or removes ID, shared by each supervisor that uses it. The
file `complete`, written last, tells a built one from what a crash left.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from typing import Iterable

from .errand import Complaint, Tell
from .installer import Wanted, install
from .tree import named


def build(root: str, wanted: Wanted, tell: Tell) -> str:
    """The environment's path, once it is there. Raises Complaint with uv's words: `no-index` with the platform,
    where it takes packages that only a network could bring, `build` for everything else."""
    path = named(root, "environments", wanted.name)
    if is_built(path):
        return path
    lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_built(path):
            _remove(path)
            install(root, path, wanted, tell)
            os.close(os.open(os.path.join(path, "complete"), os.O_WRONLY | os.O_CREAT, 0o600))
    finally:
        os.close(lock)
    return path


def is_built(path: str) -> bool:
    return os.path.exists(os.path.join(path, "complete"))


def use(root: str, name: str) -> int:
    """Keep the environment from being removed while the descriptor is open. Raises Complaint where it is not built."""
    path = named(root, "environments", name)
    lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.utime(os.path.join(path, "complete"))
    except OSError as error:
        os.close(lock)
        raise Complaint("agent", "the environment {} is not built here".format(name)) from error
    return lock


def prune(root: str, keep: Iterable[str]) -> tuple[list[str], int]:
    """Remove all but these and those in use; which went, and the bytes that came free."""
    kept = set(keep)
    gone, freed = [], 0
    directory = os.path.join(root, "environments")
    for entry in sorted(os.listdir(directory)):
        path = os.path.join(directory, entry)
        if entry in kept or not os.path.isdir(path):
            continue
        lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            continue
        else:
            freed += _own_bytes(path)
            _remove(path)
            gone.append(entry)
        finally:
            os.close(lock)
    return gone, freed


def _remove(path: str) -> None:
    # The mark goes first: what is left by a crash is no environment.
    try:
        os.unlink(os.path.join(path, "complete"))
    except FileNotFoundError:
        pass
    if os.path.isdir(path):
        shutil.rmtree(path)


def _own_bytes(path: str) -> int:
    """What its removal sets free: files that uv's cache holds as well stay where they are."""
    total = 0
    for directory, _, names in os.walk(path):
        for name in names:
            seen = _lstat(os.path.join(directory, name))
            if seen is not None and stat.S_ISREG(seen.st_mode) and seen.st_nlink == 1:
                total += seen.st_size
    return total


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None
