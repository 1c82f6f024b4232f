"""A place as a line of the list above the prompt."""

from __future__ import annotations

from collections.abc import Collection

from workbench.present.cells import Cell, Line, cut, width
from workbench.present.sanitise import clean

KIND = 8
"""Columns of the word that says what it is."""
NAME = 34


def place_line(kind: str, name: str, about: str, at: Collection[int], chosen: bool) -> Line:
    """`▸ run     brave-sunset-12   running  churn`; at: letters of the name that stand out."""
    cells = [Cell(" ▸ " if chosen else "   ", "key"), Cell(f"{kind:<{KIND}}", "dim")]
    shown = cut(clean(name), NAME)
    if clean(name) == name:
        cells += [Cell(letter, "accent" if index in at else "strong") for index, letter in enumerate(shown)]
    else:  # what was taken out has moved the letters
        cells.append(Cell(shown, "strong"))
    gap = " " * (NAME + 2 - width(shown))
    return (*cells, Cell(gap + clean(about), "dim"))
