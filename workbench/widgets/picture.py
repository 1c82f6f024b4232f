"""An image as half blocks: two pixels a cell, in any terminal with colours, through tmux and SSH.

Sixel and the kitty protocol show more, but a terminal has to be asked whether it knows them: by the time that somebody
opens an image its answers would arrive among the keys, and tmux lets neither through as it comes.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from workbench.widgets.ink import strip

if TYPE_CHECKING:
    from PIL.Image import Image

Pixels = list[list[tuple[int, int, int]]]
"""Rows of red, green, blue."""

MOST_PIXELS = 40_000_000
"""Of an image that is decoded: a few kilobytes may claim to be billions."""
KEPT = 800
"""Pixels of a side that are kept: more than any terminal shows."""
_SHADES = 0xF8
"""Shades that differ by less are one: neighbours of one colour are one escape sequence on a slow line."""


class Unreadable(Exception):
    """Its words say why this is no image that can be drawn."""


def decode(data: bytes) -> Image:
    """A PNG or JPEG, scaled down to what is worth keeping, on white. Raises Unreadable."""
    from PIL import Image, ImageOps

    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as image:
            width, height = image.size
            if width * height > MOST_PIXELS:
                raise Unreadable(f"{width} x {height} pixels are too many to draw here")
            image.draft("RGB", (KEPT, KEPT))
            image.thumbnail((KEPT, KEPT))
            upright = ImageOps.exif_transpose(image).convert("RGBA")
    except (OSError, ValueError, SyntaxError, EOFError, Image.DecompressionBombError) as problem:
        raise Unreadable(f"it can't be read as an image: {problem}") from None
    paper = Image.new("RGBA", upright.size, "white")
    return Image.alpha_composite(paper, upright).convert("RGB")


class Picture(Widget):
    DEFAULT_CSS = "Picture { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._image: Image | None = None
        self._pixels: Pixels = []

    def show(self, image: Image | None) -> None:
        self._image = image
        self._scale()

    def on_resize(self, event: events.Resize) -> None:
        self._scale()

    def on_show(self) -> None:
        """While it was hidden it had no size; and none other than before makes no Resize."""
        self._scale()

    def _scale(self) -> None:
        self._pixels = scaled(self._image, self.size.width, self.size.height * 2) if self._image and self.size else []
        self.refresh()

    def render_line(self, y: int) -> Strip:
        rows = self._pixels[2 * y : 2 * y + 2]
        if not rows:
            return strip(self, (), self.size.width)
        upper, lower = rows[0], rows[-1]
        cells: list[Segment] = []
        start = 0
        for x in range(1, len(upper) + 1):
            if x == len(upper) or (upper[x], lower[x]) != (upper[start], lower[start]):
                style = Style.from_color(Color.from_rgb(*upper[start]), Color.from_rgb(*lower[start]))
                cells.append(Segment("▀" * (x - start), style))
                start = x
        return Strip(cells, len(upper)).adjust_cell_length(self.size.width, self.rich_style)


def scaled(image: Image, width: int, height: int) -> Pixels:
    """As many pixels as fit, in the image's own proportions; an even number of rows."""
    part = min(width / image.width, height / image.height)
    size = max(1, int(image.width * part)), max(2, int(image.height * part) // 2 * 2)
    drawn = image.resize(size).convert("RGB")
    data = [value & _SHADES for value in drawn.tobytes()]
    step = size[0] * 3
    rows = (data[at : at + step] for at in range(0, len(data), step))
    return [[(row[x], row[x + 1], row[x + 2]) for x in range(0, step, 3)] for row in rows]
