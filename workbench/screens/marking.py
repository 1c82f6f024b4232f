"""Which rows of a list are marked: one by one, or a range from where it began to the cursor."""

from __future__ import annotations

from workbench.screens.desk import Desk
from workbench.screens.pages import Pages


class Marking:
    """The marks themselves are the desk's: they outlive the list that they were made in."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self._desk, self._pages = desk, pages
        self._anchor: int | None = None
        """Where a range began."""

    @property
    def open(self) -> bool:
        """Whether a range was begun."""
        return self._anchor is not None

    def range(self, cursor: int) -> range:
        if self._anchor is None:
            return range(0)
        return range(min(self._anchor, cursor), max(self._anchor, cursor) + 1)

    def has(self, index: int, cursor: int) -> bool:
        return self._pages.id(index) in self._desk.marks or index in self.range(cursor)

    def turn(self, index: int) -> None:
        """Mark this row, or unmark it."""
        row, marks = self._pages.row(index), self._desk.marks
        if row and marks.pop(row.run.id, None) is None:
            marks[row.run.id] = row.run.name

    def begin(self, index: int) -> None:
        self._anchor = index if self._pages.row(index) else None

    def drop(self) -> None:
        self._anchor = None

    def shift(self, rows: int) -> None:
        """The list has moved by so many rows."""
        if self._anchor is not None:
            self._anchor = max(0, self._anchor + rows)

    async def close(self, cursor: int) -> None:
        """Mark all of the range, known or not. It stays open where the engine has no answer."""
        known = [self._pages.row(index) for index in self.range(cursor)]
        found = {one.run.id: one.run.name for one in known if one}
        if len(found) < len(known):
            asked = await self._pages.between(self.range(cursor).start, self.range(cursor).stop - 1)
            if asked is None:
                return
            found = asked
        self._desk.marks.update(found)
        self._anchor = None
