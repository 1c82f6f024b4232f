"""What a key did, and how it is taken back; or why it can't be."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

KEPT = 50
"""Steps that are remembered."""


@dataclass(frozen=True, slots=True)
class Step:
    what: str
    """`hold of brave-sunset-12`."""
    back: Callable[[], Awaitable[bool]] | None = None
    """Does it; whether that was done. None: it can't be."""
    instead: str = ""
    """What one can do where it can't be taken back."""


def remember(steps: list[Step], step: Step) -> None:
    steps.append(step)
    del steps[:-KEPT]


async def undo(steps: list[Step], say: Callable[[str], None]) -> None:
    """Take the last step back. One that can't be is told of once, and then those before it are next."""
    if not steps:
        say("nothing to undo")
        return
    step = steps.pop()
    if step.back is None:
        say(f"{step.what} can't be undone; {step.instead}")
    elif await step.back():
        say(f"undone: {step.what}")
