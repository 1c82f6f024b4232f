"""Ids for new runs."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

from workbench.engine.store.interface import History

_LETTERS = "abcdefghjkmnpqrstvwxyz"
_ALPHABET = _LETTERS + "0123456789"
"""No i, l, o, u: nothing to misread, and no words."""
LENGTH = 8


async def mint(history: History, count: int) -> list[str]:
    """`count` ids that this history has never seen. The first character is a letter, so none is a number."""
    fresh: set[str] = set()
    while len(fresh) < count:
        candidates = set(_draw(count - len(fresh))) - fresh
        fresh |= candidates - await history.taken(list(candidates))
    return sorted(fresh)


def _draw(count: int) -> Iterator[str]:
    """One question to the kernel, however many: each costs as much as a whole id."""
    chance = secrets.token_bytes(count * LENGTH)
    for start in range(0, len(chance), LENGTH):
        first, *others = chance[start : start + LENGTH]
        yield _LETTERS[first % len(_LETTERS)] + "".join([_ALPHABET[byte % len(_ALPHABET)] for byte in others])
