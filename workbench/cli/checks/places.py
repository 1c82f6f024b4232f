"""The directories: whose they are, on which disk, and how much room there is."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable

from workbench import paths, settings
from workbench.cli.checks import ADVICE, WELL, WRONG, Finding
from workbench.domain.resources import format_size
from workbench.errors import WorkbenchError

SHARED = frozenset({"nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "smb3", "afs", "ceph", "glusterfs", "9p"})
"""File systems of other machines: their locks and their fsync are not to be trusted with a database."""
FEWEST_BYTES, FEW_BYTES = 500_000_000, 5_000_000_000
FEWEST_INODES = 1_000


def directories() -> Iterable[Finding]:
    for place in (paths.config(), paths.data(), paths.state(), paths.cache(), paths.runtime()):
        yield directory(place)


def directory(place: str) -> Finding:
    """Ours, closed to others, and writable; or where nothing is yet, that it can be made."""
    try:
        seen = os.lstat(place)
    except FileNotFoundError:
        above = _existing(place)
        if os.access(above, os.W_OK | os.X_OK):
            return Finding("directory", WELL, f"{place} is made when it is needed")
        advice = f"make {above} yours, or set WORKBENCH_HOME to a directory that is"
        return Finding("directory", WRONG, f"{place} can't be made: {above} is not writable", advice)
    except OSError as problem:
        return Finding("directory", WRONG, f"{place}: {problem.strerror}", "set WORKBENCH_HOME to another place")
    if stat.S_ISLNK(seen.st_mode) or not stat.S_ISDIR(seen.st_mode):
        advice = "move it away, or set WORKBENCH_HOME; where a link is meant, link the directory above"
        return Finding("directory", WRONG, f"{place} is not a directory", advice)
    if seen.st_uid != os.geteuid():
        return Finding("directory", WRONG, f"{place} belongs to another user", "move it away, or set WORKBENCH_HOME")
    if not os.access(place, os.W_OK | os.X_OK):
        return Finding("directory", WRONG, f"{place} is not writable", f"chmod u+rwx {place}")
    if seen.st_mode & 0o077:
        return Finding("directory", ADVICE, f"{place} is open to others", f"chmod 700 {place}")
    return Finding("directory", WELL, f"{place} is yours alone")


def history(mounts: str = "/proc/self/mounts") -> Finding:
    """Where the history lies, and whether that disk is this machine's own."""
    try:
        place = settings.load_user().history or paths.data()
    except WorkbenchError:
        place = paths.data()
    with open(mounts, encoding="utf-8", errors="surrogateescape") as table:
        kind = file_system(os.path.realpath(place), table.read())
    if kind in SHARED or kind.startswith("fuse."):
        config = os.path.join(paths.config(), "config.toml")
        advice = f'write [engine] and history = "/a/local/disk" in {config}, or set WORKBENCH_HOME'
        return Finding("history", WRONG, f"{place} is on {kind}, which can't be trusted with a database", advice)
    return Finding("history", WELL, f"{place} on {kind or 'an unknown file system'}")


def file_system(place: str, mounts: str) -> str:
    """The type of the file system that holds the absolute path `place`, by the kernel's table of mounts."""
    found, kind = "", ""
    for line in mounts.splitlines():
        _, point, type, *_ = line.split(" ")
        point = re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), point)
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(found):
            found, kind = point, type
    return kind


def space() -> Iterable[Finding]:
    for name, place in (("history", paths.data()), ("environments", paths.cache())):
        above = _existing(place)
        seen = os.statvfs(above)
        yield room(name, above, seen.f_bavail * seen.f_frsize, seen.f_favail if seen.f_files else None)


def room(name: str, place: str, free: int, inodes: int | None) -> Finding:
    """inodes: how many more files fit, None where the file system does not count."""
    says = f"{format_size(free)} free for the {name} in {place}"
    if free < FEWEST_BYTES:
        return Finding("space", WRONG, says, "make room: `workbench env prune` removes environments that nothing needs")
    if inodes is not None and inodes < FEWEST_INODES:
        return Finding("space", WRONG, f"{place} has room for {inodes} more files only", "remove files, or move away")
    if name == "environments" and free < FEW_BYTES:
        return Finding("space", ADVICE, says, "one environment with a GPU framework needs as much: think of more room")
    return Finding("space", WELL, says)


def _existing(place: str) -> str:
    """The nearest directory at or above it that is there."""
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    return place
