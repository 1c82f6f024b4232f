"""The ends of the logs that somebody sees grow, as the machines push them. One tail a log, however many look.

A tail leads where the foremost reader is: whoever lies further back reads from the machine until he is there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from workbench.domain.run import Run, attempt_of
from workbench.engine.seam import AttemptId, attempt_id, run_of
from workbench.remote.machines.base import WINDOW, Output

LINGER = 5.0
"""Seconds that a log is followed on when nobody asks: whoever got a piece comes back for the next."""

Order = Callable[[str, AttemptId, int | None], None]
"""(machine, attempt, offset): have it followed from there on; None: no longer."""


class Tail:
    """The latest bytes of one log: `data`, up to the offset `end`."""

    def __init__(self, machine: str, offset: int) -> None:
        self.machine = machine
        self.end = offset
        self.data = b""
        self.readers = 0
        self.confirmed = offset
        """Up to here the machine knows that it has come."""
        self.over = False
        """Whether nothing will come any more: the attempt has ended, or the run is at another one."""
        self.letting_go: asyncio.TimerHandle | None = None
        self._news = asyncio.Event()

    @property
    def start(self) -> int:
        return self.end - len(self.data)

    def lead(self, offset: int) -> None:
        """Go on from there: nothing in between is wanted."""
        self.data, self.end, self.confirmed = b"", offset, offset

    def feed(self, offset: int, data: bytes) -> None:
        """What came twice is taken once; what lies beyond a gap was pushed for a reader who is gone."""
        if offset <= self.end < offset + len(data):
            self.data = (self.data + data[self.end - offset :])[-WINDOW:]
            self.end = offset + len(data)
            self.wake()

    def read(self, offset: int, limit: int) -> bytes | None:
        """At most `limit` bytes at `offset`; None where that lies further back than is kept here."""
        at = offset - self.start
        return self.data[at : at + limit] if at >= 0 else None

    async def grown(self, offset: int) -> None:
        """Returns once there is something at `offset`, or nothing will come any more."""
        while self.end <= offset and not self.over:
            await self._news.wait()

    def wake(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Tails:
    def __init__(self, order: Order) -> None:
        self._order = order
        self._tails: dict[AttemptId, Tail] = {}

    def __contains__(self, attempt: AttemptId) -> bool:
        return attempt in self._tails

    @contextmanager
    def follow(self, machine: str, attempt: AttemptId, offset: int) -> Iterator[Tail]:
        """The log's tail, which leads to `offset` at least, followed for as long as this lasts and a little longer."""
        tail = self._tails.get(attempt)
        if tail is None:
            tail = self._tails[attempt] = Tail(machine, offset)
            self._order(machine, attempt, offset)
        elif offset > tail.end:
            tail.lead(offset)
            self._order(machine, attempt, offset)
        if tail.letting_go is not None:
            tail.letting_go.cancel()
        tail.readers += 1
        try:
            yield tail
        finally:
            tail.readers -= 1
            if not tail.readers and not tail.over:
                loop = asyncio.get_running_loop()
                tail.letting_go = loop.call_later(LINGER, self._let_go, attempt)

    def take(self, event: Output) -> None:
        """More of a log. When half of the window is used, the machine hears that it may go on."""
        tail = self._tails.get(event.attempt)
        if tail is None:
            return
        tail.feed(event.offset, event.data)
        if tail.end - tail.confirmed >= WINDOW // 2:
            tail.confirmed = tail.end
            self._order(tail.machine, event.attempt, tail.end)

    def arrive(self, machine: str) -> None:
        """A new road leads there: go on where the old one broke."""
        for attempt, tail in self._tails.items():
            if tail.machine == machine:
                tail.confirmed = tail.end
                self._order(machine, attempt, tail.end)

    def settle(self, run: Run) -> None:
        """It is over, or it is at this attempt now: the logs of its others grow no more."""
        attempt = attempt_of(run.status) if run.live else None
        now = attempt_id(run.id, attempt.number) if attempt else ""
        for name in [name for name in self._tails if run_of(name) == run.id and name != now]:
            tail = self._tails.pop(name)
            tail.over = True
            tail.wake()
            if tail.letting_go is not None:
                tail.letting_go.cancel()

    def _let_go(self, attempt: AttemptId) -> None:
        tail = self._tails.pop(attempt)
        self._order(tail.machine, attempt, None)
