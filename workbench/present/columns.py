"""Which columns of a list fit into a width, and how wide each is. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

GAP = 2


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    width: int
    """Columns of the terminal it takes at least."""
    right: bool = False
    """Numbers are set to the right."""
    need: int = 0
    """Left out where the list is narrower than this."""
    grows: int = 0
    """Its part of the room that is left over."""
    most: int = 0
    """Grows no further than this; 0: without end."""
    style: str = ""
    """Of its title, where that differs from those of the others."""

    def titled(self, title: str) -> Column:
        return replace(self, title=title)


@dataclass(frozen=True, slots=True)
class Slot:
    """A column in its place."""

    index: int
    """Of its cell in a row."""
    column: Column
    x: int
    width: int


def arrange(columns: Sequence[Column], width: int) -> tuple[Slot, ...]:
    """The columns that fit, left to right, sharing what room is left over."""
    shown = [(index, column) for index, column in enumerate(columns) if width >= column.need]
    widths = {index: column.width for index, column in shown}
    spare = width - sum(widths.values()) - GAP * (len(shown) - 1)
    growing = {index: column for index, column in shown if column.grows}
    while spare > 0 and growing:
        parts = sum(column.grows for column in growing.values())
        before = spare
        for index, column in list(growing.items()):
            wanted = max(1, before * column.grows // parts)
            given = min(wanted, spare, column.most - widths[index] if column.most else wanted)
            widths[index] += given
            spare -= given
            if column.most and widths[index] >= column.most:
                del growing[index]
    x, slots = 0, []
    for index, column in shown:
        slots.append(Slot(index, column, x, max(0, min(widths[index], width - x))))
        x += widths[index] + GAP
    return tuple(slot for slot in slots if slot.width > 0)
