"""Lets the agent in. Travels as text to whatever Python is there, reads what is wanted, takes in what is missing,
and becomes the agent.

Like the agent it speaks Python 3.8 and imports nothing of ours. One JSON line each way, then parcels:

    in    {"root": PATH or "", "patience": SECONDS, "agent": NAME, "files": [PATH, ...] of the agent,
           "uv": [[MACHINE, OLDEST GLIBC or null, NAME], ...]}
    out   MAGIC {"missing": [NAME, ...], "uv": PATH or "", "now": SECONDS, "scheduler": ...}
    in    for each that is missing: {"size": BYTES, "files": [[PATH, MODE, BYTES], ...]}, and these bytes deflated;
          {} where it can't be had

A parcel is named after its content and put in place by a rename, so it is there whole or not at all. Caches are cleared
by others too, file by file: so what is there is looked at, and what it lacks is put back.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import sys
import tempfile
import time
import zlib
from typing import Any

MAGIC = "WORKBENCH-PORTER 1 "
_KEPT = 30 * 86400  # seconds
_VERSIONS = 4  # of the agent, besides the one in use: colleagues may share the account, and engines of several versions


def main() -> None:
    habit = os.umask(0o077)
    wanted = json.loads(_line())
    home = os.path.expanduser("~")
    root = os.path.expanduser(wanted["root"]) or os.path.join(home, ".local", "state", "workbench", "machine")
    cache = os.path.join(home, ".cache", "workbench")
    uv = _fitting(wanted["uv"])
    parcels = [(wanted["agent"], wanted["files"])] + ([(uv, ["uv"])] if uv else [])
    missing = [name for name, files in parcels if not _whole(os.path.join(cache, name), files)]
    said = {
        "missing": missing,
        "uv": os.path.join(cache, uv, "uv") if uv else "",
        "now": time.time(),
        "scheduler": "slurm" if shutil.which("sbatch") else "",
    }
    sys.stdout.write(MAGIC + json.dumps(said) + "\n")
    sys.stdout.flush()
    for name in missing:
        parcel = json.loads(_line())
        if parcel:
            _take_in(os.path.join(cache, name), parcel["files"], zlib.decompress(_exactly(parcel["size"])))
    os.makedirs(root, mode=0o700, exist_ok=True)
    if uv:
        _clear_out(os.path.join(cache, uv))
    _clear_out_agents(os.path.join(cache, wanted["agent"]))
    log = os.open(os.path.join(root, "agent.log"), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    os.dup2(log, 2)
    os.umask(habit)  # runs make files as their user does
    agent = [os.path.join(cache, wanted["agent"]), "--patience={}".format(wanted["patience"]), root]
    os.execv(sys.executable, [sys.executable, "-I", *agent])  # noqa: S606


def _fitting(offers: list[Any]) -> str:
    """The first uv that runs on this processor and C library."""
    libc, version = platform.libc_ver()
    glibc = [int(part) for part in version.split(".") if part.isdigit()] if libc == "glibc" else []
    for machine, oldest, name in offers:
        if machine == os.uname().machine and (oldest is None or (glibc and glibc >= oldest)):
            return str(name)
    return ""


def _take_in(place: str, files: list[Any], content: bytes) -> None:
    os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
    unpacked = tempfile.mkdtemp(prefix=".", dir=os.path.dirname(place))
    try:
        at = 0
        for path, mode, size in files:
            target = os.path.join(unpacked, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            fd = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with open(fd, "wb") as file:
                file.write(content[at : at + size])
                file.flush()
                os.fsync(fd)
            at += size
        _put(unpacked, place, [path for path, _, _ in files])
    except OSError:
        if not _whole(place, [path for path, _, _ in files]):  # somebody else may have been faster
            raise
    finally:
        shutil.rmtree(unpacked, ignore_errors=True)


def _put(unpacked: str, place: str, files: list[str]) -> None:
    try:
        os.rename(unpacked, place)
    except OSError:
        if not os.path.isdir(place):
            raise
        for path in files:  # one by one: whoever runs from there finds the same content at any moment
            os.makedirs(os.path.dirname(os.path.join(place, path)), exist_ok=True)
            os.replace(os.path.join(unpacked, path), os.path.join(place, path))


def _whole(place: str, files: list[str]) -> bool:
    return all(os.path.isfile(os.path.join(place, path)) for path in files)


def _clear_out(used: str) -> None:
    """Remove programs that no engine has asked for in a long time: each is large."""
    try:
        os.utime(used)
        for other in os.scandir(os.path.dirname(used)):
            if time.time() - other.stat().st_mtime > _KEPT:
                shutil.rmtree(other.path, ignore_errors=True)
    except OSError:
        pass  # it could not be brought, or somebody else clears out too


def _clear_out_agents(used: str) -> None:
    """Remove versions of the agent that were asked for longest ago, and that nothing here runs from."""
    try:
        os.utime(used)
        others = [entry for entry in os.scandir(os.path.dirname(used)) if entry.path != used]
        others.sort(key=lambda entry: entry.stat().st_mtime, reverse=True)
        old = others[_VERSIONS:]
        busy = _command_lines() if old else set()
        for other in old:
            if os.fsencode(other.path) not in busy:
                shutil.rmtree(other.path, ignore_errors=True)
    except OSError:
        pass  # somebody else clears out too


def _command_lines() -> set[bytes]:
    """The words of all processes' command lines."""
    words: set[bytes] = set()
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(os.path.join("/proc", name, "cmdline"), "rb") as file:
                    words.update(file.read().split(b"\0"))
            except OSError:
                pass  # it has ended
    return words


def _line() -> bytes:
    with open(0, "rb", buffering=0, closefd=False) as incoming:  # not a byte more: the agent reads on
        line = incoming.readline()
    if not line.endswith(b"\n"):
        raise EOFError
    return line


def _exactly(size: int) -> bytes:
    content = bytearray()
    while len(content) < size:
        data = os.read(0, min(size - len(content), 1 << 20))
        if not data:
            raise EOFError
        content += data
    return bytes(content)


if __name__ == "__main__":
    try:
        main()
    except EOFError:
        sys.exit(1)
    except OSError as problem:
        sys.stdout.write(f"workbench: {problem}\n")
        sys.exit(1)
