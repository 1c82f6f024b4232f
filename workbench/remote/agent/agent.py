"""The agent: one loop that waits for the engine, for supervisors' bells and for children. It remembers nothing
that would be missed: all it says it reads from the attempts' directories.

When the engine goes, it goes too, and leaves supervisors to their work. A road may break without a word to us, so
where `--patience` says for how long, silence counts as the engine's end.
"""

from __future__ import annotations

import gc
import os
import select
import stat
import sys
import time
from typing import Any, Callable

from . import attic, wire
from .bells import Bell
from .crew import Crew
from .errand import LATER, Errand, Tell, outcome
from .sampler import Sampler
from .supervisor import Job
from .verbs import Verbs
from .watching import Watching

_DIRECTORIES = ("attempts", "snapshots", "blobs", "environments", "bells", "tracking")
_LOOK = 1.0  # seconds between two looks at everything, should a bell have been missed
_TAIL = 0.1  # seconds between two looks at growing metrics
_FOLLOW = 0.025  # seconds between two looks at what is followed: somebody sees it grow
_CHUNK = 1 << 18
_PATIENCE = "--patience="
NEVER = float("inf")


class Hangup(Exception):
    """The engine is gone."""


class Agent:
    def __init__(self, root: str, incoming: int, outgoing: int, patience: float = NEVER) -> None:
        """`patience`: seconds that the engine may be silent, or take nothing of what it is told."""
        self._incoming = incoming
        self._outgoing = outgoing
        self._patience = patience
        self._heard = time.monotonic()
        self._room = select.poll()
        self._room.register(outgoing, select.POLLOUT)
        os.set_blocking(outgoing, False)
        self._frames = wire.Frames()
        self._outbox = [wire.MAGIC]
        self._poll = select.poll()
        self._bell = Bell(root)
        self._errands: dict[int, Errand] = {}
        self._crew = Crew(root)
        self._watching = Watching(root, self._tell)
        self._sampler = Sampler(root)
        self._interval = 0.0
        self._next_look = 0.0
        self._next_tail = self._next_follow = self._next_sample = NEVER
        self._verbs = Verbs(root, self)
        for fd in (incoming, self._bell.socket.fileno()):
            self._poll.register(fd, select.POLLIN)

    # what verbs may do

    def watch(self, attempt: str, offset: int | None = None) -> None:
        self._watching.add(attempt, offset)

    def follow(self, attempt: str, offset: int) -> None:
        self._watching.follow(attempt, offset)

    def unfollow(self, attempt: str) -> None:
        self._watching.unfollow(attempt)

    def look(self, attempt: str) -> None:
        self._watching.look([attempt])

    def watches(self, attempt: str) -> bool:
        return attempt in self._watching

    def give(self, lane: list[Job]) -> None:
        """Have a supervisor carry it. Raises OSError."""
        self._poll.register(self._crew.give(lane), select.POLLIN)

    def sample(self, interval: float) -> None:
        self._interval = interval
        self._next_sample = time.monotonic() if interval else NEVER

    def send(self, request: int | None, work: Callable[[Tell], Any]) -> None:
        """Have a child do it, and reply when it has."""
        self._flush()  # what waits to be said is said once, by us
        errand = Errand(request, work)
        self._errands[errand.pipe] = errand
        self._poll.register(errand.pipe, select.POLLIN)

    def abandon(self, request: int) -> None:
        """Stop the child that does it, with all that it started. What it leaves half done a crash might leave, too."""
        for errand in self._errands.values():
            if errand.request == request:
                errand.stop()

    # the loop

    def serve(self) -> None:
        """Until the engine is gone."""
        try:
            while True:
                self._flush()
                self._turn()
        except (Hangup, wire.WireError):
            self._bell.take_down()

    def _turn(self) -> None:
        due = min(self._next_look, self._next_tail, self._next_follow, self._next_sample, self._heard + self._patience)
        ready = self._poll.poll(max(0, int((due - time.monotonic()) * 1000) + 1))
        if any(fd == self._incoming for fd, _ in ready):
            self._heard = time.monotonic()
        elif time.monotonic() >= self._heard + self._patience:
            raise Hangup
        for fd, _ in ready:
            if fd == self._incoming:
                self._hear()
            elif fd in self._errands:
                self._forward(self._errands[fd])
            elif fd in self._crew:
                self._hear_supervisor(fd)
            else:
                heard = self._bell.heard()
                self._watching.look(self._watching.names() if heard is None else heard)
        now = time.monotonic()
        if now >= self._next_look:
            self._next_look = now + _LOOK
            _reap()
            self._watching.look(self._watching.names())
        if now >= self._next_tail:
            self._next_tail = NEVER
            self._watching.tail(self._watching.running())
        if self._watching.running():
            self._next_tail = min(self._next_tail, now + _TAIL)
        if now >= self._next_follow:
            self._next_follow = NEVER
            self._watching.tail(self._watching.followed())
        if self._watching.followed():
            self._next_follow = min(self._next_follow, now + _FOLLOW)
        if now >= self._next_sample:
            self._next_sample = now + self._interval
            self._tell(self._sampler.sample(self._watching.running()), None)

    def _hear(self) -> None:
        data = os.read(self._incoming, _CHUNK)
        if not data:
            raise Hangup
        for head, payload in self._frames.feed(data):
            answer = outcome(lambda: self._verbs.do(head, payload))  # noqa: B023 - called at once
            if answer.get("result") is not LATER:
                self._reply(head.get("id"), answer)

    def _reply(self, request: Any, answer: dict[str, Any]) -> None:
        result = answer.get("result")
        payload = result.pop("bytes", None) if isinstance(result, dict) else None
        self._tell(dict(answer, id=request), payload)

    def _forward(self, errand: Errand) -> None:
        frames = errand.read()
        if frames is not None:
            self._outbox.append(frames)
            return
        if not errand.answered:
            self._reply(errand.request, {"error": {"code": "agent", "message": "the child that did it was killed"}})
        self._poll.unregister(errand.pipe)
        del self._errands[errand.pipe]
        os.close(errand.pipe)

    def _hear_supervisor(self, fd: int) -> None:
        lane, gone = self._crew.hear(fd)
        if gone:
            self._poll.unregister(fd)
        self._watching.look(lane)

    def _tell(self, head: wire.Head, payload: bytes | None) -> None:
        self._outbox.append(wire.encode(head, payload))

    def _flush(self) -> None:
        data = memoryview(b"".join(self._outbox))
        self._outbox.clear()
        try:
            while data:
                try:
                    data = data[os.write(self._outgoing, data) :]
                except BlockingIOError:
                    self._wait_for_room()
        except OSError:
            raise Hangup from None

    def _wait_for_room(self) -> None:
        if not self._room.poll(None if self._patience == NEVER else self._patience * 1000):
            raise Hangup


def main(arguments: list[str]) -> int:
    *options, place = arguments or [""]
    if not place or len(options) > 1 or not all(option.startswith(_PATIENCE) for option in options):
        sys.stderr.write("usage: agent [--patience=SECONDS] ROOT\n")
        return 2
    patience = float(options[0][len(_PATIENCE) :]) if options else NEVER
    root = os.path.realpath(os.path.expanduser(place))
    try:
        _open_house(root)
    except OSError as error:
        sys.stderr.write("{}: {}\n".format(root, error))
        return 1
    # What a library might print must not get between the frames.
    incoming, outgoing = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    agent = Agent(root, incoming, outgoing, patience)
    agent.send(None, lambda tell: attic.clear(root))
    gc.freeze()  # a fork then shares these pages for good
    agent.serve()
    return 0


def _reap() -> None:
    """Supervisors and errands that ended: what became of them was heard in their pipes."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def _open_house(root: str) -> None:
    """Make ROOT ours alone. Raises OSError."""
    os.makedirs(root, mode=0o700, exist_ok=True)
    seen = os.lstat(root)
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.geteuid():
        raise PermissionError("not a directory of ours")
    os.chmod(root, 0o700)
    for name in _DIRECTORIES:
        os.makedirs(os.path.join(root, name), mode=0o700, exist_ok=True)
