"""Freeze a project's code: the files as they are now, each a blob, and a manifest that names them.

The manifest is a blob too, and its sha256 is the snapshot's id: the same files give the same snapshot, whoever
submits them from wherever. Everything here blocks; the engine calls it in a thread.
"""

from __future__ import annotations

import json
import os
import stat
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from workbench.domain.run import Code
from workbench.engine import git
from workbench.engine.blobs import Blobs
from workbench.engine.tree import Found, find, unreadable
from workbench.remote.machines.base import TreeEntry
from workbench.settings import Project

SETTLED_NS = 2_000_000_000
"""A file that changed this shortly before it was read may change again within one tick of its clock: it is read
again next time. Two seconds cover the coarsest file systems."""

Identity = tuple[int, int, int, int]
"""size, mtime_ns, ctime_ns, inode: while they stay, so does the content."""

Known = dict[str, tuple[Identity, str]]
"""path -> who the file was when it was read, and its sha256."""
_UNKNOWN = ((), "")
TOGETHER = 4
"""Files stored at once: most of it is waiting for the disk."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """A project's code at one moment."""

    code: Code
    tree: tuple[TreeEntry, ...]
    size: int
    """Bytes of all its files."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Paths in the snapshot -> absolute paths that a run uses in place."""
    warnings: tuple[str, ...] = ()
    """What was left out that somebody may miss, a sentence each."""


class Snapshots:
    """Freezes code into one store of blobs, and remembers what it has read of unchanged files."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self._known: dict[str, Known] = {}
        """By project directory."""

    def freeze(self, project: Project) -> Frozen:
        """Raises SnapshotTooLarge before anything is stored, UsageError in git's words, HistoryFull."""
        found = find(project)
        entries = self._read(project.directory, found)
        manifest = json.dumps([[e.path, e.kind, e.content, e.size] for e in entries], separators=(",", ":"))
        snapshot = self._blobs.put(manifest.encode())
        return Frozen(self._code(project, snapshot, found.checkout), entries, found.size, found.links, found.warnings)

    def _code(self, project: Project, snapshot: str, checkout: git.Checkout | None) -> Code:
        if not checkout:
            return Code(snapshot)
        diff = self._blobs.put(git.diff(project.directory)) if checkout.commit and checkout.edited else ""
        return Code(snapshot, checkout.commit, checkout.branch, checkout.changes, diff)

    def tree(self, snapshot: str) -> tuple[TreeEntry, ...]:
        """What a snapshot holds. Raises HistoryError where it is gone, HistoryCorrupt where it is damaged."""
        return tuple(TreeEntry(*entry) for entry in json.loads(self._blobs.get(snapshot)))

    def _read(self, directory: str, found: Found) -> tuple[TreeEntry, ...]:
        before, now = self._known.get(directory, {}), time.time_ns()
        known: Known = {}
        entries = [TreeEntry(path, "link", target, len(os.fsencode(target))) for path, target in found.targets.items()]
        changed = [path for path, seen in found.files.items() if before.get(path, _UNKNOWN)[0] != _identity(seen)]
        with ThreadPoolExecutor(TOGETHER) as pool:
            stored = dict(zip(changed, pool.map(partial(self._store, directory), changed), strict=True))
        for path, seen in found.files.items():
            identity, content, size = stored.get(path) or (*before[path], seen.st_size)
            if max(identity[1:3]) < now - SETTLED_NS:
                known[path] = identity, content
            entries.append(TreeEntry(path, "executable" if seen.st_mode & stat.S_IXUSR else "file", content, size))
        self._known[directory] = known
        entries.sort(key=lambda entry: entry.path)
        return tuple(entries)

    def _store(self, directory: str, path: str) -> tuple[Identity, str, int]:
        """Who the file was before it was read, its sha256, and how many bytes were read."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with open(os.open(os.path.join(directory, path), flags), "rb") as stream:
                identity = _identity(os.fstat(stream.fileno()))
                return identity, *self._blobs.put_file(stream)
        except OSError as problem:
            raise unreadable(path, problem) from None


def _identity(seen: os.stat_result) -> Identity:
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino
