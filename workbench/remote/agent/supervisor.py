"""The parent of a run's processes. It outlives the agent that forked it and answers to nobody but the files.

It carries a lane: attempts to run one after another, whose locks it holds. For each it leases the GPUs, takes the
fate, starts the command, catches what it prints, ends it when its time is over, it takes more memory than
it asked for or somebody wants it ended, and puts
on record how it ended. As a subreaper it is the parent of whatever loses its own, so nothing gets away by forking
twice.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import time
from typing import Any, Mapping, NamedTuple, Sequence

from . import crash, fate, leases, log, processes, record, tree, variables
from .attempt import Attempt
from .bells import Rope
from .family import Family, Signals, words

_libc = ctypes.CDLL(None)
_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER
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
        self._signals = Signals()
        self._identity = processes.identity(os.getpid())
        self._variables = variables.base()
        self._known = False

    def carry(self, lane: Sequence[Job]) -> None:
        """One after another, to the end of the last."""
        self._known = False
        for job in lane:
            self._carry(job)
            for lock in job.locks:
                os.close(lock)

    def _carry(self, job: Job) -> None:
        attempt, spec = job.attempt, job.spec
        trouble = ""
        leased: list[int] = []
        taken = None
        try:
            leased, taken = leases.take(spec["devices"])
            if not taken:
                _furnish(self._root, attempt, spec)
        except (OSError, ValueError) as error:
            trouble = words(error)
        if taken:
            if attempt.void(taken):
                self._rope.ring(attempt.id)
            return
        crash.here("before-fate")
        started, clock = time.time_ns() // 1000, time.monotonic()
        if not fate.take(attempt.directory, fate.Start(self._identity, job.digest, started)):
            leases.release(leased)
            return
        crash.here("after-link")
        fate.keep(attempt.directory)
        if not self._known:
            # The lane's directories were all made before its first fate: now their names are on disk as well.
            # After the fate, not before: the file system then has them in the same transaction.
            fate.sync(os.path.join(self._root, "attempts"))
            self._known = True
        crash.here("after-fate")

        family = Family(attempt, spec, self._signals)
        if not trouble:
            environment = variables.of(attempt, spec, self._root, self._variables)
            trouble = family.start(environment)
            crash.here("after-spawn")
            self._rope.ring(attempt.id)
        if not trouble:
            family.see_it_end()
        leases.release(leased)  # before its end is told: whoever hears of that may give them to another
        size = log.finish(attempt.directory)
        exit = {
            "code": family.code,
            "reason": "not started" if trouble else family.reason,
            "started": started,
            "ended": started + round((time.monotonic() - clock) * 1e6),
            "cpu_seconds": family.cpu,
            "peak_memory": family.peak,
            "words": trouble or family.words,
            "log_size": size,
        }
        crash.here("before-exit-record")
        _insist(attempt.directory, exit)
        crash.here("after-exit-record")
        self._rope.ring(attempt.id)


def _furnish(root: str, attempt: Attempt, spec: Mapping[str, Any]) -> None:
    """Lay out all that the command will find. Raises OSError, ValueError."""
    work = attempt.path("work")
    try:
        os.mkdir(work, 0o700)
    except FileExistsError:  # a supervisor was killed while it did this
        shutil.rmtree(work)
        os.mkdir(work, 0o700)
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
