"""What can be wrong with the place: each a question with an answer in plain words. Nothing here changes anything."""

from __future__ import annotations

from typing import NamedTuple

WELL, ADVICE, WRONG = "well", "advice", "wrong"


class Finding(NamedTuple):
    """What was looked at, how it is, and what to do where it is not well."""

    what: str
    level: str
    says: str
    advice: str = ""
