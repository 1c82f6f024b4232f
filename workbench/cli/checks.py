"""What can be wrong with the place, each as one question with an answer in plain words. Nothing here changes anything."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from workbench import paths, settings
from workbench.client.calls import Absent, Engine
from workbench.domain.resources import format_size
from workbench.errors import WorkbenchError

WELL, ADVICE, WRONG = "well", "advice", "wrong"

SHARED = frozenset({"nfs", "nfs4", "lustre", "gpfs", "beegfs", "cifs", "smb3", "afs", "ceph", "glusterfs", "9p"})
"""File systems of other machines: their locks and their fsync are not to be trusted with a database."""
FEWEST_BYTES, FEW_BYTES = 500_000_000, 5_000_000_000
FEWEST_INODES = 1_000
PROGRAM_SECONDS = 20.0
BUILT = 1_735_689_600
"""2025-01-01: a clock before it is wrong."""


class Finding(NamedTuple):
    """What was looked at, how it is, and what to do where it is not well."""

    what: str
    level: str
    says: str
    advice: str = ""


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", WELL, f"Python {version}, {sys.executable}")


def uv() -> Finding:
    from shutil import which

    try:
        from uv import find_uv_bin

        program: str | None = os.fspath(find_uv_bin())
    except (ImportError, FileNotFoundError):
        program = which("uv")
    said = _output([program, "--version"]) if program else ""
    if not said:
        advice = "install it beside the workbench: pip install uv. Without it runs can only use the machine's PATH"
        return Finding("uv", WRONG, "uv is not there, or does not start", advice)
    return Finding("uv", WELL, f"{said}, {program}")


def git() -> Finding:
    said = _output(["git", "--version"])
    if not said:
        advice = "install git: a run then remembers the commit and the changes that it came from"
        return Finding("git", ADVICE, "git is not there", advice)
    return Finding("git", WELL, said)


def engine() -> Finding:
    try:
        with Engine(start=False) as connection:
            state = connection.call("status")
    except Absent:
        return Finding("engine", WELL, "not running; the next command starts it")
    except WorkbenchError as problem:
        return Finding("engine", WRONG, problem.message, problem.hint)
    said = f"version {state['version']}, pid {state['pid']}, at {state['socket']}"
    if state["health"] != "ok":
        return Finding("engine", WRONG, state["health"], f"its log says more: {paths.engine_log()}")
    return Finding("engine", WELL, said)


def configuration() -> Finding:
    file = os.path.join(paths.config(), "config.toml")
    try:
        settings.load_user()
    except WorkbenchError as problem:
        return Finding("settings", WRONG, problem.message, problem.hint or "correct that line")
    return Finding("settings", WELL, file if os.path.exists(file) else f"none of your own ({file})")


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


def socket_path() -> Finding:
    length = len(os.fsencode(paths.socket()))
    if length > paths.SOCKET_LIMIT:
        advice = "set WORKBENCH_HOME to a directory with a shorter name"
        says = f"its path has {length} bytes, and the kernel takes {paths.SOCKET_LIMIT}: {paths.socket()}"
        return Finding("socket", WRONG, says, advice)
    return Finding("socket", WELL, paths.socket())


def runtime_directory(environment: Mapping[str, str]) -> Finding:
    place = environment.get("XDG_RUNTIME_DIR", "")
    if place and os.path.isdir(place):
        return Finding("session", WELL, f"XDG_RUNTIME_DIR is {place}")
    says = f"XDG_RUNTIME_DIR is {'not a directory' if place else 'not set'}; the socket lies in {paths.runtime()}"
    if environment.get("WORKBENCH_HOME"):
        return Finding("session", WELL, says)
    return Finding("session", ADVICE, says, "fine on one machine; where machines share your home, set WORKBENCH_HOME")


def logout(root: str = "/") -> Finding:
    """Whether systemd kills what a user started when the user logs out."""
    if not os.path.isdir(os.path.join(root, "run/systemd/system")):
        return Finding("logout", WELL, "no systemd here that could end runs at logout")
    kills = False
    for text in _logind(root):
        for value in re.findall(r"^\s*KillUserProcesses\s*=\s*(\w+)", text, re.MULTILINE):
            kills = value.lower() in ("yes", "true", "on", "1")
    if kills:
        advice = "ask for KillUserProcesses=no in logind.conf, or start from: systemd-run --user --scope bash, "
        advice += "after loginctl enable-linger"
        return Finding("logout", WRONG, "systemd kills everything of yours at logout, runs too", advice)
    return Finding("logout", WELL, "what you started outlives your logout")


def _logind(root: str) -> Iterable[str]:
    """The texts of logind's settings, the ones that count last."""
    files = [os.path.join(root, "etc/systemd/logind.conf")]
    for place in ("usr/lib", "run", "etc"):
        folder = os.path.join(root, place, "systemd/logind.conf.d")
        if os.path.isdir(folder):
            files += sorted(os.path.join(folder, name) for name in os.listdir(folder) if name.endswith(".conf"))
    for file in files:
        try:
            with open(file, encoding="utf-8", errors="replace") as stream:
                yield stream.read()
        except OSError:
            continue


def clock(now: float) -> Finding:
    said = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now))
    if now < BUILT:
        return Finding("clock", WRONG, f"the clock says {said}", "set it: times in the history would make no sense")
    try:
        ahead = os.stat(paths.engine_log()).st_mtime - now
    except OSError:
        ahead = 0.0
    if ahead > 60:
        advice = "let NTP set the clock; times of runs would go backwards"
        return Finding("clock", ADVICE, f"the engine's log is {ahead:.0f} s in the future of {said}", advice)
    return Finding("clock", WELL, said)


def terminal(environment: Mapping[str, str], encoding: str) -> Finding:
    kind = environment.get("TERM", "")
    if kind in ("", "dumb", "unknown"):
        return Finding(
            "terminal", ADVICE, f"TERM is {kind or 'not set'}", "the workbench needs one such as xterm-256color"
        )
    if "utf" not in encoding.lower():
        says = f"the locale's encoding is {encoding}"
        return Finding("terminal", ADVICE, says, "set LANG=C.UTF-8: charts and signs are drawn with Unicode")
    if environment.get("TMUX") and not kind.startswith(("tmux", "screen")):
        advice = 'in tmux.conf: set -g default-terminal "tmux-256color"'
        return Finding("terminal", ADVICE, f"inside tmux, but TERM is {kind}", advice)
    colours = (
        "16 million" if environment.get("COLORTERM") in ("truecolor", "24bit") else "256" if "256" in kind else "few"
    )
    return Finding(
        "terminal", WELL, f"{kind}, {encoding}, {colours} colours{', tmux' if 'TMUX' in environment else ''}"
    )


def package_index() -> Finding:
    """Asks uv to resolve one small package: the only check that leaves the machine."""
    import uv as package

    command = [os.fspath(package.find_uv_bin()), "pip", "compile", "--quiet", "--no-header", "--refresh", "-"]
    try:
        done = subprocess.run(command, input="packaging", capture_output=True, text=True, timeout=30, cwd="/")
    except subprocess.TimeoutExpired:
        return Finding(
            "packages", WRONG, "the package index did not answer within 30 s", "check the network and proxies"
        )
    if done.returncode:
        return Finding("packages", WRONG, done.stderr.strip(), "check the network, proxies, and uv's own settings")
    return Finding("packages", WELL, "uv reaches the package index")


def _existing(place: str) -> str:
    """The nearest directory at or above it that is there."""
    while not os.path.isdir(place):
        place = os.path.dirname(place)
    return place


def _output(command: list[str]) -> str:
    """What a program says on stdout, "" where it can't be started or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PROGRAM_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
