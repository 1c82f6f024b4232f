"""Images that a run left, in a terminal that draws them and in others: what is written to the line."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from PIL import Image

from tests.e2e.bench import PATIENCE, WORKBENCH, Bench
from tests.e2e.test_artifacts import settled

COLOUR = re.compile(r"\x1b\[(\d+;)*(3[0-8]|4[0-8]|9\d|10\d)[;m]")
"""Of letters or their ground."""
PLACEHOLDER = "\U0010eeee"


class Line:
    """A terminal of one program, seen from its far end."""

    def __init__(self, line: int) -> None:
        self._line, self._came = line, b""

    @property
    def text(self) -> str:
        return self._came.decode(errors="replace")

    def press(self, keys: str) -> int:
        """Where in the text its answer begins."""
        os.write(self._line, keys.encode())
        return len(self.text)

    def until(self, words: str, since: int = 0) -> None:
        end = time.monotonic() + PATIENCE
        while words not in self.text[since:]:
            assert time.monotonic() < end, f"waited in vain for {words!r}; it wrote {self.text[-2000:]!r}"
            if select.select([self._line], [], [], 0.1)[0]:
                self._came += os.read(self._line, 1 << 16)


@contextmanager
def at_terminal(bench: Bench, **variables: str) -> Iterator[Line]:
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", 24, 80, 0, 0))
    environment = {key: value for key, value in bench.environment.items() if key not in ("NO_COLOR", "TMUX", "STY")}
    process = subprocess.Popen(
        WORKBENCH,
        cwd=bench.project,
        env=environment | {"LC_ALL": "C.UTF-8", "COLORTERM": "truecolor"} | variables,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(theirs)
    try:
        yield Line(ours)
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)


def look_into_the_image(line: Line) -> None:
    line.until("plain-drawing")
    line.until("overview", line.press("\r"))
    line.until("stored", line.press("]]]"))
    line.press("\r")


@pytest.fixture
def left_an_image(bench: Bench) -> Bench:
    Image.linear_gradient("L").resize((300, 200)).convert("RGB").save(bench.project / "drawing.png")
    (bench.project / "workbench.toml").write_text('[run]\noutputs = ["loss.png"]\n')
    run = bench.submit(["cp", "drawing.png", "loss.png"], "--name", "plain-drawing")
    assert bench.wait(run["id"]) == 0
    settled(bench, run["id"])
    return bench


@pytest.mark.parametrize(
    "variables",
    [
        {"TERM": "xterm-256color", "KITTY_WINDOW_ID": "1"},
        {"TERM": "xterm-kitty", "ZELLIJ": "0"},
        {"TERM": "xterm-kitty", "NO_COLOR": "1"},
    ],
    ids=["another", "multiplexer", "no-color"],
)
def test_any_other_draws_half_blocks(left_an_image: Bench, variables: dict[str, str]) -> None:
    with at_terminal(left_an_image, **variables) as line:
        look_into_the_image(line)
        line.until("▀" if "NO_COLOR" in variables else "▀▀▀")
        assert "\x1b_G" not in line.text and PLACEHOLDER not in line.text
        assert bool(COLOUR.search(line.text)) == ("NO_COLOR" not in variables)
