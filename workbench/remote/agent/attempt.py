"""An attempt's directory, and what it says about the attempt. There is no other truth."""

from __future__ import annotations

import fcntl
import json
import os
import re
import signal
from typing import Any, NamedTuple, Union

from . import fate, leases, log, processes, record, tree

STREAMS = {"log": "log", "metrics": "metrics.jsonl"}
"""What grows while it runs -> the file."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}\.[0-9]{1,9}")


class Absent(NamedTuple):
    """It has no fate and nobody carries it: it may be started."""


class Carried(NamedTuple):
    """A living supervisor will come to it."""


class Fenced(NamedTuple):
    """It will never start."""

    taken: leases.Holder | None = None
    """Who had a device of it, where that is why."""


class Running(NamedTuple):
    start: fate.Start


class Ended(NamedTuple):
    start: fate.Start
    exit: record.Exit


class Vanished(NamedTuple):
    """It was started, and nobody is left who could say how it ended."""

    start: fate.Start
    why: str


State = Union[Absent, Carried, Fenced, Running, Ended, Vanished]


class Attempt:
    """Its name and where it lies. Raises ValueError for what is no attempt's name."""

    __slots__ = ("directory", "id")

    def __init__(self, root: str, name: str) -> None:
        if not _ID.fullmatch(name):
            raise ValueError("{!r} is not an attempt's name".format(name))
        self.id = name
        self.directory = os.path.join(root, "attempts", name)

    @property
    def run(self) -> str:
        return self.id.rpartition(".")[0]

    def path(self, name: str) -> str:
        return os.path.join(self.directory, name)

    def make(self) -> None:
        try:
            os.mkdir(self.directory, 0o700)
        except FileExistsError:
            pass

    def lock(self) -> int | None:
        """Take it, to carry the attempt; None where someone does. It is held while the descriptor is open."""
        return _lock(self.path("lock"), os.O_RDWR | os.O_CREAT, fcntl.LOCK_EX)

    def carried(self) -> bool:
        fd = _lock(self.path("lock"), os.O_RDONLY, fcntl.LOCK_SH)
        if fd is None:
            return True
        os.close(fd)
        return False

    def state(self) -> State:
        """Raises OSError where the directory can't be read."""
        known = fate.read(self.directory)
        if known is None:
            if self._held():
                return Carried()
            # Whoever held the lock may have come to it since we looked, and be done with it.
            known = fate.read(self.directory)
            if known is None:
                return Absent()
        if isinstance(known, fate.Void):
            return Fenced(known.taken)
        ended = record.read(self.directory)
        if ended is None and self._held():
            return Running(known)
        ended = ended or record.read(self.directory)
        return Vanished(known, self._why(known)) if ended is None else Ended(known, ended)

    def _held(self) -> bool:
        try:
            return self.carried()
        except FileNotFoundError:
            return False

    def _why(self, start: fate.Start) -> str:
        if not os.path.exists(self.path("lock")):
            return "it ended long ago and its record was cleared away"
        if start.supervisor.boot != processes.boot_id():
            return "the machine was rebooted"
        return "its supervisor was killed"

    def void(self, taken: leases.Holder | None = None) -> bool:
        """Make sure that it never starts; False where it has, or was void before."""
        self.make()
        if fate.read(self.directory) is not None:  # told without a draft: a run that filled the disk can be ended
            return False
        if not fate.take(self.directory, fate.Void(taken)):
            return False
        fate.keep(self.directory)
        fate.sync(os.path.dirname(self.directory))
        return True

    def ask_to_end(self, start: fate.Start) -> None:
        """Have its supervisor end it. The supervisor may carry others: what it obeys is the file."""
        os.close(os.open(self.path("cancel"), os.O_WRONLY | os.O_CREAT, 0o600))
        if processes.alive(start.supervisor):
            processes.send(start.supervisor.pid, start.supervisor.tick, signal.SIGUSR1)

    def family(self, supervisor: int = 0) -> list[processes.Process]:
        """Its living processes. `supervisor`: its pid, where it lives."""
        # A path that no other attempt has, nor its namesake under another root.
        mark = "WORKBENCH_METRICS=" + self.path("metrics.jsonl")
        return processes.family(os.fsencode(mark), supervisor)

    def bury(self) -> None:
        """Leave no process of it, now that its supervisor is gone, and its log as one piece."""
        for _ in range(50):
            if not processes.kill(self.family(), signal.SIGKILL):
                break
        log.finish(self.directory)

    def spec(self) -> dict[str, Any]:
        """What was asked; nothing where that was never written, or cleared away."""
        try:
            with open(self.path("spec.json"), "rb") as file:
                return dict(json.loads(file.read()))
        except (FileNotFoundError, TypeError, ValueError):
            return {}

    def forget(self, root: str) -> None:
        """Keep its fate, its artifacts, and of its work what the run itself wrote."""
        spec = self.spec()
        for path, target in spec.get("links", {}).items():
            _unlink_if(os.path.join(self.path("work"), path), target)
        if os.path.isdir(self.path("work")):
            tree.remove_unchanged(os.path.join(root, "snapshots", spec.get("snapshot", "")), self.path("work"))
        # The lock first: without it, a fate alone means that the rest was cleared away.
        for name in ("lock", "exit", "cancel", "log", "tail", "metrics.jsonl", "params.json", "spec.json"):
            try:
                os.unlink(self.path(name))
            except FileNotFoundError:
                pass
        for name in ("work", "artifacts"):
            try:
                os.rmdir(self.path(name))
            except OSError:
                pass  # something of the run's own is in it


def _unlink_if(link: str, target: str) -> None:
    try:
        if os.readlink(link) == target:
            os.unlink(link)
    except OSError:
        pass  # the run replaced it


def _lock(path: str, flags: int, kind: int) -> int | None:
    fd = os.open(path, flags, 0o600)
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(fd)
        return None
    return fd
