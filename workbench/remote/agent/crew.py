"""The agent's supervisors. One that has carried its lane to the end is given the next: to fork costs more than
many a run.

A lane travels through a socket, and with it the descriptors that hold its locks: at no moment is an attempt both
promised and unlocked. A supervisor whose agent is gone finishes its lane, then goes too.
"""

from __future__ import annotations

import array
import json
import os
import socket
import traceback
from typing import Sequence

from . import wire
from .attempt import Attempt
from .descriptors import let_go
from .supervisor import Job, Supervisor

LANE_LIMIT = 120
"""Attempts in a lane: with their locks and those of their environments they fit in one message's 253 descriptors."""

_IDLE = 4  # supervisors that wait for more to do; any more are let go
_DONE = b"."


class Member:
    """A supervisor, at the other end of `road`. `lane`: what it carries, or has just carried."""

    def __init__(self, root: str) -> None:
        self.road, theirs = socket.socketpair()
        self.lane: list[str] = []
        pid = os.fork()
        if not pid:
            _be_supervisor(root, theirs)
        theirs.close()

    def give(self, lane: Sequence[Job]) -> None:
        """Raises OSError where it is dead."""
        self.lane = [job.attempt.id for job in lane]
        jobs = [[job.attempt.id, job.spec, job.digest, len(job.locks)] for job in lane]
        locks = array.array("i", [lock for job in lane for lock in job.locks])
        message = wire.encode({"lane": True}, json.dumps(jobs).encode("ascii"))
        sent = self.road.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, locks)], socket.MSG_NOSIGNAL)
        self.road.sendall(message[sent:])


class Crew:
    def __init__(self, root: str) -> None:
        self._root = root
        self._members: dict[int, Member] = {}
        self._idle: list[Member] = []

    def __contains__(self, fd: int) -> bool:
        return fd in self._members

    def give(self, lane: Sequence[Job]) -> int:
        """Have a supervisor carry it; the descriptor on which that one will be heard of. Raises OSError."""
        while self._idle:
            member = self._idle.pop()
            try:
                member.give(lane)
                return member.road.fileno()
            except OSError:
                continue  # it died while it waited; `hear` will bury it
        member = Member(self._root)
        self._members[member.road.fileno()] = member
        member.give(lane)
        return member.road.fileno()

    def hear(self, fd: int) -> tuple[list[str], bool]:
        """What has come of the lane there, and whether that supervisor is gone."""
        member = self._members[fd]
        try:
            word = member.road.recv(1)
        except OSError:
            word = b""
        if word and len(self._idle) < _IDLE:
            self._idle.append(member)
            return member.lane, False
        del self._members[fd]
        if member in self._idle:
            self._idle.remove(member)
        member.road.close()
        return member.lane, True


def _be_supervisor(root: str, road: socket.socket) -> None:
    try:
        os.setsid()
        let_go({road.fileno()})
        supervisor = Supervisor(root)
        frames = wire.Frames()
        while True:
            lane = _receive(root, road, frames)
            if lane is None:
                os._exit(0)
            supervisor.carry(lane)
            try:
                road.send(_DONE, socket.MSG_NOSIGNAL)
            except OSError:
                os._exit(0)
    except BaseException:  # noqa: BLE001
        # Nobody reads what it prints; the agent will find the attempts as they were left.
        with open(os.path.join(root, "trouble.log"), "a") as file:
            traceback.print_exc(file=file)
    finally:
        os._exit(1)


def _receive(root: str, road: socket.socket, frames: wire.Frames) -> list[Job] | None:
    """The next lane; None when the agent is gone."""
    locks = array.array("i")
    space = socket.CMSG_SPACE(253 * locks.itemsize)
    while True:
        try:
            data, extra, _, _ = road.recvmsg(1 << 16, space, socket.MSG_CMSG_CLOEXEC)
        except OSError:
            return None
        for level, kind, content in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                locks.frombytes(content)
        if not data:
            return None
        for _, payload in frames.feed(data):
            lane, taken = [], 0
            for name, spec, digest, count in json.loads(payload):
                lane.append(Job(Attempt(root, name), spec, digest, tuple(locks[taken : taken + count])))
                taken += count
            return lane
