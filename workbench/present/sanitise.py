"""What came from outside, made safe to draw: logs, names, metric keys, host names.

A terminal acts on control characters, and readers trust the order in which they see letters. So escape
sequences vanish, any other control character becomes its visible picture (␀ to ␟), and invisible format
characters (bidirectional overrides, zero-width joiners, tags) vanish too: terminals disagree on their width.
"""

from __future__ import annotations

import re
import unicodedata

from workbench.domain.escapes import ESCAPES

_ESCAPES = re.compile(ESCAPES)
_NOT_PLAIN = re.compile(r"[^ -~]")
TAB = 8


def _stand_in(character: str) -> str:
    code = ord(character)
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    category = unicodedata.category(character)
    if category in ("Zl", "Zp"):
        return " "
    if category == "Cs" or 0x80 <= code < 0xA0:
        return "�"
    if category == "Cf" or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return ""
    return character


def clean(text: str) -> str:
    """One line that can be drawn as it is: no control character, no escape, tabs as spaces."""
    if text.isascii() and text.isprintable():
        return text
    text = bare(text)
    if "\t" in text:
        text = text.expandtabs(TAB)
    return _NOT_PLAIN.sub(lambda match: _stand_in(match[0]), text)


def one_line(text: str) -> str:
    """What is put into a line where somebody types: its lines behind each other, clean."""
    return clean(" ".join(text.splitlines()))


def bare(text: str) -> str:
    """It without escape sequences; not fit to be drawn yet."""
    return _ESCAPES.sub("", text)


def clean_bytes(data: bytes) -> str:
    """As `clean`, of bytes that should be UTF-8."""
    return clean(data.decode("utf-8", "replace"))


def clean_lines(text: str) -> list[str]:
    """The lines of a log, each clean. Of a line that rewrote itself with carriage returns, the last state."""
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    return [clean(settled(line)) for line in lines]


def settled(line: str) -> str:
    """What a terminal would be left with: progress bars rewrite their line."""
    if "\r" not in line:
        return line
    states = [state for state in line.split("\r") if state]
    return states[-1] if states else ""
