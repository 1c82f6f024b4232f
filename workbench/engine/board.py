"""Which machine the next runs go to. Pure, mutated in place.

A decision looks only at what has changed: at lines that have another first run, on every machine; at the others,
only on machines that have more room than before. What is kept for a run that waits for more than is free stays kept
on one machine until there is another with more room, so a thousand machines cost an event nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from workbench.domain.resources import Need
from workbench.engine.lines import Key, Lines, Want
from workbench.engine.seats import Room, Seat


@dataclass(slots=True)
class Board:
    seats: dict[str, Seat] = field(default_factory=dict)
    kept: dict[Want, str] = field(default_factory=dict)
    """Lines whose first run found no room -> the machine that keeps what it has for it, "" where none is large
    enough."""
    opened: set[str] = field(default_factory=set)
    """Machines with more room than when they were last looked at."""
    shut: bool = False
    """A machine has closed since: those that waited for it wait for another, and those that avoid one may have no
    other any more."""

    def has_room(self, name: str) -> None:
        """More than before."""
        if self.seats[name].open:
            self.opened.add(name)

    def close(self, name: str) -> None:
        """It takes nothing new."""
        self.opened.discard(name)
        self.kept = {want: machine for want, machine in self.kept.items() if machine != name}
        self.shut = True

    def matches(self, lines: Lines) -> Iterator[tuple[Seat, list[Key]]]:
        """In the order of the queue: a machine, and a line whose first run fits there. Whoever is given them takes
        the share of one run from the machine and pops at least one run before asking for the next."""
        turn = _Turn(self, lines)
        if not turn.idle:
            for want, line in lines.heads():
                name = turn.choose(want)
                if name is None:
                    turn.keep(want)
                else:
                    yield self.seats[name], line
                    turn.placed(want, name)


class _Turn:
    """One decision: rooms as those further ahead leave them, made when somebody looks."""

    def __init__(self, board: Board, lines: Lines) -> None:
        self._board = board
        self._changed, lines.changed = lines.changed, set()
        self._opened, board.opened = board.opened, set()
        if board.shut:
            self._changed |= {want for want in lines if want.avoid or want not in board.kept}
            board.shut = False
        self._rooms: dict[str, Room] = {}
        self._candidates: dict[Want, list[tuple[int, int, str]]] = {}
        for want in self._changed:
            self._release(want)

    @property
    def idle(self) -> bool:
        return not self._changed and not self._opened

    def choose(self, want: Want) -> str | None:
        """Where it fits: the fullest such machine, so that the emptiest stays free for the big."""
        if want in self._changed:
            return self._first_candidate(want)
        fitting = [name for name in self._suitable(want, self._opened) if self._room(name).fits(want.need)]
        return min(fitting, key=lambda name: (*self._room(name).size, name), default=None)

    def placed(self, want: Want, name: str) -> None:
        """One run of the line went there. The next one waits in its own right."""
        self._room(name).take(want.need)
        self._release(want)

    def keep(self, want: Want) -> None:
        """It fits nowhere: of the machines large enough, the one with the most room keeps it for this line."""
        board, held = self._board, self._board.kept.get(want)
        rivals = self._suitable(want, board.seats if held is None else self._opened)
        large = [name for name in rivals if board.seats[name].could_fit(want.need)]
        best = max(large, key=lambda name: (*self._room(name).size, name), default="")
        if held and (not best or self._room(best).size <= self._room(held).size):
            best = held
        elif held:
            self._release(want)
        board.kept[want] = best
        if best:
            self._room(best).keep_for(want.need)

    def _first_candidate(self, want: Want) -> str | None:
        """Of all machines. A heap, as a line may be long: places only shrink while we look, so an entry that is not
        up to date is put back where it belongs when its turn comes."""
        heap = self._candidates.get(want)
        if heap is None:
            names = [name for name in self._suitable(want, self._board.seats) if self._may_fit(name, want.need)]
            heap = self._candidates[want] = [(*self._room(name).size, name) for name in names]
            heapq.heapify(heap)
        while heap:
            *size, name = heap[0]
            room = self._room(name)
            if not room.fits(want.need) or not self._board.seats[name].suits(want.need):
                heapq.heappop(heap)
            elif room.size != tuple(size):
                heapq.heapreplace(heap, (*room.size, name))
            else:
                return name
        return None

    def _suitable(self, want: Want, names: Iterable[str]) -> Iterable[str]:
        """Those of them that are open, and not to be avoided."""
        seats, (need, avoid) = self._board.seats, want
        if need.machine:
            names = [need.machine] if need.machine in seats and need.machine in names else []
        found = [name for name in names if seats[name].open and seats[name].suits(need)]
        if avoid in found and any(seat.open and seat.name != avoid and seat.could_fit(need) for seat in seats.values()):
            found.remove(avoid)
        return found

    def _may_fit(self, name: str, need: Need) -> bool:
        """A quick look, whatever is kept for others."""
        seat = self._board.seats[name]
        return need.cpus <= seat.capacity.cpus - seat.cpus and self._room(name).fits(need)

    def _room(self, name: str) -> Room:
        room = self._rooms.get(name)
        if room is None:
            room = self._rooms[name] = self._board.seats[name].room()
        return room

    def _release(self, want: Want) -> None:
        """What was kept for it is free for those behind it."""
        held = self._board.kept.pop(want, "")
        if held:
            self._opened.add(held)
            for heap in self._candidates.values():
                heapq.heappush(heap, (*self._room(held).size, held))
