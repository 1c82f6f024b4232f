"""Whose a process is, as far as this machine lets us see."""

from __future__ import annotations

import os
import pwd

from . import processes


def user(pid: int) -> str:
    """Its user's name; "" where the process can't be seen."""
    try:
        number = os.stat("/proc/{}".format(pid)).st_uid
    except OSError:
        return ""
    try:
        return pwd.getpwuid(number).pw_name
    except KeyError:
        return str(number)


def name(pid: int) -> str:
    try:
        with open("/proc/{}/comm".format(pid), errors="replace") as file:
            return file.read().rstrip("\n")
    except OSError:
        return ""


def ours(pid: int) -> bool:
    """Whether it is a supervisor of our root, or descends from one: they bear the agent's command line."""
    root = _last_word(os.getpid())
    while pid > 1:
        seen = processes.look(pid)
        if seen is None:
            return False
        if root and _last_word(pid) == root and _same_user(pid):
            return True
        pid = seen.parent
    return False


def _last_word(pid: int) -> bytes:
    """The agent's command line ends with its root, whichever version of it was started."""
    try:
        with open("/proc/{}/cmdline".format(pid), "rb") as file:
            return file.read().rstrip(b"\0").rpartition(b"\0")[2]
    except OSError:
        return b""


def _same_user(pid: int) -> bool:
    try:
        return os.stat("/proc/{}".format(pid)).st_uid == os.geteuid()
    except OSError:
        return False
