"""A search through a log, as a machine is asked for it and as it answers (agent/find.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from workbench.domain.escapes import ESCAPES
from workbench.domain.search import Found, Hit, Query


def asked(query: Query, offset: int, back: bool, count: int) -> dict[str, Any]:
    return asdict(query) | {"escapes": ESCAPES, "offset": offset, "back": back, "count": count}


def found(said: Mapping[str, Any]) -> Found:
    hits = tuple(Hit(*hit) for hit in said["hits"])
    return Found(hits, said["next"], said["size"], said["done"], said["stuck"])
