"""Which machine the next runs go to. Pure, mutated in place.

A decision looks only at what has changed: at lines that have another first run, on every machine; at the others,
only on machines that have more room than before. What is kept for a run that waits for more than is free stays kept
on one machine until another has more room, so a thousand machines cost an event next to nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from workbench.domain.resources import Need
from workbench.engine.lines import Line, Lines, Want
from workbench.engine.seats import Room, Seat


@dataclass(slots=True)
class Board:
    seats: dict[str, Seat] = field(default_factory=dict)
    opened: dict[str, None] = field(default_factory=dict)
    """Machines with more room than when they were last looked at."""
    closed: set[str] = field(default_factory=set)
    """Machines that have stopped to take new runs since."""

    def has_room(self, name: str) -> None:
        """More than before."""
        if self.seats[name].open:
            self.opened[name] = None

    def close(self, name: str) -> None:
        """It takes nothing new, or other runs than before."""
        self.opened.pop(name, None)
        self.closed.add(name)

    def matches(self, lines: Lines) -> Iterator[tuple[Seat, Line]]:
        """In the order of the queue: a machine, and a line whose first run fits there. Whoever is given them takes
        the share of one run from the machine and pops at least one run before asking for the next."""
        turn = _Turn(self, lines)
        if turn.idle:
            return
        for line in lines.heads():
            name = turn.choose(line)
            if name is None:
                turn.keep(line)
            else:
                yield self.seats[name], line
                turn.placed(line, name)


class _Turn:
    """One decision: rooms as those further ahead leave them, made when somebody looks."""

    def __init__(self, board: Board, lines: Lines) -> None:
        self._seats = board.seats
        self._opened, board.opened = board.opened, {}
        self._changed, lines.changed = lines.changed, set()
        if board.closed:  # who waited there waits elsewhere now; who avoids a machine may have no other any more
            self._changed.update(line for line in lines if line.kept in board.closed or line.want.avoid)
            board.closed = set()
        self._rooms: dict[str, Room] = {}
        self._kept: dict[str, list[Need]] = {}
        """Machine -> what those further ahead wait for there, in their order."""
        self._candidates: dict[Line, list[tuple[int, int, str]]] = {}
        for line in self._changed:
            self._release(line)

    @property
    def idle(self) -> bool:
        return not self._changed and not self._opened

    def choose(self, line: Line) -> str | None:
        """Where it fits: the fullest such machine, so that the emptiest stays free for the big."""
        if line in self._changed:
            return self._first_candidate(line)
        fitting = [name for name in self._opened if self._room(name).fits(line.want.need)]
        suitable = self._suitable(line.want, fitting) if fitting else fitting
        return min(suitable, key=lambda name: (*self._room(name).size, name), default=None)

    def placed(self, line: Line, name: str) -> None:
        """One run of the line went there. The next one waits in its own right."""
        self._room(name).take(line.want.need)
        self._release(line)

    def keep(self, line: Line) -> None:
        """It fits nowhere. Of the machines large enough, the one with the most room keeps it for this line; it stays
        with that one until another has more."""
        before, need = line.kept, line.want.need
        names: Iterable[str] = self._seats if before is None else self._opened
        least = self._seats[before].free if before else (-1, -1)
        best = before or ""
        for name in names:
            seat = self._seats[name]
            if seat.free > least and seat.could_fit(need) and self._suitable(line.want, (name,)):
                size = self._room(name).size
                if size > least:
                    best, least = name, size
        if before and best != before:
            self._release(line)
        line.kept = best
        if best in self._rooms:
            self._rooms[best].keep_for(need)
        elif best:
            self._kept.setdefault(best, []).append(need)

    def _first_candidate(self, line: Line) -> str | None:
        """Of all machines. A heap, as a line may be long: places only shrink while we look, so an entry that is not
        up to date is put back where it belongs when its turn comes."""
        need, heap = line.want.need, self._candidates.get(line)
        if heap is None:
            free = [name for name, seat in self._seats.items() if seat.capacity.cpus - seat.cpus >= need.cpus]
            names = [name for name in self._suitable(line.want, free) if self._room(name).fits(need)]
            heap = self._candidates[line] = [(*self._room(name).size, name) for name in names]
            heapq.heapify(heap)
        while heap:
            *size, name = heap[0]
            room = self._room(name)
            if not room.fits(need):
                heapq.heappop(heap)
            elif room.size != tuple(size):
                heapq.heapreplace(heap, (*room.size, name))
            else:
                return name
        return None

    def _suitable(self, want: Want, names: Iterable[str]) -> list[str]:
        """Those of them that are open, what the run asks for, and not to be avoided."""
        seats, (need, avoid) = self._seats, want
        found = [name for name in names if seats[name].open and seats[name].suits(need)]
        if avoid in found and any(seat.name != avoid and seat.open and seat.could_fit(need) for seat in seats.values()):
            found.remove(avoid)
        return found

    def _room(self, name: str) -> Room:
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = self._seats[name].room()
            for need in self._kept.pop(name, ()):
                room.keep_for(need)
        return room

    def _release(self, line: Line) -> None:
        """What was kept for it is free for those behind it."""
        held, line.kept = line.kept, None
        if held and held in self._seats and self._seats[held].open:
            self._opened[held] = None
            for other, heap in self._candidates.items():
                if self._suitable(other.want, (held,)):
                    heapq.heappush(heap, (*self._room(held).size, held))
