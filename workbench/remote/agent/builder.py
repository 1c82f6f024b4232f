"""Environments: built once by uv, however many agents and runs ask, and kept until nobody needs them.

ROOT/environments/ID.lock is held alone by who builds or removes ID, shared by each supervisor that uses it. The
file `complete`, written last, tells a built one from what a crash left.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import stat
import subprocess
from typing import Iterable

from .errand import Complaint, Tell
from .tree import named

_ANSI = re.compile(r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_WORDS_LIMIT = 20_000


def build(root: str, name: str, python: str, requirements: str, uv: str, tell: Tell) -> str:
    """The environment's path, once it is there. Raises Complaint with uv's words."""
    path = named(root, "environments", name)
    if is_built(path):
        return path
    lock = os.open(path + ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_built(path):
            _build(path, python, requirements, uv or shutil.which("uv") or "", tell)
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


def _build(path: str, python: str, requirements: str, uv: str, tell: Tell) -> None:
    if not uv:
        raise Complaint("build", "there is no uv on this machine", "install uv, or put it on PATH")
    _remove(path)
    request = ["--python", python] if python else []
    _run([uv, "venv", "--no-project"] + request + [path], tell)
    locked = os.path.join(path, "requirements.txt")
    with open(locked, "w", encoding="utf-8") as file:
        file.write(requirements)
    hashes = ["--require-hashes"] if "--hash=" in requirements else []
    interpreter = os.path.join(path, "bin", "python")
    sync = [uv, "pip", "sync", "--python", interpreter, "--compile-bytecode", "--allow-empty-requirements"]
    _run(sync + hashes + [locked], tell)
    os.close(os.open(os.path.join(path, "complete"), os.O_WRONLY | os.O_CREAT, 0o600))


def _run(command: list[str], tell: Tell) -> None:
    """Run uv and pass on what it says, line by line. Raises Complaint."""
    environment = {key: value for key, value in os.environ.items() if key not in ("VIRTUAL_ENV", "PYTHONHOME")}
    words: list[str] = []
    with subprocess.Popen(
        command,
        env=environment,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            line = _ANSI.sub("", line).rstrip()
            words.append(line)
            tell({"progress": line})
    if process.returncode:
        said = "\n".join(words)[-_WORDS_LIMIT:]
        raise Complaint("build", "uv could not build the environment", said)


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
