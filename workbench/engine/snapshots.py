"""Freeze a project's code: the files as they are now, each a blob, and a manifest that names them.

The manifest is a blob too, and its sha256 is the snapshot's id: the same files give the same snapshot, whoever
submits them from wherever. Everything here blocks; the engine calls it in a thread.
"""

from __future__ import annotations

import heapq
import json
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain

from workbench.domain.resources import format_size
from workbench.domain.run import Code
from workbench.engine import git
from workbench.engine.blobs import Blobs
from workbench.engine.patterns import USUAL, covering, matcher
from workbench.errors import SnapshotTooLarge, UsageError
from workbench.remote.machines.base import TreeEntry
from workbench.settings import Project, SnapshotSettings

MAX_FILES = 50_000
"""More is not code. Also what keeps a walk through somebody's home short."""

SETTLED_NS = 2_000_000_000
"""A file that changed this shortly before it was read may change again within one tick of its clock: it is read
again next time. Two seconds cover the coarsest file systems."""

Identity = tuple[int, int, int, int]
"""size, mtime_ns, ctime_ns, inode: while they stay, so does the content."""

Known = dict[str, tuple[Identity, str]]
"""path -> who the file was when it was read, and its sha256."""


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
        found = _find(project)
        _check_size(found.files, project.snapshot)
        links = _links(project)
        tree = self._read(project.directory, found)
        manifest = json.dumps([[e.path, e.kind, e.content, e.size] for e in tree], separators=(",", ":"))
        code = Code(self._blobs.put(manifest.encode()))
        if git_sees := found.checkout:
            diff = self._blobs.put(git.diff(project.directory)) if git_sees.commit and git_sees.edited else ""
            code = Code(code.snapshot, git_sees.commit, git_sees.branch, git_sees.changes, diff)
        size = sum(seen.st_size for seen in found.files.values())
        return Frozen(code, tree, size, links, found.warnings)

    def tree(self, snapshot: str) -> tuple[TreeEntry, ...]:
        """What a snapshot holds. Raises HistoryError where it is gone, HistoryCorrupt where it is damaged."""
        return tuple(TreeEntry(*entry) for entry in json.loads(self._blobs.get(snapshot)))

    def _read(self, directory: str, found: _Found) -> tuple[TreeEntry, ...]:
        before, now = self._known.get(directory, {}), time.time_ns()
        known: Known = {}
        tree = [TreeEntry(path, "link", target, len(os.fsencode(target))) for path, target in found.targets.items()]
        for path, seen in found.files.items():
            identity, content = before.get(path, ((), ""))
            size = seen.st_size
            if identity != _identity(seen):
                identity, content, size = self._store(directory, path)
            if max(identity[1:3]) < now - SETTLED_NS:
                known[path] = identity, content
            tree.append(TreeEntry(path, "executable" if seen.st_mode & stat.S_IXUSR else "file", content, size))
        self._known[directory] = known
        tree.sort(key=lambda entry: entry.path)
        return tuple(tree)

    def _store(self, directory: str, path: str) -> tuple[Identity, str, int]:
        """Who the file was before it was read, its sha256, and how many bytes were read."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        try:
            with open(os.open(os.path.join(directory, path), flags), "rb") as stream:
                identity = _identity(os.fstat(stream.fileno()))
                return identity, *self._blobs.put_file(stream)
        except OSError as problem:
            hint = "make it readable, or name it under [snapshot] exclude in workbench.toml"
            raise UsageError(f"{path} can't be read: {problem.strerror}", hint=hint) from None


def _identity(seen: os.stat_result) -> Identity:
    return seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns, seen.st_ino


@dataclass(frozen=True, slots=True)
class _Found:
    """What belongs to a snapshot, before any of it is read."""

    checkout: git.Checkout | None
    files: Mapping[str, os.stat_result]
    targets: Mapping[str, str]
    """Symbolic links that stay inside, and where they point."""
    warnings: tuple[str, ...]


def _find(project: Project) -> _Found:
    directory, settings = project.directory, project.snapshot
    asked_for = matcher(settings.exclude), covering(settings.link)
    left_out, usual = _any(*asked_for), _any(matcher(USUAL), *asked_for)
    warnings: list[str] = []
    checkout = _checkout(project, warnings)
    if checkout:
        paths: Iterable[str] = chain(
            (path for path in checkout.tracked if not left_out(path)),
            (path for path in checkout.untracked if not usual(path)),
        )
    else:
        paths = _walk(directory, usual, warnings)
    files: dict[str, os.stat_result] = {}
    targets: dict[str, str] = {}
    through_link = _links_on_the_way(directory)
    for path in paths:
        try:
            seen = os.lstat(os.path.join(directory, path))
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted, and git has not been told
        if through_link(os.path.dirname(path)):
            continue  # a directory that was replaced by a link, which is listed by itself
        if stat.S_ISREG(seen.st_mode):
            files[path] = seen
        elif stat.S_ISLNK(seen.st_mode):
            targets[path] = os.readlink(os.path.join(directory, path))
        elif stat.S_ISDIR(seen.st_mode):
            warnings.append(f"the submodule {path} is not checked out and is left out")
        if len(files) > MAX_FILES:
            raise _too_large(f"the code in {directory} has more than {MAX_FILES:,} files", files)
    for path in [path for path, target in targets.items() if not _stays_inside(path, target)]:
        del targets[path]
        warnings.append(f"{path} points outside the project and is left out: [snapshot] link has runs use it in place")
    return _Found(checkout, files, targets, tuple(warnings))


def _checkout(project: Project, warnings: list[str]) -> git.Checkout | None:
    """What git knows of the project; None outside git, and where the whole project is ignored."""
    if not git.top(project.directory):
        return None
    try:
        checkout = git.look(project.directory, project.snapshot.link)
    except FileNotFoundError:
        warnings.append("git is not installed: the snapshot holds the directory's files, but no commit")
        return None
    if not checkout.tracked and not checkout.untracked:
        return None
    warnings.extend(checkout.warnings)
    return checkout


def _walk(directory: str, left_out: Callable[[str], bool], warnings: list[str]) -> Iterator[str]:
    """Every path in the directory that is not left out, and not in a directory that is."""
    below = [""]
    while below:
        folder = below.pop()
        try:
            with os.scandir(os.path.join(directory, folder)) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not left_out(f"{folder}{entry.name}/"):
                            below.append(f"{folder}{entry.name}/")
                    elif not left_out(folder + entry.name):
                        yield folder + entry.name
        except PermissionError:
            warnings.append(f"{folder or directory} can't be read and is left out")


def _any(*patterns: re.Pattern[str]) -> Callable[[str], bool]:
    return lambda path: any(pattern.fullmatch(path) for pattern in patterns)


def _links_on_the_way(directory: str) -> Callable[[str], bool]:
    """Whether a path below `directory` goes through a symbolic link."""
    seen = {"": False}

    def ask(folder: str) -> bool:
        if folder not in seen:
            seen[folder] = ask(os.path.dirname(folder)) or os.path.islink(os.path.join(directory, folder))
        return seen[folder]

    return ask


def _stays_inside(path: str, target: str) -> bool:
    if os.path.isabs(target):
        return False
    return os.path.normpath(os.path.join(os.path.dirname(path), target)).split("/")[0] != ".."


def _links(project: Project) -> dict[str, str]:
    links = {path: os.path.join(project.directory, path) for path in project.snapshot.link}
    for path, place in links.items():
        if not os.path.exists(place):
            hint = "make it, or take it out of workbench.toml"
            raise UsageError(f"{path}, which [snapshot] link names, is not in {project.directory}", hint=hint)
    return links


def _check_size(files: Mapping[str, os.stat_result], settings: SnapshotSettings) -> None:
    size = sum(seen.st_size for seen in files.values())
    if size > settings.max_size:
        cap = format_size(settings.max_size)
        raise _too_large(f"the code is {format_size(size)}, over the cap of {cap}", files)


def _too_large(what: str, files: Mapping[str, os.stat_result]) -> SnapshotTooLarge:
    largest = heapq.nlargest(5, ((seen.st_size, path) for path, seen in files.items()))
    named = ", ".join(f"{path} ({format_size(size)})" for size, path in largest)
    return SnapshotTooLarge(
        f"{what}; the largest files: {named}",
        hint="in workbench.toml, [snapshot] exclude keeps files out, link has runs use them in place, "
        "max-size raises the cap",
        largest=[[path, size] for size, path in largest],
    )
