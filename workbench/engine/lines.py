"""Who is next: queued runs in lines, one line for each need. Pure data, mutated in place.

Runs with equal needs fit the same machines at the same moment, so only the first of each line has to be
looked at, whatever the length of the queue.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator

from workbench.domain.resources import Need
from workbench.domain.run import Run

Key = tuple[int, float, str]
"""Sorts like the queue: priority (negated), position, id."""


def key_of(run: Run) -> Key:
    return (-run.ask.priority, run.position, run.id)


class Lines:
    """Keys are kept in reverse, so that the first of a line is popped from the end of its list."""

    def __init__(self) -> None:
        self._lines: dict[Need, list[Key]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def add(self, run: Run) -> None:
        insort(self._lines.setdefault(run.ask.need, []), _reverse(key_of(run)))

    def extend(self, runs: list[Run]) -> None:
        """Many at once: sort once rather than insert each."""
        for run in runs:
            self._lines.setdefault(run.ask.need, []).append(_reverse(key_of(run)))
        for need in {run.ask.need for run in runs}:
            self._lines[need].sort()

    def discard(self, run: Run) -> None:
        line = self._lines.get(run.ask.need)
        if line is None:
            return
        key = _reverse(key_of(run))
        at = bisect_left(line, key)
        if at < len(line) and line[at] == key:
            del line[at]
            if not line:
                del self._lines[run.ask.need]

    def heads(self) -> Iterator[tuple[Need, list[Key]]]:
        """Each line, the one whose first is next of all coming first. A line may be popped from, or left as it
        is: `heads` then passes on to the others and comes back to it only if something was popped."""
        heap = [(_reverse(line[-1]), index, need, line) for index, (need, line) in enumerate(self._lines.items())]
        heapq.heapify(heap)
        while heap:
            _, index, need, line = heapq.heappop(heap)
            before = len(line)
            yield need, line
            if not line:
                del self._lines[need]
            elif len(line) < before:
                heapq.heappush(heap, (_reverse(line[-1]), index, need, line))

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
