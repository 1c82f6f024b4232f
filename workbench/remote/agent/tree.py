"""Snapshots: blobs come once, make read-only trees, and each attempt works on a copy of one.

Copies are clones where the file system can, never hard links: a run may write to what it works on.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import stat
from typing import Any, Iterable

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FICLONE = 0x40049409
_MODES = {"file": 0o400, "executable": 0o500}


def named(root: str, kind: str, name: str) -> str:
    """Where something that the engine names lies: `snapshots`, `environments`, `blobs`. Raises ValueError."""
    if not _NAME.fullmatch(name):
        raise ValueError("{!r} is not a name for one of the {}".format(name, kind))
    return os.path.join(root, kind, name)


def blob_path(root: str, name: str) -> str:
    """Where its content lies. Raises ValueError."""
    if not _SHA256.fullmatch(name):
        raise ValueError("{!r} is not a sha256".format(name))
    return os.path.join(root, "blobs", name)


def inside(path: str) -> str:
    """`path`, if it leads somewhere below where it starts. Raises ValueError."""
    parts = path.split("/")
    if not path or "\0" in path or ".." in parts or "" in parts or "." in parts:
        raise ValueError("{!r} is not a path within the snapshot".format(path))
    return path


def missing(root: str, blobs: Iterable[str]) -> list[str]:
    return [blob for blob in blobs if not os.path.exists(blob_path(root, blob))]


def keep_blob(root: str, name: str, content: bytes) -> None:
    """Raises ValueError where the content is not what its name says."""
    if hashlib.sha256(content).hexdigest() != name:
        raise ValueError("the content of blob {} arrived damaged".format(name))
    path = blob_path(root, name)
    draft = "{}.{}".format(path, os.getpid())
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o400)
    try:
        with open(fd, "wb") as file:
            file.write(content)
        os.rename(draft, path)
    except OSError:
        os.unlink(draft)
        raise


def plant(root: str, snapshot: str, entries: list[dict[str, Any]]) -> None:
    """Make the snapshot's tree of blobs that are here, once. Raises ValueError, OSError."""
    final = named(root, "snapshots", snapshot)
    if os.path.isdir(final):
        return
    draft = os.path.realpath("{}.{}".format(final, os.getpid()))
    shutil.rmtree(draft, ignore_errors=True)
    os.mkdir(draft, 0o700)
    try:
        # Links last: nothing is written through one.
        links = [entry for entry in entries if entry["kind"] == "link"]
        for entry in entries:
            if entry["kind"] != "link":
                _copy_file(blob_path(root, entry["content"]), _place(draft, entry), _MODES[entry["kind"]])
        for entry in links:
            os.symlink(entry["content"], _place(draft, entry))
        for entry in links:
            _check_link(draft, entry)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    try:
        os.rename(draft, final)
    except OSError:  # another agent was faster
        shutil.rmtree(draft, ignore_errors=True)
        if not os.path.isdir(final):
            raise


def _place(tree: str, entry: dict[str, Any]) -> str:
    path = os.path.join(tree, inside(entry["path"]))
    parent = os.path.dirname(path)
    os.makedirs(parent, mode=0o700, exist_ok=True)
    if os.path.realpath(parent) != parent:
        raise ValueError("{!r} lies behind a link".format(entry["path"]))
    return path


def _check_link(tree: str, entry: dict[str, Any]) -> None:
    # Resolved, not only read: a link may lead out by way of another.
    landing = os.path.realpath(os.path.join(tree, entry["path"]))
    if os.path.isabs(entry["content"]) or os.path.commonpath([tree, landing]) != tree:
        raise ValueError("the link {!r} leads out of the snapshot, to {!r}".format(entry["path"], entry["content"]))


def copy(tree: str, work: str) -> None:
    """Fill the empty directory `work` with what is in `tree`, writable. Raises OSError."""
    for entry in os.scandir(tree):
        target = os.path.join(work, entry.name)
        if entry.is_symlink():
            os.symlink(os.readlink(entry.path), target)
        elif entry.is_dir():
            os.mkdir(target, 0o700)
            copy(entry.path, target)
        else:
            seen = entry.stat()
            _copy_file(entry.path, target, stat.S_IMODE(seen.st_mode) | 0o200)
            os.utime(target, ns=(seen.st_atime_ns, seen.st_mtime_ns))


def remove_unchanged(tree: str, work: str) -> None:
    """Remove from `work` what is there as in `tree`, and directories that are empty then."""
    for entry in list(os.scandir(work)):
        twin = os.path.join(tree, entry.name)
        if entry.is_dir(follow_symlinks=False):
            remove_unchanged(twin, entry.path)
            _remove_if_empty(entry.path)
        elif same(entry, twin):
            os.unlink(entry.path)


def same(entry: "os.DirEntry[str]", twin: str) -> bool:
    """Whether a copy is as it was when it was made of its twin."""
    try:
        seen, model = entry.stat(follow_symlinks=False), os.lstat(twin)
    except OSError:
        return False
    if stat.S_IFMT(seen.st_mode) != stat.S_IFMT(model.st_mode):
        return False
    if stat.S_ISLNK(seen.st_mode):
        return os.readlink(entry.path) == os.readlink(twin)
    return (seen.st_size, seen.st_mtime_ns) == (model.st_size, model.st_mtime_ns)


def _remove_if_empty(path: str) -> None:
    try:
        os.rmdir(path)
    except OSError:
        pass


def _copy_file(source: str, target: str, mode: int) -> None:
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW)
    try:
        writing = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, mode)
        try:
            try:
                fcntl.ioctl(writing, _FICLONE, reading)
            except OSError:
                with open(reading, "rb", closefd=False) as whole, open(writing, "wb", closefd=False) as copied:
                    shutil.copyfileobj(whole, copied, 1 << 20)
        finally:
            os.close(writing)
    finally:
        os.close(reading)
