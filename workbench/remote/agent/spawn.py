"""Executing a command: a session of its own, nothing to read, one pipe for all that it prints."""

from __future__ import annotations

import os
import signal
from typing import Mapping

# Ignored or handled by us; a command starts with none of that.
_OURS = (signal.SIGPIPE, signal.SIGXFSZ, signal.SIGINT, signal.SIGCHLD, signal.SIGUSR1)


def spawn(path: bytes, argv: list[bytes], environment: Mapping[bytes, bytes], output: int) -> int:
    """Execute `path` in the current directory; its pid. Raises OSError, ValueError."""
    try:
        return os.posix_spawn(
            path,
            argv,
            environment,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
                (os.POSIX_SPAWN_DUP2, output, 1),
                (os.POSIX_SPAWN_DUP2, output, 2),
            ],
            setsid=True,
            setsigmask=[],
            setsigdef=_OURS,
        )
    except NotImplementedError:  # Pythons that were built for an old C library
        return _fork(path, argv, environment, output)


def _fork(path: bytes, argv: list[bytes], environment: Mapping[bytes, bytes], output: int) -> int:
    """The same, slower: what goes wrong in the child comes back through a pipe that a successful exec closes."""
    trouble, telling = os.pipe2(os.O_CLOEXEC)
    pid = os.fork()
    if not pid:
        try:
            os.setsid()
            os.dup2(os.open("/dev/null", os.O_RDONLY), 0)
            os.dup2(output, 1)
            os.dup2(output, 2)
            for number in _OURS:
                signal.signal(number, signal.SIG_DFL)
            os.execve(path, argv, environment)  # noqa: S606
        except OSError as error:
            os.write(telling, b"%d" % (error.errno or 0))
        finally:
            os._exit(127)
    os.close(telling)
    said = os.read(trouble, 16)
    os.close(trouble)
    if said:
        os.waitpid(pid, 0)
        raise OSError(int(said), os.strerror(int(said)), path)
    return pid
