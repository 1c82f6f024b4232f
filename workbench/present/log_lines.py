"""Lines of a log as they are drawn, and where in the log one is."""

from __future__ import annotations

import re
from functools import lru_cache

from workbench.domain.resources import format_size
from workbench.domain.search import TROUBLE
from workbench.present.ansi import cells
from workbench.present.cells import Cell, Line
from workbench.present.log_window import Held
from workbench.present.sanitise import bare, clean, settled

FOUND = "marked+=reverse"
_TROUBLE = re.compile(TROUBLE.pattern)
_WARNING = re.compile(r"\b(?:\w*Warning|WARN(?:ING)?|warning):")
LOOKED_AT = 300
"""Characters of a line in which its kind shows."""


def hit(offset: int, text: str, start: int, end: int) -> Held:
    """A line that was found: the characters that fit, as they are drawn."""
    seen = bare(settled(text))
    return Held(offset, text.encode("utf-8", "surrogateescape"), (len(clean(seen[:start])), len(clean(seen[:end]))))


@lru_cache(4096)
def drawn(line: Held) -> Line:
    """In the colours that the program gave it; without any, errors and warnings in theirs. What was looked for is
    marked."""
    text = settled(line.raw.decode("utf-8", "replace"))
    shown = cells(text)
    if not any(cell.style for cell in shown):
        kind = _kind("".join(cell.text for cell in shown)[:LOOKED_AT])
        shown = tuple(Cell(cell.text, kind) for cell in shown)
    return _marked(shown, *line.span) if line.span else shown


def _kind(text: str) -> str:
    if _TROUBLE.search(text):
        return "bad"
    return "warn" if _WARNING.search(text) else ""


def _marked(line: Line, start: int, end: int) -> Line:
    """The characters from `start` to `end` of it stand out."""
    kept: list[Cell] = []
    at = 0
    for cell in line:
        first, last = (min(max(0, edge - at), len(cell.text)) for edge in (start, end))
        parts = ((cell.text[:first], cell.style), (cell.text[first:last], FOUND), (cell.text[last:], cell.style))
        kept += [Cell(text, style) for text, style in parts if text]
        at += len(cell.text)
    return tuple(kept)


def place(end: int, size: int, following: bool) -> Line:
    """Where the last line on screen ends, in bytes of the log."""
    if not size:
        return ()
    share = min(100, 100 * end // size)
    where = Cell(f"{share}% of {format_size(size)}", "dim")
    return (where, Cell("  following", "good")) if following else (where,)


def searching(words: str, at: int, size: int, back: bool) -> Line:
    done = size - at if back else at
    return (Cell(f"searching {clean(words)}…  {format_size(max(0, done))} of {format_size(size)}", "accent"),)
