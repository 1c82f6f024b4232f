"""The processes of one attempt: its command, and whatever comes of that, until none is left."""

from __future__ import annotations

import errno
import math
import os
import select
import signal
import time
from typing import Any, Mapping

from . import log, processes
from .attempt import Attempt
from .ration import Ration
from .spawn import spawn

_CHUNK = 1 << 16
_AGAIN = 0.1  # seconds between two rounds of killing
_STOPPED = ("time limit", "memory limit")  # reasons of which the log tells, since it may break off anywhere
_LONGEST = 3600.0  # seconds; poll(2) counts no more than 24 days


class Signals:
    """Signals as bytes in a pipe, which poll(2) can wait for."""

    def __init__(self) -> None:
        self.pipe, writing = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGUSR1):
            signal.signal(number, lambda number, frame: None)

    def take(self) -> bytes:
        try:
            return os.read(self.pipe, 4096)
        except BlockingIOError:
            return b""


class Family:
    """The processes of one attempt, from the first to the last."""

    def __init__(self, attempt: Attempt, spec: Mapping[str, Any], signals: Signals) -> None:
        self.code: int | None = None
        self.reason = "exited"
        self.words = ""
        """What there is to say of it, where the word is not all."""
        self.cpu = 0.0
        self.peak = 0
        self._attempt = attempt
        self._spec = spec
        self._signals = signals
        self._ration = Ration(spec["memory"])
        self._log = log.CappedLog(attempt.directory, spec["log_limit"])
        self._main = 0
        self._output = -1

    def start(self, environment: dict[str, str]) -> str:
        """Execute the command; "", or why that can't be."""
        self._output, theirs = os.pipe2(os.O_CLOEXEC)
        os.set_blocking(self._output, False)
        try:
            argv = [_bytes(word) for word in self._spec["argv"]]
            os.chdir(_bytes(os.path.join(self._attempt.path("work"), self._spec["workdir"])))
            path = _find(argv[0], environment.get("PATH", os.defpath))
            bare = {_bytes(key): _bytes(value) for key, value in environment.items()}
            self._main = spawn(path, argv, bare, theirs)
        except (OSError, ValueError) as error:
            os.close(self._output)
            return words(error)
        finally:
            os.close(theirs)
            os.chdir("/")
        return ""

    def see_it_end(self) -> None:
        """Until no process of it is left."""
        limit = self._spec["time_limit"]
        deadline = time.monotonic() + limit if limit else math.inf
        ending = False
        poll = select.poll()
        poll.register(self._signals.pipe, select.POLLIN)
        poll.register(self._output, select.POLLIN)
        while self._reap():
            now = time.monotonic()
            if not ending and self._has_to_end(now >= deadline):
                ending = True
                self._signal(signal.SIGTERM)
                deadline = now + self._spec["grace"]
            elif ending and now >= deadline:
                self._signal(signal.SIGKILL)
                deadline = now + _AGAIN
            next_look = deadline if ending else min(deadline, self._ration.due)
            for fd, _ in poll.poll(int(min(max(0.0, next_look - now), _LONGEST) * 1000) + 1):
                if fd == self._output and not self._catch():
                    poll.unregister(fd)
                elif fd == self._signals.pipe:
                    self._signals.take()
        while self._catch():
            pass
        os.close(self._output)
        if self.reason in _STOPPED:
            self._log.write(log.note("stopped: " + (self.words or "its time was over")))
        self._log.close()

    def _reap(self) -> bool:
        """Bury the dead; whether anybody lives."""
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            self.cpu += usage.ru_utime + usage.ru_stime
            self.peak = max(self.peak, usage.ru_maxrss * 1024)
            if pid == self._main:
                self.code = 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)

    def _has_to_end(self, late: bool) -> bool:
        """Who outlives the command has no business any more; nor has anybody when it is late, cancelled, or takes
        more memory than it asked for."""
        if self.code is not None:
            return True
        if late:
            self.reason = "time limit"
        elif os.path.exists(self._attempt.path("cancel")):
            self.reason = "cancelled"
        elif self._ration.exceeded():
            self.reason, self.words = "memory limit", self._ration.words()
            self.peak = max(self.peak, self._ration.taken)
        return self.reason != "exited"

    def _signal(self, number: int) -> None:
        processes.kill(self._attempt.family(os.getpid()), number)

    def _catch(self) -> bool:
        """Move what was printed to the log; False at its end, or when there is nothing now."""
        try:
            data = os.read(self._output, _CHUNK)
        except BlockingIOError:
            return False
        if data:
            self._log.write(data)
        return bool(data)


def _find(command: bytes, path: str) -> bytes:
    """The file that `command` means to execve(2). Raises OSError where there is none."""
    if b"/" in command:
        return command
    refused: bytes | None = None
    for place in _bytes(path).split(os.pathsep.encode()):
        candidate = os.path.join(place or b".", command)
        if os.path.isfile(candidate):
            if os.access(candidate, os.X_OK):
                return candidate
            refused = refused or candidate
    number = errno.EACCES if refused else errno.ENOENT
    raise OSError(number, os.strerror(number), refused or command)


def words(error: Exception) -> str:
    """Such as: No such file or directory: 'trian.py'."""
    if isinstance(error, OSError) and error.strerror:
        name = error.filename
        shown = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
        return error.strerror if shown is None else "{}: {!r}".format(error.strerror, shown)
    return str(error)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
