"""What is looked for in logs, and what counts as trouble there. Whoever searches knows lines as bytes and texts; what
people mean by what they type is said here, once for screens, command line and engine."""

from __future__ import annotations

import re
import warnings
from dataclasses import dataclass
from typing import NamedTuple

from workbench.errors import UsageError

LONGEST_PATTERN = 1000
_SPECIAL = re.compile(r"[][.^$*+?{}\\|()]")


@dataclass(frozen=True, slots=True)
class Query:
    """Which lines are wanted. Each is looked at as it is seen: settled where it rewrote itself, without escapes."""

    pattern: str
    """A regular expression, of what Python's `re` takes."""
    ignore_case: bool = False
    invert: bool = False
    """The lines that lack it."""
    needles: tuple[str, ...] = ()
    """Where there are some, a line that fits has one of them, in this case or, with `ignore_case`, in small letters.
    They are quick to find, and lines without one are not looked at."""


class Hit(NamedTuple):
    """A line that fits."""

    offset: int
    """Of its first byte in the log."""
    text: str
    """Its beginning as it was printed; bytes that are no UTF-8 as lone surrogates."""
    start: int
    end: int
    """Where it fits, in characters of the line as it is seen."""


@dataclass(frozen=True, slots=True)
class Found:
    """What one step of a search brought."""

    hits: tuple[Hit, ...]
    """In the order of the search."""
    next: int
    """Where the next step begins. A line that has no end yet is found again there."""
    size: int
    """The log's, in bytes."""
    done: bool
    """Nothing is left in this direction."""
    stuck: bool = False
    """The pattern takes too long on what lies at `next`."""


def query(text: str, invert: bool = False) -> Query:
    """What somebody typed: a regular expression or, where it is none, just these characters. Without a capital
    letter in it, case does not matter. Raises UsageError where it is empty or too long."""
    if not text:
        raise UsageError("there is nothing to look for")
    if len(text) > LONGEST_PATTERN:
        raise UsageError(f"the pattern has {len(text)} characters, and {LONGEST_PATTERN} is the most")
    ignore_case = not any(character.isupper() for character in re.sub(r"\\.", "", text))
    plain = not _SPECIAL.search(text) or not _compiles(text)
    needles = (text,) if plain and text.isascii() and not invert else ()
    return Query(re.escape(text) if plain else text, ignore_case, invert, needles)


def _compiles(pattern: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError):
        return False
    return True


TROUBLE = Query(
    r"^Traceback \(most recent call last\)"
    r"|^(?:[][\w.]+: )?(?:[A-Za-z_]\w*\.)*[A-Z]\w*(?:Error|Exception|Interrupt|Exit)(?::|$)"  # a traceback's end
    r"|\b(?:ERROR|CRITICAL|FATAL|PANIC)\b"  # what loggers write
    r"|^\W*(?:[\w./-]+: )?(?:[Ff]atal|[Ee]rror|panic):"  # what programs write
    r"|Segmentation fault|\(core dumped\)|CUDA error|out of memory\b|^Killed$|^Aborted\b",
    needles=(
        *("Traceback (most", "Error", "Exception", "Interrupt", "Exit", "ERROR", "CRITICAL", "FATAL", "PANIC"),
        *("atal:", "rror:", "panic:", "Segmentation fault", "core dumped", "out of memory", "Killed", "Aborted"),
    ),
)
"""Errors and tracebacks. Not what only speaks of them: `val_error=0.3`, `0 errors`, `mean error 0.2`."""
