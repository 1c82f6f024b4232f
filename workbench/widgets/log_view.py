"""A log that is followed at its end, until somebody scrolls up to read."""

from __future__ import annotations

from textual import events

from workbench.present.cells import Cell, Line
from workbench.present.sanitise import clean_lines
from workbench.widgets.lines import Lines

KEPT = 20_000
"""Lines; older ones are still in `workbench logs`."""
LONGEST = 64 * 1024
"""Characters of a line that has no end yet."""


class LogView(Lines):
    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._unended = ""
        self._following = True

    def append(self, text: str) -> None:
        """More of the log, as it came. A line without its end is drawn, and completed later."""
        lines = list(self.lines)
        if self._unended:
            lines.pop()
        whole = self._unended + text
        self._unended = whole[whole.rfind("\n") + 1 :][-LONGEST:]
        lines += [_line(line) for line in clean_lines(whole)]
        self.show(lines[-KEPT:])
        self._follow()

    def end(self) -> None:
        """Nothing more will come."""
        if not self.lines:
            self.show([(Cell("the log is empty", "dim"),)])

    def on_resize(self, event: events.Resize) -> None:
        super().on_resize(event)
        self._follow()

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        self._following = new >= self.max_scroll_y

    def _follow(self) -> None:
        if self._following:
            self.scroll_line(self.max_scroll_y)


def _line(text: str) -> Line:
    """Traceback, errors and warnings in their colours; what a program coloured itself is left plain."""
    lowered = text[:200].lower()
    if "error" in lowered or lowered.startswith(("traceback", "fatal")):
        return (Cell(text, "bad"),)
    return (Cell(text, "warn" if "warning" in lowered else ""),)
