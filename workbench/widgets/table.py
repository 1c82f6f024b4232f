"""A list of any length: asks for the rows that are on screen, and repaints the cells that changed.

It holds no rows. `row(index)` gives the cells of one, or None while they are not known yet; a row with fewer cells
than columns lets its last cell take the rest of the line. After the facts have changed, `patch()` compares what is
on screen with what should be and repaints only the difference: that is what keeps a slow line quiet.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from workbench import commands
from workbench.present.cells import Cell, Line, fit, fit_line, stretch
from workbench.present.columns import GAP, Column, Slot, arrange
from workbench.widgets.ink import strip
from workbench.widgets.scrolling import Scrolling

Cells = Sequence[Cell | Line]
"""A line where one column has several styles."""
EDGE = 1
"""Columns left and right that belong to no cell."""
BLANK = Cell(" " * EDGE)


class Table(Scrolling, can_focus=True):
    BINDINGS = commands.bindings("list")

    class CursorMoved(Message):
        """The cursor stands on another row."""

        def __init__(self, table: Table, index: int) -> None:
            super().__init__()
            self.table, self.index = table, index

        @property
        def control(self) -> Table:
            return self.table

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.CursorMoved)

    class RowsShown(Message):
        """Other rows are on screen: their owner may have to fetch them."""

        def can_replace(self, message: Message) -> bool:
            return isinstance(message, Table.RowsShown)

    class RowOpened(Message):
        """A row was clicked while the cursor was on it."""

    class HeadingClicked(Message):
        """column: its place among those that the owner gave."""

        def __init__(self, column: int) -> None:
            super().__init__()
            self.column = column

    def __init__(
        self,
        row: Callable[[int], Cells | None],
        columns: Sequence[Column],
        *,
        edge: Callable[[int], Cell] = lambda index: BLANK,
        id: str | None = None,
    ) -> None:
        """edge: what stands at the very left of a row, as wide as the edge."""
        super().__init__(id=id)
        self._row, self._edge = row, edge
        self._edges: dict[int, Cell] = {}
        self._columns = tuple(columns)
        self._slots: tuple[Slot, ...] = ()
        self._drawn: dict[int, Cells | None] = {}
        self.count = 0
        self.cursor = 0

    # What its owner says.

    def set_columns(self, columns: Sequence[Column]) -> None:
        if tuple(columns) == self._columns:
            return
        before, self._columns = self._slots, tuple(columns)
        after = arrange(self._columns, self.size.width - 2 * EDGE)
        if [_place(slot) for slot in before] == [_place(slot) for slot in after]:
            self._slots = after  # other titles over the same places
            self.refresh(Region(0, 0, self.size.width, 1))
        else:
            self._arrange()

    def set_count(self, count: int) -> None:
        """There are so many rows now; those on screen are compared and patched."""
        if count != self.count:
            self.count = count
            self.set_length(count + 1)
            self.cursor = max(0, min(self.cursor, count - 1))
            self._drawn.clear()
            self.refresh()
        self.patch()

    def patch(self) -> None:
        """Repaint what differs from the facts, and nothing else."""
        if not self.size:
            return
        top = self.scroll_offset.y
        for index in self.visible_rows:
            if self._edges.get(index) != (edge := self._edge(index)):
                self._edges[index] = edge
                self.refresh(Region(0, index - top + 1, EDGE, 1))
            new, old = self._row(index), self._drawn.get(index)
            if index in self._drawn and new == old:
                continue
            self._drawn[index] = new
            y = index - top + 1
            for x, wide in self._difference(old, new):
                self.refresh(Region(x, y, wide, 1))

    def move_to(self, index: int) -> None:
        """Put the cursor on a row, and the row on screen."""
        index = max(0, min(index, self.count - 1))
        before, self.cursor = self.cursor, index
        if before == index:
            return
        top, page = self.scroll_offset.y, self.page
        if not top <= index < top + page:
            self.scroll_line(index if index < top else index - page + 1)
        self._repaint(before)
        self._repaint(index)
        self.post_message(self.CursorMoved(self, index))

    @property
    def page(self) -> int:
        """Rows that fit on screen."""
        return max(1, self.size.height - 1)

    @property
    def visible_rows(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(self.count, top + self.page))

    # Keys and mouse.

    def action_down(self) -> None:
        self.move_to(self.cursor + 1)

    def action_up(self) -> None:
        self.move_to(self.cursor - 1)

    def action_top(self) -> None:
        self.move_to(0)

    def action_bottom(self) -> None:
        self.move_to(self.count - 1)

    def action_page_down(self) -> None:
        self.move_to(self.cursor + max(1, self.page // 2))

    def action_page_up(self) -> None:
        self.move_to(self.cursor - max(1, self.page // 2))

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y - 1
        if event.y < 1:
            self._click_heading(event.x - EDGE)
        elif index >= self.count:
            return
        elif index == self.cursor:
            self.post_message(self.RowOpened())
        else:
            self.move_to(index)

    def _click_heading(self, x: int) -> None:
        for slot in self._slots:
            if slot.x <= x < slot.x + slot.width:
                self.post_message(self.HeadingClicked(slot.index))

    # Drawing.

    def watch_scroll_y(self, old: float, new: float) -> None:
        super().watch_scroll_y(old, new)
        self._drawn = {index: cells for index, cells in self._drawn.items() if index in self.visible_rows}
        self._edges = {index: edge for index, edge in self._edges.items() if index in self.visible_rows}
        self.post_message(self.RowsShown())

    def on_resize(self, event: events.Resize) -> None:
        self.set_length(self.count + 1)
        self._arrange()
        self.post_message(self.RowsShown())

    def on_hide(self, event: events.Hide) -> None:
        """What was painted must not come back with it: it is drawn anew from what there is by then.

        The focus stays where the screen has set it: word of being hidden may come when one is back here already.
        """
        event.prevent_default()
        self._drawn.clear()
        self._edges.clear()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._drawn.clear()

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return strip(
                self, self._laid_out([Cell(one.title, one.style or "heading") for one in self._columns]), width
            )
        index = self.scroll_offset.y + y - 1
        if index >= self.count:
            return strip(self, (), width)
        if index not in self._drawn:
            self._drawn[index] = self._row(index)
        cells = self._drawn[index]
        over = "cursor" if index == self.cursor else ""
        if cells is None:
            return strip(self, (self._edge(index), Cell("·", "dim")), width, over)
        return strip(self, self._laid_out(cells, self._edge(index)), width, over)

    def _arrange(self) -> None:
        self._slots = arrange(self._columns, self.size.width - 2 * EDGE)
        self._drawn.clear()
        self.refresh()

    def _repaint(self, index: int) -> None:
        if self.size:
            self.refresh(Region(0, index - self.scroll_offset.y + 1, self.size.width, 1))

    def _laid_out(self, cells: Cells, edge: Cell = BLANK) -> list[Cell]:
        """Each cell in its column; in a row with fewer cells the last one takes what is left of the line."""
        line = [edge]
        spanning = len(cells) - 1 if len(cells) < len(self._columns) else None
        for slot in self._slots:
            if slot.index >= len(cells):
                break
            if slot.x:
                line.append(Cell(" " * GAP))
            cell = cells[slot.index]
            if not isinstance(cell, Cell):
                line += fit_line(cell, slot.width)
            elif slot.index == spanning:
                line.append(Cell(fit(cell.text, self.size.width - 2 * EDGE - slot.x), cell.style))
            else:
                line.append(Cell(fit(cell.text, slot.width, slot.column.right), cell.style))
        return line

    def _difference(self, old: Cells | None, new: Cells | None) -> list[tuple[int, int]]:
        """(x, width) of what differs between two states of one row."""
        if old is None or new is None or len(old) != len(new):
            return [(0, self.size.width)]
        changed = []
        for slot in self._slots:
            if slot.index >= len(new) or old[slot.index] == new[slot.index]:
                continue
            spans = slot.index == len(new) - 1 < len(self._columns) - 1
            if spans:
                changed.append((slot.x + EDGE, self.size.width - slot.x - EDGE))
            else:
                first, wide = _narrowed(slot, old[slot.index], new[slot.index])
                changed.append((slot.x + EDGE + first, wide))
        return changed


def _narrowed(slot: Slot, old: Cell | Line, new: Cell | Line) -> tuple[int, int]:
    """(first column, width) of what differs in one cell: of 0.4512 after 0.4498 three digits."""
    if isinstance(old, Cell) and isinstance(new, Cell) and old.style == new.style:
        before, after = (fit(cell.text, slot.width, slot.column.right) for cell in (old, new))
        if before.isascii() and after.isascii() and before != after:
            return stretch(before, after)
    return 0, slot.width


def _place(slot: Slot) -> tuple[int, int, int, bool]:
    return slot.index, slot.x, slot.width, slot.column.right
