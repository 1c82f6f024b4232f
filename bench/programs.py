"""Programs that people have open in a terminal all day: how each is started, and when it has drawn everything."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from bench import peers
from bench.figures import OURS
from bench.home import COMMAND
from bench.peers import SCRIPTS, Missing
from bench.terminal import Size, Terminal, terminal

EMPTY = "an empty app of Textual"
SETTLED = 0.5
"""Seconds without a byte after which a screen is taken for whole, where nobody can say what is written last."""
STEPS = 10_000


@dataclass(frozen=True)
class Program:
    who: str
    command: Callable[[Path], list[str]]
    """Given a directory of its own, what starts it. Raises Missing."""
    whole: Callable[[Size], str] | None = None
    """What is written last; None: see SETTLED."""
    keys: tuple[str, str] = ("j", "k")
    """Down and up in what it lists."""

    def started(self, size: Size, directory: Path) -> AbstractContextManager[Terminal]:
        """In a terminal of that size. Others than ours have a home of their own there."""
        variables = {} if self.who == OURS else {"HOME": str(directory), "XDG_CONFIG_HOME": str(directory / ".config")}
        return terminal(self.command(directory), size, directory, variables)

    def wait(self, screen: Terminal, size: Size) -> float:
        """Until its screen is whole: when that was."""
        return screen.shows(self.whole(size)) if self.whole else screen.quiet(SETTLED)


def ours(last_row: Callable[[Size], str]) -> Program:
    return Program(OURS, lambda directory: [COMMAND], last_row)


def empty() -> Program:
    return Program(EMPTY, lambda directory: [sys.executable, str(SCRIPTS / "empty_app.py")], lambda size: "palette")


def others() -> list[Program]:
    arrows = ("\x1b[B", "\x1b[A")
    return [
        Program("W&B LEET", _leet),
        Program("nvitop", lambda directory: [_beside("nvitop", "nvitop")]),
        Program("btop", lambda directory: [peers.tool("btop", "btop"), "--utf-force"], keys=arrows),
        Program("posting", lambda directory: [_beside("posting", "posting"), "--collection", str(directory)], _posting),
        Program("harlequin", lambda directory: [_beside("harlequin", "harlequin"), "--locale", "C"], _harlequin),
    ]


def _leet(directory: Path) -> list[str]:
    """On a run of ten metrics."""
    runs = directory / "wandb"
    if not runs.exists():
        peers.script(peers.python("wandb"), "log_steps.py", "wandb", str(STEPS), cwd=directory)
    if not list(runs.glob("offline-run-*")):
        raise Missing("wandb left no run")
    return [_beside("wandb", "wandb"), "leet", str(runs)]


def _posting(size: Size) -> str:
    return "Quit"


def _harlequin(size: Size) -> str:
    return "Format Query"


def _beside(peer: str, program: str) -> str:
    return str(Path(peers.python(peer)).with_name(program))
