"""Look for lines in a log of any size, a step at a time, without holding more than a block of it.

One step takes a second at most, so whoever asks can say how far it is and stop. A pattern that never comes to an end
on some line is given up by an alarm: Python's `re` looks for signals while it works.

Run as a program it takes a question from its input, with the `path` of the log, and prints the answer.
"""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
import warnings
from itertools import accumulate
from typing import Any, Callable, Iterable, Iterator, NamedTuple

BLOCK = 1 << 20
LONGEST = 1 << 14  # bytes of a line that an answer shows
SECONDS = 1.0  # that a step takes, and then answers with what it has
PATIENCE = 5.0  # seconds until a pattern is given up
MOST = 1000  # lines in one answer
ROOM = 1 << 16  # characters of lines in one answer: escaped they still fit a frame
_SETTLED = re.compile(r"(?m)^[^\n]*\r(?=[^\r\n])")
_BEYOND_LINES = re.compile(r"\(\?(?!:)|\[\^|\\[sWDAZnrvfNxuU0]|[*+?}]\+|[^ -~]")
"""What a pattern has that may match beyond the end of a line, or ask what is there. Without it, a block is swept at
once and finds the lines that fit."""

Read = Callable[[int, int], bytes]
"""(offset, count): so many bytes there, fewer only at the end."""


class Span(NamedTuple):
    """Whole lines that lie in one block, or a piece of one line that does not fit."""

    start: int
    end: int
    data: bytes


def find(read: Read, size: int, question: dict[str, Any]) -> dict[str, Any]:
    """What the next step brings. question: pattern, ignore_case, invert, needles, as in domain.search.Query;
    `escapes` to leave out of what is seen; `offset`, whether `back`, and when `count` lines are enough.

    The reply is a domain.search.Found, its hits as lists. Going back, only lines that begin before `offset` count.
    """
    lines = Lines(question)
    back, enough = question["back"], min(question["count"], MOST)
    at = min(question["offset"], size)
    end = time.monotonic() + SECONDS
    hits: list[list[Any]] = []
    room = ROOM
    try:
        for span in _before(read, at) if back else _after(read, at, size):
            for hit in lines.fitting(span, back):
                room -= len(hit[1])
                if room < 0 and hits:
                    return _found(hits, at, size, False)
                hits.append(hit)
                at = hit[0] if back else hit[0] + hit.pop()
                if back:
                    hit.pop()
                if len(hits) == MOST:
                    return _found(hits, at, size, False)
            at = span.start if back else span.end
            if len(hits) >= enough or time.monotonic() > end:
                break
    except TimeoutError:
        return dict(_found(hits, at, size, False), stuck=True)
    if back:
        return _found(hits, at, size, at == 0)
    open_line = at == size and at > 0 and read(size - 1, 1) != b"\n"
    return _found(hits, lines.last if open_line else at, size, at >= size)


def _found(hits: list[list[Any]], at: int, size: int, done: bool) -> dict[str, Any]:
    return {"hits": hits, "next": at, "size": size, "done": done, "stuck": False}


def _after(read: Read, at: int, size: int) -> Iterator[Span]:
    while at < size:
        data = read(at, BLOCK)
        if not data:
            return
        if at + len(data) < size:
            data = data[: data.rfind(b"\n") + 1] or data
        yield Span(at, at + len(data), data)
        at += len(data)


def _before(read: Read, at: int) -> Iterator[Span]:
    while at > 0:
        start = max(0, at - BLOCK)
        data = read(start, at - start)
        cut = data.find(b"\n", 0, len(data) - 1) + 1 if start else 0
        yield Span(start + cut, at, data[cut:])
        at = start + cut


class Lines:
    """Those of a span that a question is about."""

    def __init__(self, question: dict[str, Any]) -> None:
        flags = re.IGNORECASE if question["ignore_case"] else 0
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self._search = re.compile(question["pattern"], flags).search
            self._sweep = re.compile(question["pattern"], flags | re.MULTILINE).search
        self._escapes = re.compile(question["escapes"])
        self._invert = question["invert"]
        self._lower = question["ignore_case"]
        self._needles = [needle.lower() if self._lower else needle for needle in question["needles"]]
        self._within_lines = not _BEYOND_LINES.search(question["pattern"])
        self.last = 0
        """Where the last line begins of the span that was looked at last."""

    def fitting(self, span: Span, back: bool) -> Iterator[list[Any]]:
        """Each as [offset, text, start, end, length of the line]."""
        self.last = span.start + span.data.rfind(b"\n", 0, len(span.data) - 1) + 1
        text = self._seen(span.data[:-1] if span.data.endswith(b"\n") else span.data)
        likely = self._likely(text)
        number = before = 0
        offsets: list[int] = []
        for begin in reversed(list(likely)) if back else likely:
            end = text.find("\n", begin)
            line = text[begin : end if end >= 0 else len(text)]
            match = self._search(line)
            if (match is None) is not self._invert:
                continue
            if not offsets:
                offsets = [0, *accumulate(len(line) + 1 for line in span.data.split(b"\n"))]
            number += text.count("\n", before, begin) if begin >= before else -text.count("\n", begin, before)
            before = begin
            raw = span.data[offsets[number] : offsets[number + 1]]
            first, last = match.span() if match else (0, 0)
            yield [span.start + offsets[number], _shown(raw), first, last, len(raw)]

    def _seen(self, data: bytes) -> str:
        """What a terminal would be left with, line by line."""
        text = data.decode("utf-8", "replace")
        if "\r" in text:
            text = _SETTLED.sub("", text).replace("\r", "")
        if not text.isascii() or "\x1b" in text:
            text = self._escapes.sub("", text)
        return text

    def _likely(self, text: str) -> Iterable[int]:
        """Where the lines begin that may fit, in order."""
        hay = text.lower() if self._lower and self._needles else text
        if self._needles and len(hay) == len(text):
            return sorted({begin for needle in self._needles for begin in _lines_with(hay, needle)})
        if self._within_lines and not self._invert:
            return self._swept(text)
        lines = text.split("\n")
        return accumulate((len(line) + 1 for line in lines[:-1]), initial=0)

    def _swept(self, text: str) -> Iterator[int]:
        at = 0
        while at <= len(text) and (match := self._sweep(text, at)):
            yield text.rfind("\n", 0, match.start()) + 1
            at = text.find("\n", match.start()) + 1 or len(text) + 1


def _lines_with(hay: str, needle: str) -> Iterator[int]:
    at = hay.find(needle)
    while at >= 0:
        yield hay.rfind("\n", 0, at) + 1
        end = hay.find("\n", at)
        at = hay.find(needle, end) if end >= 0 else -1


def _shown(line: bytes) -> str:
    """Its beginning; where it rewrote itself, the beginning of its last state."""
    line = line.rstrip(b"\r\n")
    return line[line.rfind(b"\r") + 1 :][:LONGEST].decode("utf-8", "surrogateescape")


def look(path: str, question: dict[str, Any]) -> dict[str, Any]:
    """As `find`, in a file. Sets an alarm: for a process of its own."""
    signal.signal(signal.SIGALRM, _ring)
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    try:
        fd = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        return _found([], 0, 0, True)
    try:
        return find(lambda at, count: os.pread(fd, count, at), os.fstat(fd).st_size, question)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.close(fd)


def _ring(number: int, frame: object) -> None:
    raise TimeoutError


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    json.dump(look(asked.pop("path"), asked), sys.stdout)
