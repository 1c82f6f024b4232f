"""A window over a log by byte offset: a stretch of it as lines, which grows at both ends and stays bounded. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

HELD = 4 * 1024 * 1024
"""Bytes of lines that are held at most."""
LINES = 40_000
LONGEST = 16 * 1024
"""Bytes of one line: a longer one is shown as several."""


class Held(NamedTuple):
    """One line. `span`: which characters of it were looked for."""

    offset: int
    raw: bytes
    span: tuple[int, int] | None = None


class LogWindow:
    """`lines` are all that lie from byte `start` to byte `end` of the log or, where only some are wanted, all of
    those that are."""

    def __init__(self, at: int) -> None:
        self.start = self.end = at
        self.reach = at
        """Up to here the log was looked at: beyond `end`, where a wanted line has no end yet."""
        self.lines: list[Held] = []
        self._held = 0
        self._open = False
        """Whether the last line has no end yet."""

    @classmethod
    def of(cls, offset: int, data: bytes) -> LogWindow:
        """What lies there, from the first beginning of a line on."""
        cut = _first_line(data) if offset else 0
        window = cls(offset + cut)
        window.append(data[cut:])
        return window

    @classmethod
    def onward(cls, offset: int, data: bytes) -> LogWindow:
        """As `of`, but where that is too much, its beginning is what stays."""
        window = cls(offset + len(data))
        window.prepend(offset, data)
        return window

    @property
    def whole(self) -> int:
        """Where the lines end that have an end."""
        return self.lines[-1].offset if self._open else self.end

    def index(self, offset: int) -> int:
        """Of the line that has this byte, else of the nearest before it; 0 where none is."""
        return max(0, bisect_right(self.lines, offset, key=lambda line: line.offset) - 1)

    def append(self, data: bytes) -> int:
        """More, from `end` on. Returns how many of the first lines were let go for it."""
        *ended, rest = data.split(b"\n")
        begun = self._pop() if self._open else Held(self.end, b"")
        at, first = self.end, True
        for raw in ended:
            self._add(begun.offset if first else at, begun.raw + raw if first else raw)
            at, first = at + len(raw) + 1, False
        rest = begun.raw + rest if first else rest
        if rest:
            self._add(begun.offset if first else at, rest)
        self._open = bool(rest)
        self.end += len(data)
        self.reach = self.end
        return self._let_go_of_first()

    def prepend(self, offset: int, data: bytes) -> int:
        """What lies between `offset` and `start`. Returns how many lines more there are at the front."""
        older = LogWindow.of(offset, data)
        count = len(self.lines)
        if not self.lines:
            self._open = older._open
        elif older._open:
            begun, rest = older._pop(), self.lines.pop(0)
            older._add(begun.offset, begun.raw + rest.raw)
        self.start = older.start
        self.lines[:0] = older.lines
        added = len(self.lines) - count
        self._held = sum(len(line.raw) for line in self.lines)
        self._let_go_of_last(added)
        return added

    def take(self, found: Iterable[Held], end: int, reach: int) -> int:
        """Wanted lines up to `end`, in order, and one without an end that lies beyond; one that is here already has
        grown. Returns as `append`."""
        for line in found:
            if self.lines and self.lines[-1].offset >= line.offset:
                self._pop()
            self.lines.append(line)
            self._held += len(line.raw)
        self.end, self.reach = end, reach
        return self._let_go_of_first()

    def take_older(self, found: Sequence[Held], start: int) -> int:
        """Wanted lines from `start` on, in order. Returns how many."""
        self.lines[:0] = found
        self._held += sum(len(line.raw) for line in found)
        self.start = start
        self._let_go_of_last(len(found))
        return len(found)

    def _add(self, offset: int, raw: bytes) -> None:
        raw = _settled(raw)
        cuts = [*range(0, len(raw), LONGEST), len(raw)] if raw else [0, 0]
        self.lines += [Held(offset + begin, raw[begin:end]) for begin, end in pairwise(cuts)]
        self._held += len(raw)

    def _pop(self) -> Held:
        line = self.lines.pop()
        self._held -= len(line.raw)
        return line

    def _let_go_of_first(self) -> int:
        gone = 0
        while len(self.lines) - gone > LINES or (self._held > HELD and len(self.lines) - gone > 1):
            self._held -= len(self.lines[gone].raw)
            gone += 1
        if gone:
            del self.lines[:gone]
            self.start = self.lines[0].offset
        return gone

    def _let_go_of_last(self, keep: int) -> None:
        while len(self.lines) > max(keep, 1) and (len(self.lines) > LINES or self._held > HELD):
            self.end = self.reach = self._pop().offset
            self._open = False


def _first_line(data: bytes) -> int:
    """Where the first line begins that begins in it; 0 where none does: then it is a piece of one line."""
    return data.find(b"\n", 0, len(data) - 1) + 1


def _settled(raw: bytes) -> bytes:
    """The last state of a line that rewrites itself, as sanitise.settled has it, between the returns that tell that it
    rewrites what lies before it, and is rewritten by what comes next."""
    if b"\r" not in raw:
        return raw
    _, before, last = raw.rstrip(b"\r").rpartition(b"\r")
    return before + last + (b"\r" if raw.endswith(b"\r") else b"")
