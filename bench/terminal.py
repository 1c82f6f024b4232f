"""A program in a terminal of its own, seen from the far end of the line: what it writes, when, and at what cost.

There is no picture of the screen here, only the text that was written to it, and the questions of the program are
answered as xterm answers them: who waits for an answer would be measured waiting.
"""

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from bench.peers import Missing

PATIENCE = 30.0
"""Seconds that a program may take for anything."""
_ESCAPE = re.compile(
    r"\x1b\[([0-?]*[ -/]*[@-~])"  # CSI
    r"|\x1b[]PX^_](.*?)(?:\x07|\x1b\\)"  # OSC, DCS and other strings
    r"|\x1b[ -/]*[0-OQ-WYZ\\`-~]",
    re.DOTALL,
)
_ANSWERS: Mapping[str, str] = {
    "c": "\x1b[?62;22c",
    "0c": "\x1b[?62;22c",
    ">c": "\x1b[>41;390;0c",
    "5n": "\x1b[0n",
    "6n": "\x1b[1;1R",
    ">q": "\x1bP>|XTerm(390)\x1b\\",
    "?2026$p": "\x1b[?2026;2$y",
    "10;?": "\x1b]10;rgb:d0d0/d0d0/d0d0\x1b\\",
    "11;?": "\x1b]11;rgb:1010/1010/1010\x1b\\",
}
"""What is asked, without its introducer -> the answer. Other modes than 2026, synchronized output, are unknown."""


@dataclass(frozen=True)
class Size:
    columns: int
    rows: int

    def __str__(self) -> str:
        return f"{self.columns}x{self.rows}"


class Terminal:
    """Made by `terminal`. Moments are seconds since the program was started."""

    def __init__(self, process: subprocess.Popen[bytes], line: int) -> None:
        self.process, self._line = process, line
        self._began = time.perf_counter()
        self._unread = ""
        self.text = ""
        """What was written since `press` or the start; moving the cursor is a new line."""
        self.bytes = 0
        """Written since then."""
        self.last = 0.0
        """When the last of them came."""

    def now(self) -> float:
        return time.perf_counter() - self._began

    def press(self, keys: str) -> float:
        """Type; the moment."""
        self.text, self.bytes = "", 0
        now = self.now()
        os.write(self._line, keys.encode())
        return now

    def until(self, condition: Callable[[], bool], what: str) -> float:
        """Read until it holds: when the last byte that it took came. Raises Missing."""
        end = self.now() + PATIENCE
        while not condition():
            if self.now() > end:
                raise Missing(f"gave up waiting for {what}; it wrote {' '.join(self.text.split())[-160:]!r}")
            self._read(0.5)
        return self.last

    def shows(self, pattern: str) -> float:
        """Wait until this is written: when its last byte came."""
        return self.until(lambda: re.search(pattern, self.text) is not None, pattern)

    def quiet(self, seconds: float) -> float:
        """Wait until nothing has come for so long: when the last byte came. Raises Missing."""
        end = self.now() + PATIENCE
        while self._read(seconds):
            if self.now() > end:
                raise Missing("it is never quiet")
        return self.last

    def listen(self, seconds: float) -> None:
        """Read for so long."""
        end = self.now() + seconds
        while (left := end - self.now()) > 0:
            self._read(left)

    def processor(self) -> float:
        """Seconds of processor that its processes have taken."""
        spent = (
            int((task / "schedstat").read_text().split()[0])
            for pid in self._processes()
            for task in Path(f"/proc/{pid}/task").iterdir()
        )
        return sum(spent) / 1e9

    def memory(self) -> int:
        """Bytes resident of its processes; of pages that several share its part (PSS)."""
        return sum(pss(pid) for pid in self._processes())

    def _processes(self) -> list[int]:
        """Those of its session: an engine that it started has one of its own."""
        return [
            pid for name in os.listdir("/proc") if name.isdigit() and _session(pid := int(name)) == self.process.pid
        ]

    def _read(self, seconds: float) -> bool:
        """What comes within that time; whether anything did. Raises Missing where the program has ended."""
        if not select.select([self._line], [], [], max(0.0, seconds))[0]:
            return False
        try:
            data = os.read(self._line, 1 << 16)
        except OSError:  # EIO: nobody has the other end open
            said = " ".join((self.text + self._unread).split())
            raise Missing(f"it ended with code {self.process.wait()}: {said[-200:]}") from None
        self.last = self.now()
        self.bytes += len(data)
        self._understand(data.decode("latin-1"))
        return True

    def _understand(self, more: str) -> None:
        """Split what came into text and escape sequences; what is not whole yet waits for the rest."""
        raw, at = self._unread + more, 0
        for match in _ESCAPE.finditer(raw):
            self.text += raw[at : match.start()]
            at = match.end()
            said = match[1] or match[2] or ""
            if said in _ANSWERS:
                os.write(self._line, _ANSWERS[said].encode())
            self.text += "" if said.endswith("m") else "\n"
        rest = raw.find("\x1b", at)
        whole = rest if rest >= 0 else len(raw)
        self.text += raw[at:whole]
        self._unread = raw[whole:]


@contextmanager
def terminal(
    command: Sequence[str], size: Size, directory: Path, variables: Mapping[str, str] | None = None
) -> Iterator[Terminal]:
    """A program in a terminal of that size, killed in the end."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("4H", size.rows, size.columns, 0, 0))
    process = subprocess.Popen(
        command,
        cwd=directory,
        env={
            **os.environ,
            "TERM": "xterm-256color",
            "COLORTERM": "truecolor",
            "LC_ALL": "C.UTF-8",
            **(variables or {}),
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        preexec_fn=_take_terminal,
    )
    os.close(theirs)
    made = Terminal(process, ours)
    try:
        yield made
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(ours)


def _take_terminal() -> None:
    """Some programs open /dev/tty rather than what they were given."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _session(pid: int) -> int:
    try:
        return os.getsid(pid)
    except ProcessLookupError:
        return 0


def pss(pid: int) -> int:
    """Bytes of a process resident; of pages that several share its part."""
    said = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:])
    return int(said["Pss"].split()[0]) * 1024
