"""Work beside the message loop: nothing that a key starts may keep the next key waiting."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, cast

from textual.dom import DOMNode


def errand(node: DOMNode, work: Callable[[], Coroutine[Any, Any, object]], kind: str = "") -> None:
    """Do it, for as long as the node is there. A later errand of the same kind takes the place of an earlier one.

    Takes a callable, not a coroutine: one that is replaced before it starts leaves nothing behind.
    """
    node.run_worker(cast(Any, work), group=kind or "default", exclusive=bool(kind))
