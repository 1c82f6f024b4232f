"""The login session: what ends with it, what clock and terminal it has."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterable, Mapping

from workbench import paths
from workbench.cli.checks import ADVICE, WELL, WRONG, Finding

BUILT = 1_735_689_600
"""2025-01-01: a clock before it is wrong."""


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
        advice = "the workbench needs a terminal such as xterm-256color"
        return Finding("terminal", ADVICE, f"TERM is {kind or 'not set'}", advice)
    if "utf" not in encoding.lower():
        says = f"the locale's encoding is {encoding}"
        return Finding("terminal", ADVICE, says, "set LANG=C.UTF-8: charts and signs are drawn with Unicode")
    if environment.get("TMUX") and not kind.startswith(("tmux", "screen")):
        advice = 'in tmux.conf: set -g default-terminal "tmux-256color"'
        return Finding("terminal", ADVICE, f"inside tmux, but TERM is {kind}", advice)
    return Finding("terminal", WELL, f"{kind}, {encoding}{', tmux' if environment.get('TMUX') else ''}")
