"""How a supervisor wakes the agents: a datagram with the attempt's name to each socket in ROOT/bells.

A bell says "look", nothing more: what is the case stands in the attempt's directory. Nobody waits for an agent to
hear it: the kernel keeps only some bells for each, and one that hears as many as that looks at everything.
"""

from __future__ import annotations

import errno
import os
import socket
import time


class Bell:
    """An agent's own."""

    def __init__(self, root: str) -> None:
        self._directory = os.open(os.path.join(root, "bells"), os.O_RDONLY | os.O_DIRECTORY)
        self._name = "{}.{}".format(os.getpid(), time.monotonic_ns())
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._kept = _kept()
        self.socket.bind(_path(self._directory, self._name))

    def heard(self) -> list[str] | None:
        """The attempts that it was rung for since, in that order; None where there may have been others as well."""
        names: list[str] = []
        while True:
            try:
                names.append(self.socket.recv(256).decode("ascii", "replace"))
            except BlockingIOError:
                return list(dict.fromkeys(names)) if len(names) < self._kept else None

    def take_down(self) -> None:
        os.unlink(self._name, dir_fd=self._directory)


class Rope:
    """Rings all bells."""

    def __init__(self, root: str) -> None:
        self._directory = os.open(os.path.join(root, "bells"), os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)

    def ring(self, attempt: str) -> None:
        for name in os.listdir(self._directory):
            try:
                self._socket.sendto(attempt.encode("ascii"), _path(self._directory, name))
            except OSError as error:
                if error.errno == errno.ECONNREFUSED:
                    self._unlink(name)

    def _unlink(self, name: str) -> None:
        """Its agent is gone."""
        try:
            os.unlink(name, dir_fd=self._directory)
        except FileNotFoundError:
            pass


def _kept() -> int:
    """How many datagrams the kernel keeps for one socket."""
    try:
        with open("/proc/sys/net/unix/max_dgram_qlen") as file:
            return int(file.read())
    except (OSError, ValueError):
        return 1


def _path(directory: int, name: str) -> str:
    # A socket's path is limited to 107 bytes; ROOT may be deeper than that.
    return "/proc/self/fd/{}/{}".format(directory, name)
