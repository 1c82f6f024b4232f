"""What git knows of a directory, asked with as few processes as can be.

Hooks, file monitors, external diffs and index writes are off: looking at a repository changes nothing in it.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass

from workbench.errors import UsageError

_GIT = ("git", "--no-pager", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null")
_LOCAL = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY", "GIT_COMMON_DIR")
"""Variables that would point git at a repository of the engine's caller."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A working tree, seen from one directory in it. Paths are relative to that directory."""

    commit: str
    """HEAD's full hash, "" before the first commit."""
    branch: str
    """"" where HEAD is detached."""
    tracked: tuple[str, ...]
    """Some may be gone from the working tree."""
    untracked: tuple[str, ...]
    """Not ignored; those of repositories inside this one too."""
    changes: int
    """How many differ from the commit, untracked ones among them."""
    edited: bool
    """Whether tracked ones are among the changes: whether there is a diff."""
    warnings: tuple[str, ...] = ()


def top(directory: str) -> str:
    """The top of the working tree that `directory` lies in, "" outside git."""
    directory = os.path.realpath(directory)
    while not os.path.exists(os.path.join(directory, ".git")):
        parent = os.path.dirname(directory)
        if parent == directory:
            return ""
        directory = parent
    return directory


def look(directory: str, apart: Sequence[str] = ()) -> Checkout:
    """What the working tree holds now, without a look at the paths `apart`.

    Raises UsageError with git's words, FileNotFoundError where git is missing.
    """
    listing = _start(directory, "ls-files", "-z", "--recurse-submodules")
    status = _start(
        directory,
        *("status", "--porcelain=v2", "--branch", "-z", "--no-renames", "--no-ahead-behind"),
        *("--untracked-files=all", "--", ".", *(f":(exclude,literal){path}" for path in apart)),
    )
    with listing, status:
        tracked = tuple(dict.fromkeys(_fields(listing)))  # an unmerged path is listed once a side
        entries = _fields(status)
    prefix = os.path.relpath(os.path.realpath(directory), top(directory)) + "/"
    return _checkout(directory, tracked, entries, prefix)


def diff(directory: str) -> bytes:
    """What differs from HEAD in tracked files, as a patch; of deleted files only that they are. Raises UsageError."""
    words = ("diff", "HEAD", "--binary", "--irreversible-delete", "--no-ext-diff", "--no-textconv", "--no-color")
    with _start(directory, *words, "--", ".") as process:
        return _finish(process)


_BEFORE_PATH = {"1": 7, "u": 9}
"""How many fields stand between the kind of a status entry and its path."""


def _checkout(directory: str, tracked: tuple[str, ...], entries: Sequence[str], prefix: str) -> Checkout:
    """Put together what `git status --porcelain=v2` says, whose paths begin with `prefix`."""
    about: dict[str, str] = {}
    untracked: list[str] = []
    edited: list[str] = []
    warnings: list[str] = []
    for entry in entries:
        kind, _, rest = entry.partition(" ")
        if kind == "#":
            key, _, about[key] = rest.partition(" ")
        elif kind == "?":
            untracked.append(rest.removeprefix(prefix))
        else:
            _, submodule, *_, path = rest.split(" ", _BEFORE_PATH[kind])
            edited.append(path.removeprefix(prefix))
            if submodule.endswith("U"):
                warnings.append(f"untracked files in the submodule {edited[-1]} are left out")
    commit, branch = about["branch.oid"], about["branch.head"]
    inner, left_out = _inner_repositories(directory, [path for path in untracked if path.endswith("/")])
    return Checkout(
        commit="" if commit == "(initial)" else commit,
        branch="" if branch == "(detached)" else branch,
        tracked=tracked,
        untracked=(*(path for path in untracked if not path.endswith("/")), *inner),
        changes=len(untracked) + len(edited),
        edited=bool(edited),
        warnings=(*warnings, *left_out),
    )


def _inner_repositories(directory: str, found: list[str]) -> tuple[list[str], list[str]]:
    """Files of untracked repositories, which git names as one path with a slash; and what was left out."""
    paths: list[str] = []
    warnings: list[str] = []
    while found:
        inner = found.pop()
        place = os.path.join(directory, inner)
        if not os.path.isdir(os.path.join(place, ".git")):
            warnings.append(f"{inner.rstrip('/')} is another worktree and is left out")
            continue
        with _start(place, "ls-files", "-z", "-c", "-o", "--exclude-standard") as listing:
            for path in _fields(listing):
                (found if path.endswith("/") else paths).append(inner + path)
    return paths, warnings


def _start(directory: str, *words: str) -> subprocess.Popen[bytes]:
    environment = {key: value for key, value in os.environ.items() if key not in _LOCAL}
    return subprocess.Popen(
        (*_GIT, *words),
        cwd=directory,
        env=environment | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _finish(process: subprocess.Popen[bytes]) -> bytes:
    out, words = process.communicate()
    if process.returncode:
        said = words.decode(errors="replace").strip()
        reason = said.splitlines()[0].removeprefix("fatal: ") if said else f"exit code {process.returncode}"
        raise UsageError(f"git can't read the code: {reason}", hint="try `git status` there", words=said)
    return out


def _fields(process: subprocess.Popen[bytes]) -> list[str]:
    """What git printed, split at NULs. Paths that are not UTF-8 come through as the file system gives them."""
    return os.fsdecode(_finish(process)).split("\0")[:-1]
