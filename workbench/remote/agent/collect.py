"""What an attempt leaves to be kept: all that it put into its artifacts, and of its work what its spec asks for.

Every path is opened one part at a time and never through a link, so nothing outside of the attempt's directory is
ever read for it, whatever the run has planted there.
"""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
import stat
from typing import Any, FrozenSet, Tuple

from . import tree
from .attempt import Attempt
from .errand import Tell

COUNT = 10_000
"""Files."""
SIZE = 100_000_000_000
"""Bytes of all of them."""
DEPTH = 32
"""Directories within directories."""
LOOKED = 1_000_000
"""Entries looked at, kept or not."""
SAID = 20
"""Sentences about what was left out."""
NAME_LIMIT = 1000

_CHUNK = 1 << 20
_DRAFT = re.compile(r"\.part-[0-9a-f]{16}")  # a copy that was killed before it was whole
_IN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC

Wanted = FrozenSet[Tuple[str, ...]]
"""What is left of each pattern, part by part, at some directory. Of one that has come to its end all is taken."""

ALL: Wanted = frozenset([()])


def leaves(attempt: Attempt) -> bool:
    """Whether there may be something to keep. Cheap: most attempts leave nothing."""
    try:
        if os.listdir(attempt.path("artifacts")):
            return True
    except OSError:
        pass  # the run removed it
    return bool(attempt.spec().get("outputs"))


def harvest(root: str, attempt: Attempt, tell: Tell) -> dict[str, Any]:
    """Tell each file as progress: its name, its path in the attempt's directory, its size and sha256.

    The result: what was left out, a sentence each."""
    basket = _Basket(tell)
    basket.gather(attempt, "artifacts", ALL)
    try:
        place, wanted, twin = _asked(root, attempt.spec())
    except (KeyError, TypeError, ValueError, AttributeError):
        basket.say("its outputs: the run has damaged its own spec")
    else:
        basket.gather(attempt, place, wanted, twin)
    return {"left_out": basket.left_out()}


def read(attempt: Attempt, path: str, offset: int, limit: int) -> bytes:
    """A piece of a file that `harvest` told of. Raises OSError, ValueError."""
    parts = tree.inside(path).split("/")
    if parts[0] not in ("artifacts", "work"):
        raise ValueError("{!r} is none of the attempt's files".format(path))
    directory = _descend(attempt.directory, parts[:-1])
    try:
        fd = _open(directory, parts[-1])
    finally:
        os.close(directory)
    try:
        return os.pread(fd, limit, offset)
    finally:
        os.close(fd)


class _Full(Exception):
    """No more is taken."""


class _Basket:
    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._names: set[str] = set()
        self._size = 0
        self._looked = 0
        self._said: list[str] = []
        self._unsaid = 0

    def left_out(self) -> list[str]:
        return self._said + (["and {} more".format(self._unsaid)] if self._unsaid else [])

    def gather(self, attempt: Attempt, place: str, wanted: Wanted, twin: str = "") -> None:
        """What is wanted below a directory of the attempt. `twin`: where what it began with lies unchanged."""
        if not wanted:
            return
        try:
            fd = _descend(attempt.directory, place.split("/"))
        except FileNotFoundError:
            return
        except OSError as error:
            self._leave(place, _words(error))
            return
        try:
            self._look(fd, "", place, wanted, twin, 0)
        except _Full as error:
            self.say(str(error))
        finally:
            os.close(fd)

    def _look(self, fd: int, above: str, place: str, wanted: Wanted, twin: str, depth: int) -> None:
        with os.scandir(fd) as entries:
            listed = sorted(entries, key=lambda entry: entry.name)
        for entry in listed:
            self._looked += 1
            if self._looked > LOOKED:
                raise _Full("the rest: more than {} files and directories were looked at".format(LOOKED))
            name = above + entry.name
            fits = _advance(entry.name, wanted)
            if not fits:
                continue
            try:
                if entry.is_dir(follow_symlinks=False):
                    self._enter(fd, entry.name, name, place, fits, twin and twin + "/" + entry.name, depth)
                elif () in fits and not _DRAFT.fullmatch(entry.name):
                    self._take(fd, entry, name, place, twin)
            except OSError as error:
                self._leave(name, _words(error))

    def _enter(self, fd: int, entry: str, name: str, place: str, wanted: Wanted, twin: str, depth: int) -> None:
        if depth == DEPTH:
            self._leave(name, "deeper than {} directories".format(DEPTH))
            return
        inner = os.open(entry, _IN, dir_fd=fd)
        try:
            self._look(inner, name + "/", place, wanted, twin, depth + 1)
        finally:
            os.close(inner)

    def _take(self, fd: int, entry: "os.DirEntry[str]", name: str, place: str, twin: str) -> None:
        if name in self._names:
            return  # the run has kept one of this name by itself
        if len(name) > NAME_LIMIT or not name.isprintable():
            self._leave(name, "not a name that can be kept")
            return
        if entry.is_symlink():
            self._leave(name, "a link")
            return
        if twin and tree.same(entry, twin + "/" + entry.name):
            return  # it came with the code
        if len(self._names) == COUNT:
            raise _Full("the rest: more than {} files".format(COUNT))
        file = _open(fd, entry.name)
        try:
            if self._size + os.fstat(file).st_size > SIZE:
                self._leave(name, "all together would be more than {} bytes".format(SIZE))
                return
            size, digest = _hash(file)
        finally:
            os.close(file)
        self._names.add(name)
        self._size += size
        self._tell({"progress": {"name": name, "path": place + "/" + name, "size": size, "sha256": digest}})

    def _leave(self, name: str, why: str) -> None:
        self.say("{!r}: {}".format(name, why))

    def say(self, sentence: str) -> None:
        if len(self._said) < SAID:
            self._said.append(sentence)
        else:
            self._unsaid += 1


def _advance(name: str, wanted: Wanted) -> Wanted:
    """What is left of the patterns within the entry `name`; nothing at all where none fits it."""
    hidden = name.startswith(".")
    fits = set()
    for parts in wanted:
        while parts and parts[0] == "**":
            if not hidden:
                fits.add(parts)
            parts = parts[1:]
        if not parts:
            fits.add(parts)
        elif fnmatch.fnmatchcase(name, parts[0]) and (not hidden or parts[0].startswith(".")):
            fits.add(parts[1:])
    return frozenset(fits)


def _asked(root: str, spec: dict[str, Any]) -> tuple[str, Wanted, str]:
    """Where its outputs lie in the attempt's directory, their patterns, and where what it began with lies.

    Raises what comes of a spec that makes no sense. Specs of before there were outputs ask for none."""
    wanted = frozenset(tuple(tree.inside(pattern).split("/")) for pattern in spec.get("outputs", ()))
    if not wanted:
        return "work", wanted, ""
    below = "" if spec["workdir"] in ("", ".") else "/" + tree.inside(spec["workdir"])
    return "work" + below, wanted, tree.named(root, "snapshots", spec["snapshot"]) + below


def _descend(top: str, parts: list[str]) -> int:
    """A descriptor of the directory. Raises OSError where a part of the way is none, or a link."""
    fd = os.open(top, _IN)
    for part in parts:
        above = fd
        try:
            fd = os.open(part, _IN, dir_fd=above)
        finally:
            os.close(above)
    return fd


def _open(directory: int, name: str) -> int:
    """Raises OSError where it is no regular file."""
    fd = os.open(name, _READ, dir_fd=directory)
    if not stat.S_ISREG(os.fstat(fd).st_mode):
        os.close(fd)
        raise OSError("not a regular file")
    return fd


def _hash(fd: int) -> tuple[int, str]:
    """Size and sha256 of what could be read."""
    size, digest = 0, hashlib.sha256()
    while True:
        data = os.read(fd, _CHUNK)
        if not data:
            return size, digest.hexdigest()
        size += len(data)
        digest.update(data)


def _words(error: OSError) -> str:
    return error.strerror or str(error)
