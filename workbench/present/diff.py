"""A unified diff as coloured lines."""

from __future__ import annotations

from workbench.present.cells import Cell, Line
from workbench.present.sanitise import clean

LONGEST = 5000
"""Lines; whoever needs more has git."""


def diff_lines(text: str) -> list[Line]:
    lines = text.splitlines()
    shown: list[Line] = [(Cell(clean(line), _style(line)),) for line in lines[:LONGEST]]
    if len(lines) > LONGEST:
        shown.append((Cell(f"and {len(lines) - LONGEST:,} lines more", "dim"),))
    return shown


def _style(line: str) -> str:
    if line.startswith(("+++", "---", "diff ", "index ", "new file", "deleted file")):
        return "strong"
    if line.startswith("@@"):
        return "accent"
    return {"+": "added", "-": "removed"}.get(line[:1], "")
