"""Finding names by some of their letters: `bs12` finds brave-sunset-12. Pure.

The letters must stand in the name in this order. Of all ways to find them there the best counts: letters that begin
a word or follow one another are worth more. The search is the dynamic programme of Smith and Waterman (1981) without
substitutions, as fzf has it, with other weights.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

LETTER, START, NEXT, FIRST = 1, 8, 6, 4
"""What a letter is worth; what it earns where a word begins, right behind the one before, and as the first of all."""
LONGEST = 120
"""Letters of a name that are looked at, and of what is asked for."""


@dataclass(frozen=True, slots=True)
class Match:
    score: int
    at: tuple[int, ...]
    """Where the letters were found."""


def match(asked: str, name: str) -> Match | None:
    """The best way to find what is asked for in a name; None where there is none. Neither case nor spaces count."""
    wanted, text = "".join(asked.lower().split()), name[:LONGEST].lower()
    rest = iter(text)
    if len(wanted) > LONGEST or not all(letter in rest for letter in wanted):
        return None
    if not wanted:
        return Match(0, ())
    ways = [_first(text, at) if found == wanted[0] else None for at, found in enumerate(text)]
    for letter in wanted[1:]:
        ways = _further(ways, letter, text)
    return max((way for way in ways if way), key=_score)


def rank(asked: str, names: Iterable[str], limit: int) -> list[tuple[int, Match]]:
    """(index of a name, how it was found), the best first and at most so many; of equals the shorter, the earlier."""
    found = [(index, name, way) for index, name in enumerate(names) if (way := match(asked, name))]
    best = heapq.nsmallest(limit, found, key=lambda one: (-one[2].score, len(one[1]), one[0]))
    return [(index, way) for index, _, way in best]


def _first(text: str, at: int) -> Match:
    return Match(_worth(text, at) + (0 if at else FIRST), (at,))


def _further(ways: list[Match | None], letter: str, text: str) -> list[Match | None]:
    """The best way that ends at each place of the text, with one letter more."""
    longer: list[Match | None] = [None] * len(text)
    far: Match | None = None
    """The best of those that leave something out before this place."""
    for at in range(1, len(text)):
        near = ways[at - 1]
        if text[at] == letter:
            before = [(way, way.score + more) for way, more in ((near, NEXT), (far, 0)) if way]
            if before:
                way, score = max(before, key=lambda one: one[1])
                longer[at] = Match(score + _worth(text, at), (*way.at, at))
        if near and (far is None or near.score > far.score):
            far = near
    return longer


def _worth(text: str, at: int) -> int:
    """A word begins after a sign, and where digits follow letters."""
    before = text[at - 1] if at else " "
    begins = (text[at].isalnum() and not before.isalnum()) or (text[at].isdigit() and not before.isdigit())
    return LETTER + (START if begins else 0)


def _score(way: Match) -> int:
    return way.score
