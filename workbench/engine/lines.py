"""Who is next: queued runs in lines, one line for each want. Pure data, mutated in place.

Runs that want the same fit the same machines at the same moment, so only the first of each line has to be
looked at, whatever the length of the queue.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field
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


@dataclass(eq=False, slots=True)
class Line:
    want: Want
    keys: list[Key] = field(default_factory=list)
    """In reverse, so that the first is popped from the end. Never empty while somebody may see it."""
    kept: str | None = None
    """The machine that keeps what it has for the first; "" where none is large enough, None until somebody looks."""

    def __len__(self) -> int:
        return len(self.keys)

    @property
    def first(self) -> str:
        """Its run's id."""
        return self.keys[-1][2]

    def pop(self) -> str:
        return self.keys.pop()[2]


class Lines:
    def __init__(self) -> None:
        self._lines: dict[Want, Line] = {}
        self.changed: set[Line] = set()
        """Those that have another first run since somebody emptied this, other than by `heads`."""

    def __len__(self) -> int:
        return sum(map(len, self._lines.values()))

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines.values())

    def of(self, run: Run) -> Line | None:
        """The line that it stands in, if it waits for nothing but its turn."""
        return self._lines.get(want_of(run))

    def add(self, run: Run) -> None:
        line, key = self._line(want_of(run)), _reverse(key_of(run))
        insort(line.keys, key)
        if line.keys[-1] == key:
            self.changed.add(line)

    def extend(self, runs: list[Run]) -> None:
        """Many at once: sort once rather than insert each."""
        before: dict[Line, Key | None] = {}
        for run in runs:
            line = self._line(want_of(run))
            before.setdefault(line, line.keys[-1] if line.keys else None)
            line.keys.append(_reverse(key_of(run)))
        for line, first in before.items():
            line.keys.sort()
            if line.keys[-1] != first:
                self.changed.add(line)

    def discard(self, run: Run) -> None:
        line, key = self._lines.get(want_of(run)), _reverse(key_of(run))
        if line is None:
            return
        at = bisect_left(line.keys, key)
        if at == len(line) or line.keys[at] != key:
            return
        del line.keys[at]
        if at == len(line):
            self.changed.add(line)
        if not line:
            del self._lines[line.want]

    def heads(self) -> Iterator[Line]:
        """Each line, the one whose first is next of all coming first. A line may be popped from, or left as it
        is: `heads` then passes on to the others and comes back to it only if something was popped."""
        heap = [(_reverse(line.keys[-1]), index, line) for index, line in enumerate(self._lines.values())]
        heapq.heapify(heap)
        while heap:
            _, index, line = heapq.heappop(heap)
            before = len(line)
            yield line
            if not line:
                del self._lines[line.want]
            elif len(line) < before:
                heapq.heappush(heap, (_reverse(line.keys[-1]), index, line))

    def _line(self, want: Want) -> Line:
        line = self._lines.get(want)
        if line is None:
            line = self._lines[want] = Line(want)
        return line

    def ahead_of(self, run: Run) -> int:
        """How many runs go before this one, of any need."""
        key = _reverse(key_of(run))
        return sum(len(line) - bisect_left(line.keys, key) for line in self) - 1

    def first(self, count: int) -> list[str]:
        """Ids of the next `count` runs in order."""
        nearest = (_reverse(key) for line in self for key in line.keys[-count:])
        return [key[2] for key in heapq.nsmallest(count, nearest)]


def _reverse(key: Key) -> Key:
    """Its own inverse. Ids keep their direction: they only make the order total."""
    return (-key[0], -key[1], key[2])
