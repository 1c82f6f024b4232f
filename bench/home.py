"""A workbench of its own to measure: its own history, engine and project, gone afterwards."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.peers import Missing
from workbench.client.calls import Engine

PATIENCE = 300.0
"""Seconds that anything here may take."""
COMMAND = str(Path(sys.executable).parent / "workbench")
CONFIG = "[machine.local]\ncpus = 2\n"
PROJECT = '[project]\nname = "bench"\n\n[environment]\nfrom = "none"\n'


@dataclass(frozen=True)
class Home:
    directory: Path
    project: Path
    engine: Engine

    def submit(self, *command: str, **more: Any) -> Any:
        """What the engine says to a submit: its reply, when the runs are on disk."""
        return self.engine.call(
            "submit", {"directory": str(self.project), "command": list(command), "params": {}, **more}
        )

    def counts(self) -> dict[str, int]:
        """status -> how many runs."""
        counts: dict[str, int] = self.engine.call("status")["counts"]
        return counts

    def settled(self, count: int) -> None:
        """Wait until `count` runs have finished, as history has it."""
        wait(lambda: self.counts().get("finished", 0) >= count, lambda: f"the runs are {self.counts()}")

    def start(self) -> None:
        """By a command of its own: an engine that is our child would stay a zombie when it ends."""
        seconds([COMMAND, "engine", "start"], self.project)

    def stop(self) -> None:
        self.engine.close()
        seconds([COMMAND, "engine", "stop"], self.project)


@contextmanager
def home() -> Iterator[Home]:
    directory = Path(tempfile.mkdtemp(prefix="wb-"))
    before = os.environ.get("WORKBENCH_HOME")
    os.environ["WORKBENCH_HOME"] = str(directory)
    try:
        (directory / "config").mkdir(mode=0o700)
        (directory / "config" / "config.toml").write_text(CONFIG)
        project = directory / "project"
        project.mkdir()
        (project / "workbench.toml").write_text(PROJECT)
        made = Home(directory, project, Engine(start=False))
        made.start()
        try:
            yield made
        finally:
            made.stop()
    finally:
        os.environ.pop("WORKBENCH_HOME")
        if before is not None:
            os.environ["WORKBENCH_HOME"] = before
        shutil.rmtree(directory, ignore_errors=True)


def seconds(command: list[str], cwd: Path) -> float:
    """How long a whole process takes. Raises Missing with its complaint where it fails."""
    began = time.perf_counter()
    done = subprocess.run(command, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True)
    took = time.perf_counter() - began
    if done.returncode:
        raise Missing(f"{Path(command[0]).name} {' '.join(command[1:3])}: {done.stderr.strip()[-200:]}")
    return took


def wait(condition: Callable[[], bool], complaint: Callable[[], str], pause: float = 0.005) -> None:
    """Until it holds. Raises Missing after PATIENCE."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > deadline:
            raise Missing(f"gave up after {PATIENCE:.0f} s: {complaint()}")
        time.sleep(pause)
