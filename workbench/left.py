"""Where somebody was when they left, so that opening again leads there: desk.json in the state directory.

A convenience, never an obstacle: what can't be read or written, or makes no sense, is as if nothing had been kept.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from typing import Any

from workbench import paths
from workbench.domain.filters import parse
from workbench.domain.view import View, check_columns
from workbench.errors import UsageError

LARGEST = 1 << 16
"""Bytes; more than that is not ours."""


@dataclass(frozen=True, slots=True)
class Left:
    screen: str = ""
    """The list in front."""
    opened: str = ""
    """Id of the run whose page was open over it."""
    run: str = ""
    """Id of the run under the queue's cursor."""
    index: int = 0
    """Where in the queue it stood."""
    view: View = View()


def path() -> str:
    return os.path.join(paths.state(), "desk.json")


def load(file: str) -> Left:
    """What was kept, as far as it makes sense."""
    try:
        with open(file, "rb") as stream:
            kept = json.loads(stream.read(LARGEST))
    except (OSError, ValueError, RecursionError):
        return Left()
    if not isinstance(kept, dict):
        return Left()
    index = kept.get("index")
    return Left(
        screen=_text(kept, "screen"),
        opened=_text(kept, "opened"),
        run=_text(kept, "run"),
        index=index if type(index) is int and 0 <= index < 1 << 40 else 0,
        view=_view(kept.get("view")),
    )


def save(file: str, left: Left) -> None:
    try:
        paths.private(os.path.dirname(file))
        paths.replace(file, json.dumps(asdict(left)))
    except OSError:
        pass


def _view(kept: Any) -> View:
    if not isinstance(kept, dict) or not isinstance(kept.get("columns"), list):
        return View()
    try:
        parse(_text(kept, "filter"))
        columns = check_columns(tuple(str(column) for column in kept["columns"]))
    except UsageError:
        return View()
    return View(_text(kept, "filter"), _text(kept, "order") or "queue", columns)


def _text(kept: dict[str, Any], key: str) -> str:
    value = kept.get(key)
    return value if isinstance(value, str) and value.isprintable() else ""
