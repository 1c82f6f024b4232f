"""Labels and what they say, as lines of a pane."""

from __future__ import annotations

from collections.abc import Iterable

from workbench.present.cells import Cell, Line, width

LABEL = 13


def fact_lines(facts: Iterable[tuple[str, str]], columns: int) -> list[Line]:
    """One fact a line, wrapped at words under its own column."""
    lines: list[Line] = []
    for label, text in facts:
        for number, part in enumerate(wrap(text, max(10, columns - LABEL))):
            lines.append((Cell(f"{'' if number else label:<{LABEL}}", "dim"), Cell(part)))
    return lines


def heading(text: str) -> Line:
    return (Cell(text, "title"),)


def wrap(text: str, columns: int) -> list[str]:
    """Lines of at most so many columns, broken at spaces, and within a word only where it must be."""
    lines, line = [], ""
    for word in text.split(" "):
        candidate = f"{line} {word}" if line else word
        if width(candidate) <= columns:
            line = candidate
            continue
        if line:
            lines.append(line)
        while width(word) > columns:
            head = _head(word, columns)
            lines.append(head)
            word = word[len(head) :]
        line = word
    return [*lines, line]


def _head(word: str, columns: int) -> str:
    used = 0
    for index, character in enumerate(word):
        used += width(character)
        if used > columns:
            return word[: max(1, index)]
    return word
