"""Only what has changed travels to the terminal.

Textual 8 cuts what it writes of a changed region off behind its right edge, but begins at the left edge of the widget:
five changed cells of an 80-column list are 2.7 KB then.
"""

from __future__ import annotations

from rich.console import Console
from rich.control import Control
from textual._compositor import ChopsUpdate, Compositor


class Frugal(Compositor):
    """For a screen that people look at over a slow line."""

    def render_partial_update(self) -> ChopsUpdate | None:
        update = super().render_partial_update()
        return None if update is None else _Spans(update.chops, update.spans, update.chop_ends)


class _Spans(ChopsUpdate):
    """(row, first column, the one behind the last) of each stretch that differs."""

    def render_segments(self, console: Console) -> str:
        written: list[str] = []
        for y, left, right in self.spans:
            for end, (x, strip) in zip(self.chop_ends[y], self.chops[y].items(), strict=False):
                begin, stop = max(x, left), min(end, right)
                if strip is not None and begin < stop:
                    part = strip.crop(begin - x, stop - x)
                    written += (Control.move_to(begin, y).segment.text, part.render(console))
        return "".join(written)
