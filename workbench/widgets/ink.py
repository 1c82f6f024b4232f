"""From cells to strips: the one place where the name of a style becomes colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from workbench.present.canvas import FAINT
from workbench.present.cells import Cell, cut_line
from workbench.present.cells import width as text_width

PLAIN = Style()
_NO_INK: Mapping[str, str] = {}


@lru_cache(512)
def _parse(style: str) -> Style:
    return Style.parse(style)


def style_of(widget: Widget, name: str) -> Style:
    """How a named style looks just now; plain where the theme does not say. `faint NAME` is half as loud."""
    if not name:
        return PLAIN
    ink = getattr(widget.app, "ink", _NO_INK)
    return Style.combine([_parse(_look(ink, part)) for part in name.split("+")])


def _look(ink: Mapping[str, str], part: str) -> str:
    """As rich writes styles."""
    if part.startswith("="):
        return part[1:]
    plain = part.removeprefix(FAINT)
    return f"dim {ink.get(plain, '')}" if plain != part else ink.get(part, "")


def strip(widget: Widget, line: Iterable[Cell], columns: int, over: str = "") -> Strip:
    """A line of cells as exactly so many columns, on the widget's own colours; `over` lies on top of every cell."""
    base, top = widget.visual_style.rich_style, style_of(widget, over)
    cells = cut_line(line, columns)
    segments: list[Segment] = []
    for cell in (*cells, Cell(" " * (columns - sum(text_width(cell.text) for cell in cells)))):
        _add(segments, cell.text, base + style_of(widget, cell.style) + top)
    return Strip(segments, columns)


def _add(segments: list[Segment], text: str, style: Style) -> None:
    """As part of the last segment where nobody sees a difference: each change of style is forty bytes on the line."""
    if not text:
        return
    before = segments[-1].style if segments else None
    if before is not None and (before == style or (text.isspace() and _blank_alike(before, style))):
        segments[-1] = Segment(segments[-1].text + text, before)
    else:
        segments.append(Segment(text, style))


def _blank_alike(one: Style, other: Style) -> bool:
    return one.bgcolor == other.bgcolor and not (one.underline or one.reverse or other.underline or other.reverse)
