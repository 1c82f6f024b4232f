"""From cells to strips: the one place where the name of a style becomes colours."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Protocol, runtime_checkable

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from workbench.present.cells import Cell, cut_line
from workbench.present.cells import width as text_width

PLAIN = Style()


@runtime_checkable
class Inked(Protocol):
    """An app that knows how its styles look."""

    @property
    def ink(self) -> Mapping[str, str]: ...


@lru_cache(512)
def _parse(style: str) -> Style:
    return Style.parse(style)


def style_of(widget: Widget, name: str) -> Style:
    """How a named style looks just now; plain where the theme does not say."""
    app = widget.app
    look = app.ink.get(name, "") if name and isinstance(app, Inked) else ""
    return _parse(look) if look else PLAIN


def strip(widget: Widget, line: Iterable[Cell], columns: int, over: str = "") -> Strip:
    """A line of cells as exactly so many columns, on the widget's own colours; `over` lies on top of every cell."""
    base, top = widget.rich_style, style_of(widget, over)
    cells = cut_line(line, columns)
    segments = [Segment(cell.text, base + style_of(widget, cell.style) + top) for cell in cells if cell.text]
    used = sum(text_width(cell.text) for cell in cells)
    if used < columns:
        segments.append(Segment(" " * (columns - used), base + top))
    return Strip(segments, columns)
