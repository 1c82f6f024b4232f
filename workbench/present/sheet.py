"""CSV and TSV as a table: parsed from text that may break off, and laid out for a width. Pure."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from io import StringIO
from itertools import islice

from workbench.present.cells import Cell, Line, fit, width
from workbench.present.sanitise import clean

ROWS = 1000
"""Rows that are kept."""
COLUMNS = 200
"""Columns that are kept."""
WIDEST = 40
"""Columns of the terminal that one column takes at most."""
GAP = 2
_NUMBERS = frozenset("0123456789.,:+-%eE")
_NO_NUMBER = frozenset({"", "nan", "NaN", "inf", "-inf", "NA", "null", "None"})


@dataclass(frozen=True, slots=True)
class Sheet:
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    """Clean, each as long as the header."""
    widths: tuple[int, ...]
    numeric: tuple[bool, ...]
    """Columns of numbers: set to the right."""
    more: bool
    """There are rows that are not here."""


def parse_sheet(text: str, delimiter: str = "", whole: bool = True) -> Sheet | None:
    """None where it is no table. delimiter: guessed from the first line if not given.

    whole: `text` is all there is; else its last line, which may be half a one, is left out."""
    text = text.removeprefix("\ufeff")
    if not whole:
        text = text[: text.rfind("\n") + 1]
    reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter or _guess(text.partition("\n")[0]))
    try:
        found = list(islice(reader, ROWS + 2))
    except csv.Error:
        return None
    records = [tuple(clean(value.replace("\n", " ")) for value in record[:COLUMNS]) for record in found if record]
    if not records:
        return None
    columns = max(map(len, records))
    header, *rows = [record + ("",) * (columns - len(record)) for record in records]
    kept = rows[:ROWS]
    by_column = list(zip(header, *kept, strict=True))
    return Sheet(
        header,
        tuple(kept),
        tuple(min(WIDEST, max(map(width, values))) for values in by_column),
        tuple(_is_numeric(values[1:]) for values in by_column),
        more=len(rows) > ROWS or not whole,
    )


def sheet_header(sheet: Sheet, first: int = 0) -> Line:
    """first: the leftmost column that is shown."""
    return _laid_out(sheet, sheet.header, first, "heading")


def sheet_lines(sheet: Sheet, first: int = 0) -> list[Line]:
    return [_laid_out(sheet, row, first, "") for row in sheet.rows]


def _laid_out(sheet: Sheet, values: Sequence[str], first: int, style: str) -> Line:
    shown = list(zip(values, sheet.widths, sheet.numeric, strict=True))[first:]
    return (Cell((" " * GAP).join(fit(value, wide, right) for value, wide, right in shown), style),)


def _guess(line: str) -> str:
    return max(",\t;|", key=line.count)


def _is_numeric(values: Sequence[str]) -> bool:
    told = [value.strip() for value in values]
    return any(value not in _NO_NUMBER for value in told) and all(
        value in _NO_NUMBER or set(value) <= _NUMBERS for value in told
    )
