"""An image: in full where the terminal surely can, elsewhere by half blocks, two pixels a cell, through any tmux."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.strip import Strip
from textual.widget import Widget

from workbench.present.cells import Cell
from workbench.present.graphics import MOST_CELLS, placeholders, placement, removal, transmission
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


_INK = Color.from_rgb(0, 0, 0x5F)
_NUMBERS = {"truecolor": 0x5F, "256": 17}
"""Number of the image, by the colours of the terminal: what is left of that ink on its way there."""
_COLOURS = 256
"""Of an image in full: a photograph is a third of the bytes on a slow line, and looks the same in a terminal."""


_DITHERED = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}
"""Without colours: whether the upper and the lower pixel is light."""


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


@runtime_checkable
class Drawing(Protocol):
    """An app whose terminal may draw images."""

    @property
    def knows_images(self) -> bool: ...

    def write(self, sequence: str) -> None:
        """To the terminal, in turn with what is drawn."""


class Picture(Widget):
    DEFAULT_CSS = "Picture { width: 1fr; height: 1fr; }"

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._image: Image | None = None
        self._pixels: Pixels = []
        self._sent = False
        self._cells = (0, 0)
        """Columns and rows of the image in full."""

    def show(self, image: Image | None) -> None:
        self._forget()
        self._image = image
        self._begin()

    def on_resize(self, event: events.Resize) -> None:
        self._begin()

    def on_hide(self) -> None:
        """What was painted must not come back with it: it is drawn anew from what there is by then."""
        self._pixels, self._cells = [], (0, 0)

    def on_unmount(self) -> None:
        self._forget()

    @property
    def _number(self) -> int | None:
        """Of the image in full; None where only half blocks are sure to be seen."""
        app = self.app
        if isinstance(app, Drawing) and app.knows_images and not app.no_color:
            return _NUMBERS.get(app.console.color_system or "")
        return None

    def _begin(self) -> None:
        self._pixels, self._cells = [], (0, 0)
        self.refresh()

    def _fill(self, image: Image) -> None:
        """Once it is known how much room there is."""
        if self._number is None:
            self._pixels = scaled(image, self.size.width, self.size.height * 2, colours=not self.app.no_color)
        else:
            self._place(image, self._number)

    def _place(self, image: Image, number: int) -> None:
        width, height = fitted(image, min(self.size.width, MOST_CELLS), 2 * min(self.size.height, MOST_CELLS))
        self._cells = width, height // 2
        if not self._sent:
            self._write(transmission(number, _png(image)))
            self._sent = True
        self._write(placement(number, *self._cells))

    def _forget(self) -> None:
        if self._sent and self._number is not None:
            self._write(removal(self._number))
        self._sent = False

    def _write(self, sequence: str) -> None:
        if isinstance(self.app, Drawing):
            self.app.write(sequence)

    def render_line(self, y: int) -> Strip:
        if self._image and self.size and not (self._pixels or any(self._cells)):
            self._fill(self._image)
        columns, lines = self._cells
        if y < lines:
            placed = Segment(placeholders(y, columns), self.rich_style + Style.from_color(_INK))
            return Strip([placed], columns).adjust_cell_length(self.size.width, self.rich_style)
        rows = self._pixels[2 * y : 2 * y + 2]
        if not rows:
            return strip(self, (), self.size.width)
        upper, lower = rows[0], rows[-1]
        cells: list[Segment] = []
        start = 0
        if self.app.no_color:
            text = "".join(_DITHERED[any(above), any(below)] for above, below in zip(upper, lower, strict=True))
            return strip(self, (Cell(text),), self.size.width)
        for x in range(1, len(upper) + 1):
            if x == len(upper) or (upper[x], lower[x]) != (upper[start], lower[start]):
                style = Style.from_color(Color.from_rgb(*upper[start]), Color.from_rgb(*lower[start]))
                cells.append(Segment("▀" * (x - start), style))
                start = x
        return Strip(cells, len(upper)).adjust_cell_length(self.size.width, self.rich_style)


def fitted(image: Image, width: int, height: int) -> tuple[int, int]:
    """Width and height in half cells, which are square, as large as there is room; an even number of rows."""
    part = min(width / image.width, height / image.height)
    return max(1, int(image.width * part)), max(2, int(image.height * part) // 2 * 2)


def scaled(image: Image, width: int, height: int, colours: bool) -> Pixels:
    """As many pixels as fit, in the image's own proportions; without colours black and white, dithered."""
    size = fitted(image, width, height)
    drawn = image.resize(size).convert("RGB" if colours else "1").convert("RGB")
    data = [value & _SHADES for value in drawn.tobytes()]
    step = size[0] * 3
    rows = (data[at : at + step] for at in range(0, len(data), step))
    return [[(row[x], row[x + 1], row[x + 2]) for x in range(0, step, 3)] for row in rows]


def _png(image: Image) -> bytes:
    data = io.BytesIO()
    image.quantize(_COLOURS).save(data, "PNG")
    return data.getvalue()
