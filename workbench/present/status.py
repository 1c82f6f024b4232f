"""Statuses as glyph and word: told apart by shape, not by colour alone. Every glyph is one column wide."""

from __future__ import annotations

from collections.abc import Mapping

from workbench.domain.run import Run
from workbench.domain.status import Failed, Preparing, Running
from workbench.present.cells import Cell, Line

GLYPHS: Mapping[str, str] = {
    "running": "▶",
    "preparing": "▷",
    "queued": "⋯",
    "held": "‖",
    "finished": "✓",
    "failed": "✗",
    "error": "!",
    "cancelled": "⊘",
    "timed out": "◷",
    "oom": "▣",
    "lost": "?",
}
"""In the order in which a list shows them."""

MACHINE_GLYPHS: Mapping[str, str] = {
    "ok": "●",
    "connecting": "◌",
    "draining": "◐",
    "set aside": "⊗",
    "unreachable": "○",
}


def status(run: Run) -> Cell:
    """`▶ running`, `✗ failed 1` (its exit code), `▶ cancelling`: twelve columns at most."""
    name = run.status.name
    word = name
    match run.status:
        case Failed(exit_code=code):
            word = f"failed {code}"
        case Preparing(cancelled_by=by) | Running(cancelled_by=by) if by:
            word = "cancelling"
    return Cell(f"{GLYPHS[name]} {word}", name)


def counts(numbers: Mapping[str, int], full: bool = True) -> Line:
    """`▶ 6 running  ⋯ 42 queued`, only what there is; without words where room is short."""
    cells: list[Cell] = []
    for name, glyph in GLYPHS.items():
        if number := numbers.get(name, 0):
            text = f"{glyph} {number:,} {name}" if full else f"{glyph} {number:,}"
            cells += [Cell("   " if full else "  "), Cell(text, name)]
    return tuple(cells)
