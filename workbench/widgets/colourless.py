"""NO_COLOR: not one colour, nor a grey that Textual would make of it. What has a ground of its own is reversed."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter, Monochrome, NoColor

REVERSED = Style(reverse=True)
_NOT_DIM = Style(dim=False)


class Colourless(LineFilter):
    """Bold, underline and reverse are what is left to tell things apart: the row under the cursor, the tab in front."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        bare = (Segment(text, style and _bare(style, background), control) for text, style, control in segments)
        return list(Segment.simplify(bare))


@lru_cache(1024)
def _bare(style: Style, background: Color) -> Style:
    """It without colours; what a click finds there stays."""
    ground, usual = style.bgcolor, background.rich_color
    apart = ground and not ground.is_default and (ground.number, ground.triplet) != (usual.number, usual.triplet)
    look = style.without_color + _NOT_DIM + Style.from_meta(style.meta)
    return look + REVERSED if apart else look


def colourless(filters: list[LineFilter]) -> list[LineFilter]:
    """What Textual does to lines, without its own idea of no colour."""
    return [*(one for one in filters if not isinstance(one, Monochrome | NoColor)), Colourless()]
