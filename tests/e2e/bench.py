"""A workbench of its own for one test: a home, an engine when one is needed, and nothing left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

WORKBENCH = [sys.executable, "-m", "workbench"]
T = TypeVar("T")
PATIENCE = 60.0
"""Seconds after which a condition that does not come true fails the test."""


def until(condition: Callable[[], T], what: str = "") -> T:
    """Wait for a condition, with a limit; what it gave."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"waited {PATIENCE:.0f} s in vain for {what or condition}"
        time.sleep(0.02)
    return found


class Bench:
    """home: where the workbench keeps everything. project: a directory to submit from."""

    def __init__(self, home: Path) -> None:
        self.prefix: list[str] = []
        """What leads a command to where the engine and its clients are."""
        self.home = home / "h"
        self.project = home / "churn"
        self.project.mkdir()
        self.environment = {
            key: value for key, value in os.environ.items() if not key.startswith(("WORKBENCH_", "XDG_"))
        } | {"WORKBENCH_HOME": str(self.home), "HOME": str(home), "NO_COLOR": "1"}

    def run(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """`workbench WORDS` in the project, to its end."""
        return subprocess.run(
            [*self.prefix, *WORKBENCH, *words],
            cwd=self.project,
            env=self.environment | variables,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )

    def __call__(self, *words: str, **variables: str) -> str:
        """What it printed; it must have succeeded."""
        done = self.run(*words, **variables)
        assert done.returncode == 0, f"workbench {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def json(self, *words: str, **variables: str) -> Any:
        return json.loads(self(*words, "--json", **variables))

    def submit(self, command: Sequence[str], *options: str, **variables: str) -> dict[str, Any]:
        """The submitted run's object."""
        return dict(json.loads(self("run", "--json", *options, "--", *command, **variables)))

    def show(self, run: str) -> dict[str, Any]:
        return dict(self.json("show", run))

    def status(self, run: str) -> str:
        return str(self.show(run)["status"])

    def wait(self, run: str) -> int:
        """The run's exit code, as `workbench wait` ends with it."""
        return self.run("wait", run).returncode

    def engine_pid(self) -> int:
        return int(self.json("engine", "status")["pid"])

    def log(self) -> str:
        path = self.home / "state" / "engine.log"
        return path.read_text() if path.exists() else ""

    def processes(self) -> list[int]:
        """Every process that this home started: engine, agents, supervisors and commands."""
        marker = f"={self.home}".encode()
        return [pid for pid in _pids() if marker in _environ(pid)]

    def alive(self, marker: str) -> list[int]:
        """Those of them with this word in their command line."""
        return [pid for pid in self.processes() if marker.encode() in _cmdline(pid)]

    def kill_engine(self) -> None:
        pid = self.engine_pid()
        os.kill(pid, signal.SIGKILL)
        until(lambda: _zombie(pid), "the engine to die")

    def clean_up(self) -> None:
        """Nothing of it may outlive the test."""
        end = time.monotonic() + PATIENCE
        while left := [pid for pid in self.processes() if not _zombie(pid)]:
            assert time.monotonic() < end, f"still alive: {left}"
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            time.sleep(0.02)


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:
        return b""


def _cmdline(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _zombie(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True
