"""Ids and names for new runs."""

from __future__ import annotations

import secrets

from workbench.engine.store.interface import History

_LETTERS = "abcdefghjkmnpqrstvwxyz"
_ALPHABET = _LETTERS + "0123456789"
"""No i, l, o, u: nothing to misread, and no words."""
LENGTH = 8


async def mint(history: History, count: int) -> list[str]:
    """`count` ids that this history has never seen. The first character is a letter, so none is a number."""
    fresh: set[str] = set()
    while len(fresh) < count:
        candidates = {_one() for _ in range(count - len(fresh))} - fresh
        fresh |= candidates - await history.taken(list(candidates))
    return sorted(fresh)


def _one() -> str:
    return secrets.choice(_LETTERS) + "".join(secrets.choice(_ALPHABET) for _ in range(LENGTH - 1))
