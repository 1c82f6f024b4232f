"""A screen as text that one can read and compare: what it says, and below how each stretch of it looks.

Not as SVG: that is forty times as large, and a difference of one cell moves half of its lines. Fonts and glyphs are
the terminal's affair; characters and colours are ours.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from string import ascii_letters

from textual.strip import Strip

RULE = "=== "
"""What begins the part that tells the looks in one theme."""


def words(strips: Sequence[Strip]) -> str:
    return "\n".join(strip.text.rstrip() for strip in strips) + "\n"


def looks(theme: str, strips: Sequence[Strip]) -> str:
    """Stretches of each line as letter and columns, lines that look alike together; then what the letters mean."""
    legend: dict[str, str] = {}
    lines = [" ".join(_stretches(strip, legend)) for strip in strips]
    told = [f"{letter} {style}" for style, letter in legend.items()]
    return "\n".join([RULE + theme, *_folded(lines), *told]) + "\n"


def _stretches(strip: Strip, legend: dict[str, str]) -> Iterator[str]:
    before, columns = "", 0
    for segment in strip:
        style = str(segment.style or "none")
        letter = legend.setdefault(style, ascii_letters[len(legend)])
        if before and letter != before:
            yield f"{before}{columns}"
            columns = 0
        before, columns = letter, columns + segment.cell_length
    yield f"{before}{columns}"


def _folded(lines: Sequence[str]) -> Iterator[str]:
    """`4 to 9: a80` for lines that are the same."""
    first = 0
    for index, line in enumerate(lines):
        if index + 1 == len(lines) or lines[index + 1] != line:
            yield f"{first + 1}: {line}" if index == first else f"{first + 1} to {index + 1}: {line}"
            first = index + 1
