"""The parent of a run's processes. It outlives the agent that forked it and answers to nobody but the files.

It carries a lane: attempts to run one after another, whose locks it holds. For each it takes the fate, starts
the command, catches what it prints, ends it when its time is over or somebody wants it ended, and puts on record
how it ended. As a subreaper it is the parent of whatever loses its own, so nothing gets away by forking twice.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import select
import signal
import time
from typing import Any, Mapping, NamedTuple, Sequence

from . import crash, fate, log, processes, record, tree, variables
from .attempt import Attempt
from .bells import Rope
from .spawn import spawn

_libc = ctypes.CDLL(None)
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
_CHUNK = 1 << 16
_AGAIN = 0.1  # seconds between two rounds of killing
_RETRY = 1.0  # seconds until the next try to put an exit on record


class Job(NamedTuple):
    """One attempt of a lane, ready to be carried."""

    attempt: Attempt
    spec: Mapping[str, Any]
    digest: str
    """sha256 of the spec as it came."""
    locks: Sequence[int]
    """Descriptors that say it is carried; closed when it has ended."""


class Supervisor:
    """What this process is from now on."""

    def __init__(self, root: str) -> None:
        os.chdir("/")
        _libc.prctl(_SUBREAPER, 1, 0, 0, 0)
        self._root = root
        self._rope = Rope(root)
        self._signals = _Signals()
        self._identity = processes.identity(os.getpid())
        self._variables = variables.base()

    def carry(self, lane: Sequence[Job]) -> None:
        """One after another, to the end of the last."""
        fate.sync(os.path.join(self._root, "attempts"))
        for job in lane:
            self._carry(job)
            for lock in job.locks:
                os.close(lock)

    def _carry(self, job: Job) -> None:
        attempt, spec = job.attempt, job.spec
        trouble = ""
        try:
            _furnish(self._root, attempt, spec)
        except (OSError, ValueError) as error:
            trouble = _words(error)
        crash.here("before-fate")
        started, clock = time.time_ns() // 1000, time.monotonic()
        if not fate.take(attempt.directory, fate.Start(self._identity, job.digest, started)):
            return
        crash.here("after-link")
        fate.keep(attempt.directory)
        crash.here("after-fate")

        family = _Family(attempt, spec, self._signals)
        if not trouble:
            environment = variables.of(attempt, spec, self._root, self._variables)
            trouble = family.start(environment)
            crash.here("after-spawn")
            self._rope.ring(attempt.id)
        if not trouble:
            family.see_it_end()
        size = log.finish(attempt.directory)
        exit = {
            "code": family.code,
            "reason": "not started" if trouble else family.reason,
            "started": started,
            "ended": started + round((time.monotonic() - clock) * 1e6),
            "cpu_seconds": family.cpu,
            "peak_memory": family.peak,
            "words": trouble,
            "log_size": size,
        }
        crash.here("before-exit-record")
        _insist(attempt.directory, exit)
        crash.here("after-exit-record")
        self._rope.ring(attempt.id)


class _Signals:
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


class _Family:
    """The processes of one attempt, from the first to the last."""

    def __init__(self, attempt: Attempt, spec: Mapping[str, Any], signals: _Signals) -> None:
        self.code: int | None = None
        self.reason = "exited"
        self.cpu = 0.0
        self.peak = 0
        self._attempt = attempt
        self._spec = spec
        self._signals = signals
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
            return _words(error)
        finally:
            os.close(theirs)
            os.chdir("/")
        return ""

    def see_it_end(self) -> None:
        """Until no process of it is left."""
        limit = self._spec["time_limit"]
        deadline = time.monotonic() + limit if limit else None
        ending = False
        poll = select.poll()
        poll.register(self._signals.pipe, select.POLLIN)
        poll.register(self._output, select.POLLIN)
        while self._reap():
            now = time.monotonic()
            if not ending and self._has_to_end(deadline is not None and now >= deadline):
                ending = True
                self._signal(signal.SIGTERM)
                deadline = now + self._spec["grace"]
            elif ending and deadline is not None and now >= deadline:
                self._signal(signal.SIGKILL)
                deadline = now + _AGAIN
            wait = None if deadline is None else max(0, int((deadline - now) * 1000) + 1)
            for fd, _ in poll.poll(wait):
                if fd == self._output and not self._catch():
                    poll.unregister(fd)
                elif fd == self._signals.pipe:
                    self._signals.take()
        while self._catch():
            pass
        os.close(self._output)
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
        """Who outlives the command has no business any more; nor has anybody when it is late or cancelled."""
        if self.code is not None:
            return True
        if late:
            self.reason = "time limit"
        elif os.path.exists(self._attempt.path("cancel")):
            self.reason = "cancelled"
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


def _furnish(root: str, attempt: Attempt, spec: Mapping[str, Any]) -> None:
    """Lay out all that the command will find. Raises OSError, ValueError."""
    work = attempt.path("work")
    try:
        os.mkdir(work, 0o700)
    except FileExistsError:  # a supervisor was killed while it did this
        _clear(work)
    tree.copy(tree.named(root, "snapshots", spec["snapshot"]), work)
    for path, target in spec["links"].items():
        place = os.path.join(work, tree.inside(path))
        os.makedirs(os.path.dirname(place), mode=0o700, exist_ok=True)
        os.symlink(target, place)
    try:
        os.mkdir(attempt.path("artifacts"), 0o700)
    except FileExistsError:
        pass
    _write(attempt.path("params.json"), json.dumps(spec["params"]).encode("ascii"))


def _clear(work: str) -> None:
    import shutil

    shutil.rmtree(work)
    os.mkdir(work, 0o700)


def _write(path: str, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)


def _insist(directory: str, exit: record.Exit) -> None:
    """Put it on record, however long that takes."""
    while True:
        try:
            record.write(directory, exit)
            return
        except FileNotFoundError:
            return  # somebody removed the directory: nobody is left to tell
        except OSError:
            time.sleep(_RETRY)


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


def _words(error: Exception) -> str:
    """Such as: No such file or directory: 'trian.py'."""
    if isinstance(error, OSError) and error.strerror:
        name = error.filename
        shown = name.decode("utf-8", "replace") if isinstance(name, bytes) else name
        return error.strerror if shown is None else "{}: {!r}".format(error.strerror, shown)
    return str(error)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
