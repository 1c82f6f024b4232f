"""A log that is followed at its end, until somebody scrolls up to read."""

from __future__ import annotations

from workbench.present.cells import Cell, Line, width
from workbench.present.sanitise import clean_lines
from workbench.widgets.lines import Lines

KEPT = 20_000
"""Lines; older ones are still in `workbench logs`."""


class LogView(Lines):
    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._open = ""
        self._texts: list[str] = []

    def clear(self) -> None:
        self._open, self._texts = "", []
        self.show(())
        self.scroll_to(y=0, animate=False)

    def append(self, text: str) -> None:
        """More of the log, as it came. A line without its end is drawn, and completed later."""
        follows = self.at_end
        if self._open and self._texts:
            self._texts.pop()
        whole = self._open + text
        self._texts += clean_lines(whole)
        self._open = whole[whole.rfind("\n") + 1 :][-KEPT:]
        del self._texts[:-KEPT]
        self.show([_line(text) for text in self._texts])
        if follows:
            self.to_end()

    def end(self) -> None:
        """Nothing more will come."""
        if not self._texts:
            self.show([(Cell("the log is empty", "dim"),)])

    def to_end(self) -> None:
        self.scroll_to(y=max(0, len(self._texts) - self.size.height), animate=False)


def _line(text: str) -> Line:
    lowered = text[:80].lower()
    if lowered.startswith(("traceback", "error", "fatal")) or "error:" in lowered:
        return (Cell(text, "bad"),)
    return (Cell(text, "warn" if "warning" in lowered and width(text) else ""),)
