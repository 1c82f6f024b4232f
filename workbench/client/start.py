"""Start the engine where none answers. Any number of clients may try at once: the engine's lock leaves one."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from workbench import paths
from workbench.client.calls import Absent, Engine
from workbench.errors import EngineUnreachable

PATIENCE = 20.0
"""Seconds until a started engine must answer."""

LOST_THE_RACE = (0, 3)
"""Exit codes of an engine that found another one holding the lock."""


def ensure_engine() -> str:
    """The path of the socket where an engine of ours answers; one is started if need be, and outlives us.

    Raises EngineUnreachable with the engine's own last words where it can't be started.
    """
    if _answers():
        return paths.socket()
    began, said = time.monotonic(), _log_size()
    pause, patience = 0.005, 0.5
    child = _spawn()
    try:
        while not _answers():
            waited = time.monotonic() - began
            if waited > PATIENCE:
                raise _failed(f"the engine did not answer within {PATIENCE:.0f} s", said)
            time.sleep(pause)
            pause = min(pause * 1.5, 0.05)
            code = child.poll()
            if code is not None and code not in LOST_THE_RACE:
                raise _failed(f"the engine could not start: it ended with code {code}", said)
            if code is not None and waited > patience:
                # Whoever held the lock was not about to answer but about to go.
                patience *= 2
                child = _spawn()
    finally:
        # It is not ours to wait for: this keeps subprocess from warning that it lives on.
        child.returncode = child.returncode or 0
    return paths.socket()


def _answers() -> bool:
    """Whether an engine of our protocol says hello. Raises VersionMismatch, EngineUnreachable."""
    try:
        with Engine(start=False) as engine:
            engine.greet()
    except Absent:
        return False
    return True


def _spawn() -> subprocess.Popen[bytes]:
    """The engine as a session of its own, free of our terminal, directory and descriptors."""
    try:
        paths.private(paths.state())
        log = os.open(paths.engine_log(), os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError as problem:
        raise EngineUnreachable(
            f"can't write the engine's log {paths.engine_log()}: {problem.strerror or problem}",
            hint="`workbench doctor` says more",
        ) from None
    try:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "workbench.engine"],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            start_new_session=True,
            umask=0o077,
        )
    except OSError as problem:
        raise EngineUnreachable(f"can't start {sys.executable}: {problem.strerror}") from None
    finally:
        os.close(log)


def _log_size() -> int:
    try:
        return os.stat(paths.engine_log()).st_size
    except OSError:
        return 0


def _failed(message: str, said: int) -> EngineUnreachable:
    """The error, with what the engine wrote to its log since byte `said`."""
    try:
        with open(paths.engine_log(), "rb") as log:
            log.seek(max(said, _log_size() - 4096))
            lines = log.read().decode(errors="replace").splitlines()
    except OSError:
        lines = []
    return EngineUnreachable(
        message, hint=f"`workbench doctor` says more; its log is {paths.engine_log()}", words="\n".join(lines[-8:])
    )
