"""Which files belong to a project's code: what git says, or a walk where there is no git, less what the settings
leave out. Nothing is read yet but names and sizes.
"""

from __future__ import annotations

import heapq
import os
import re
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from workbench.domain.resources import format_size
from workbench.engine import git
from workbench.engine.patterns import USUAL, covering, matcher
from workbench.errors import SnapshotTooLarge, UsageError
from workbench.settings import Project

MAX_FILES = 50_000
"""More is not code. Also what keeps a walk through somebody's home short."""


@dataclass(frozen=True, slots=True)
class Found:
    """What belongs to a project's code, before any of it is read."""

    checkout: git.Checkout | None
    files: Mapping[str, os.stat_result]
    targets: Mapping[str, str]
    """Symbolic links that stay inside, and where they point."""
    links: Mapping[str, str]
    """Paths that are left out -> absolute paths that a run uses in place."""
    warnings: tuple[str, ...]
    """What was left out that somebody may miss, a sentence each."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(seen.st_size for seen in self.files.values())


def find(project: Project) -> Found:
    """Raises SnapshotTooLarge, and UsageError for what can't be read or a link to nothing."""
    warnings: list[str] = []
    checkout = _checkout(project, warnings)
    files, targets = _seen(project.directory, _paths(project, checkout, warnings), warnings)
    _check_size(files, project.snapshot.max_size)
    for path in [path for path, target in targets.items() if not _stays_inside(path, target)]:
        del targets[path]
        warnings.append(f"{path} points outside the project and is left out: [snapshot] link has runs use it in place")
    return Found(checkout, files, targets, _links(project), tuple(warnings))


def unreadable(path: str, problem: OSError) -> UsageError:
    hint = "make it readable, or name it under [snapshot] exclude in workbench.toml"
    return UsageError(f"{path} can't be read: {problem.strerror}", hint=hint)


def _paths(project: Project, checkout: git.Checkout | None, warnings: list[str]) -> Iterator[str]:
    """What belongs to the code, as paths that may turn out to be anything."""
    asked_for = matcher(project.snapshot.exclude), covering(project.snapshot.link)
    left_out, usual = _any(*asked_for), _any(matcher(USUAL), *asked_for)
    if checkout:
        yield from (path for path in checkout.tracked if not left_out(path))
        yield from (path for path in checkout.untracked if not usual(path))
    else:
        yield from _walk(project.directory, usual, warnings)


def _seen(
    directory: str, paths: Iterable[str], warnings: list[str]
) -> tuple[dict[str, os.stat_result], dict[str, str]]:
    """The regular files among the paths, and the symbolic links with their targets."""
    files: dict[str, os.stat_result] = {}
    targets: dict[str, str] = {}
    through_link = _links_on_the_way(directory)
    for path in paths:
        place = os.path.join(directory, path)
        try:
            seen = os.lstat(place)
            if through_link(os.path.dirname(path)):
                continue  # a directory that was replaced by a link, which is listed by itself
            if stat.S_ISREG(seen.st_mode):
                files[path] = seen
            elif stat.S_ISLNK(seen.st_mode):
                targets[path] = os.readlink(place)
            elif stat.S_ISDIR(seen.st_mode):
                warnings.append(f"the submodule {path} is not checked out and is left out")
        except (FileNotFoundError, NotADirectoryError):
            continue  # deleted, and git has not been told
        except OSError as problem:
            raise unreadable(path, problem) from None
        if len(files) > MAX_FILES:
            raise _too_large(f"the code in {directory} has more than {MAX_FILES:,} files", files)
    return files, targets


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
                        if not left_out(f"{folder}{entry.name}/") and not _ignores_itself(entry.path):
                            below.append(f"{folder}{entry.name}/")
                    elif not left_out(folder + entry.name):
                        yield folder + entry.name
        except OSError as problem:
            warnings.append(f"{folder or directory} can't be read and is left out: {problem.strerror}")


def _ignores_itself(directory: str) -> bool:
    """As environments, caches and what was pulled do, by a .gitignore of a single star."""
    try:
        with open(os.path.join(directory, ".gitignore"), "rb") as file:
            lines = file.read(1024).split(b"\n")
    except OSError:
        return False
    return [line.strip() for line in lines if line.strip() and not line.startswith(b"#")] == [b"*"]


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


def _check_size(files: Mapping[str, os.stat_result], cap: int) -> None:
    size = sum(seen.st_size for seen in files.values())
    if size > cap:
        raise _too_large(f"the code is {format_size(size)}, over the cap of {format_size(cap)}", files)


def _too_large(what: str, files: Mapping[str, os.stat_result]) -> SnapshotTooLarge:
    largest = heapq.nlargest(5, ((seen.st_size, path) for path, seen in files.items()))
    return SnapshotTooLarge(
        what,
        hint="in workbench.toml, [snapshot] exclude keeps files out, link has runs use them in place, "
        "max-size raises the cap",
        largest=[[path, size] for size, path in largest],
    )
