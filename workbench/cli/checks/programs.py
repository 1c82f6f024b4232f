"""The programs that runs need."""

from __future__ import annotations

import os
import subprocess
import sys
from shutil import which

from workbench.cli.checks import ADVICE, WELL, WRONG, Finding

PATIENCE = 20.0
"""Seconds that a program has to answer."""
ONLINE = "check the network, its proxies, and uv's own settings"


def python() -> Finding:
    version = ".".join(map(str, sys.version_info[:3]))
    return Finding("python", WELL, f"Python {version}, {sys.executable}")


def uv() -> Finding:
    program = _uv()
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


def package_index() -> Finding:
    """Asks uv to resolve one small package: the only check that leaves the machine."""
    command = [_uv() or "uv", "pip", "compile", "--quiet", "--no-header", "--refresh", "-"]
    try:
        done = subprocess.run(command, input="packaging", capture_output=True, text=True, timeout=PATIENCE, cwd="/")
    except (OSError, subprocess.TimeoutExpired) as problem:
        return Finding("packages", WRONG, f"uv had no answer: {problem}", ONLINE)
    if done.returncode:
        return Finding("packages", WRONG, done.stderr.strip(), ONLINE)
    return Finding("packages", WELL, "uv reaches the package index")


def _uv() -> str | None:
    """The uv that was installed with the workbench, else the one on PATH."""
    try:
        from uv import find_uv_bin

        return os.fspath(find_uv_bin())
    except (ImportError, FileNotFoundError):
        return which("uv")


def _output(command: list[str]) -> str:
    """What a program says on stdout, "" where it can't be started or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
