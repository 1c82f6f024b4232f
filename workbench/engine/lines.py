"""Who is next: queued runs in lines, one line for each want. Pure data, mutated in place.

Runs that want the same fit the same machines at the same moment, so only the first of each line has to be
looked at, whatever the length of the queue.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import NamedTuple

from workbench.domain.resources import Need
from workbench.domain.run import Run
from workbench.domain.status import Queued


class Want(NamedTuple):
    """What the runs of one line have in common."""

    need: Need
    avoid: str = ""
    """A machine that they go to only if no other is large enough."""


def want_of(run: Run) -> Want:
    return Want(run.ask.need, run.status.avoid if isinstance(run.status, Queued) else "")


Key = tuple[int, float, str]
"""Sorts like the queue: priority (negated), position, id."""


def key_of(run: Run) -> Key:
    return (-run.ask.priority, run.position, run.id)


class Lines:
    """Keys are kept in reverse, so that the first of a line is popped from the end of its list."""

    def __init__(self) -> None:
        self._lines: dict[Want, list[Key]] = {}
        self.changed: set[Want] = set()
        """Lines that have another first run since somebody emptied this, other than by `heads`."""

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Want]:
        return iter(self._lines)

    def add(self, run: Run) -> None:
        want, key = want_of(run), _reverse(key_of(run))
        line = self._lines.setdefault(want, [])
        insort(line, key)
        if line[-1] == key:
            self.changed.add(want)

    def extend(self, runs: list[Run]) -> None:
        """Many at once: sort once rather than insert each."""
        grown = set()
        for run in runs:
            want = want_of(run)
            self._lines.setdefault(want, []).append(_reverse(key_of(run)))
            grown.add(want)
        for want in grown:
            self._lines[want].sort()
        self.changed |= grown

    def discard(self, run: Run) -> None:
        want, key = want_of(run), _reverse(key_of(run))
        line = self._lines.get(want, [])
        at = bisect_left(line, key)
        if at == len(line) or line[at] != key:
            return
        del line[at]
        if at == len(line):
            self.changed.add(want)
        if not line:
            del self._lines[want]

    def heads(self) -> Iterator[tuple[Want, list[Key]]]:
        """Each line, the one whose first is next of all coming first. A line may be popped from, or left as it
        is: `heads` then passes on to the others and comes back to it only if something was popped."""
        heap = [(_reverse(line[-1]), index, want, line) for index, (want, line) in enumerate(self._lines.items())]
        heapq.heapify(heap)
        while heap:
            _, index, want, line = heapq.heappop(heap)
            before = len(line)
            yield want, line
            if not line:
                del self._lines[want]
            elif len(line) < before:
                heapq.heappush(heap, (_reverse(line[-1]), index, want, line))

    def ahead_of(self, run: Run) -> int:
        """How many runs go before this one, of any need."""
        key = _reverse(key_of(run))
        return sum(len(line) - bisect_left(line, key) for line in self._lines.values()) - 1

    def first(self, count: int) -> list[str]:
        """Ids of the next `count` runs in order."""
        nearest = (_reverse(key) for line in self._lines.values() for key in line[-count:])
        return [key[2] for key in heapq.nsmallest(count, nearest)]


def _reverse(key: Key) -> Key:
    """Its own inverse. Ids keep their direction: they only make the order total."""
    return (-key[0], -key[1], key[2])
