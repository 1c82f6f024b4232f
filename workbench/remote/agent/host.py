"""What this machine is, as the agent says at hello."""

from __future__ import annotations

import getpass
import os
import platform
import socket
from typing import Any

from . import gpus, processes

_NEARLY_FULL = 1 << 30
_HERE = os.path.dirname(os.path.abspath(__file__))
"""Where this agent lies: where it was brought there, CACHE/agent/HASH, with its uv in CACHE/uv."""
_REMOTE = {"nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "lustre", "gpfs", "beegfs", "afs", "9p"}


def describe(root: str) -> dict[str, Any]:
    gpus.files()  # known from now on to every supervisor
    return {
        "hostname": socket.gethostname(),
        "boot_id": processes.boot_id(),
        "user": _user(),
        "python": platform.python_version(),
        "kernel": platform.release(),
        "root": root,
        "cpus": cpus(),
        "memory": memory(),
        "devices": gpus.devices(),
        "warnings": warnings(root),
    }


def cpus() -> int:
    """Cores that we may use: by affinity, and by the quota of our control group."""
    mine = len(os.sched_getaffinity(0))
    quota, period = (_control_group("cpu.max") or "max").partition(" ")[::2]
    if quota.isdigit() and period.isdigit():
        mine = min(mine, max(1, int(quota) // int(period)))
    return mine


def memory() -> int:
    """Bytes that we may use."""
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    limit = _control_group("memory.max") or "max"
    return min(total, int(limit)) if limit.isdigit() else total


def warnings(root: str) -> list[str]:
    """What would bite later, a sentence each with its remedy."""
    found = []
    kind, options = _mount(root)
    if kind in _REMOTE:
        found.append(
            "{} lies on {}: locks and speed suffer; choose a directory on a local disk as its root".format(root, kind)
        )
    if "noexec" in options:
        found.append("{} is mounted noexec: environments can't run there; choose another root".format(root))
    cache, shelf = os.path.split(os.path.dirname(_HERE))
    if shelf == "agent" and "noexec" in _mount(_HERE)[1]:
        found.append(
            "{} is mounted noexec: the uv that was brought there can't run; "
            "make it a link to a directory on another file system".format(cache)
        )
    space = os.statvfs(root)
    free = space.f_bavail * space.f_frsize
    if free < _NEARLY_FULL:
        found.append("the disk of {} is nearly full, {} MB are left: make room".format(root, free // 1_000_000))
    for index, words in gpus.silent().items():
        found.append(
            "GPU {} does not answer ({}) and is given to nobody: see the kernel's log for its Xid, "
            "and have it reset or the machine rebooted".format(index, words)
        )
    if _killed_at_logout():
        found.append(
            "this machine kills a user's processes at logout: ask for `loginctl enable-linger {}`".format(_user())
        )
    return found


def _killed_at_logout() -> bool:
    """Whether logind will end our session's processes, whatever they do to get away."""
    own = _read("/proc/self/cgroup") or ""
    if "/session-" not in own:
        return False
    if os.path.exists("/var/lib/systemd/linger/" + _user()):
        return False
    kill = False
    for line in (_read("/etc/systemd/logind.conf") or "").splitlines():
        key, _, value = line.strip().partition("=")
        if key == "KillUserProcesses":
            kill = value.strip().lower() in ("yes", "true", "1", "on")
    return kill


def _mount(path: str) -> tuple[str, list[str]]:
    """File system and options of where `path` lies."""
    path = os.path.realpath(path)
    best = ""
    answer: tuple[str, list[str]] = ("", [])
    for line in (_read("/proc/self/mounts") or "").splitlines():
        fields = line.split(" ")
        point = fields[1].replace("\\040", " ")
        if len(point) >= len(best) and (path + "/").startswith(point.rstrip("/") + "/"):
            best, answer = point, (fields[2], fields[3].split(","))
    return answer


def _control_group(name: str) -> str | None:
    """A limit of our control group (version 2), None where there is none."""
    for line in (_read("/proc/self/cgroup") or "").splitlines():
        if line.startswith("0::"):
            text = _read("/sys/fs/cgroup" + line[3:].rstrip("/") + "/" + name)
            return text.strip() if text else None
    return None


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())


def _read(path: str) -> str | None:
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return None
