"""One line: a status line, a footer, a heading. Repaints itself only when it says something else."""

from __future__ import annotations

from textual.strip import Strip
from textual.widget import Widget

from workbench.present.cells import Line
from workbench.widgets.ink import strip


class OneLine(Widget):
    DEFAULT_CSS = "OneLine { height: 1; width: 1fr; }"

    def __init__(self, line: Line = (), *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.line = line

    def show(self, line: Line) -> None:
        if line != self.line:
            self.line = line
            self.refresh()

    def render_line(self, y: int) -> Strip:
        return strip(self, self.line if y == 0 else (), self.size.width)
