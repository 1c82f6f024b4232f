"""What differs between the runs, as a table: runs side by side while they fit, else a run a row."""

from __future__ import annotations

from workbench.domain.comparison import Comparison
from workbench.present.cells import Cell
from workbench.present.columns import Column
from workbench.present.compare import Sheet, View, config_sheet, sheet
from workbench.present.matrix import Row, beside, in_order, markdown_table, one_below_the_other, plain, side_by_side
from workbench.screens.comparing.side import ListedSide
from workbench.widgets.table import EDGE, Table

ALONE = (Column("", 10), Column("", 0, grows=1))
"""Columns for a word to whoever finds nothing here: its one cell takes the line."""


class SheetSide(ListedSide):
    def __init__(self) -> None:
        super().__init__()
        self._runs = 0
        """How many of the rows are runs."""
        self._first = self._facts = 0
        self._shown = range(0)

    @property
    def note(self) -> str:
        if not self._runs or len(self._shown) >= self._facts:
            return ""
        return f"columns {self._shown.start + 1} to {self._shown.stop} of {self._facts}  ← →"

    def sheet(self, comparison: Comparison, view: View) -> Sheet:
        raise NotImplementedError

    def nothing(self) -> list[Row]:
        """What is said where there is nothing to compare."""
        return [(Cell("nothing differs", "dim"),)]

    def draw(self, comparison: Comparison, view: View) -> None:
        table, count = self.table, len(comparison.runs)
        if not table.size.width:
            return
        made = self.sheet(comparison, view)
        columns = table.size.width - 2 * EDGE
        if not made.sections and not made.same:
            self._show(ALONE, self.nothing(), 0)
        elif beside(count, columns):
            laid = side_by_side(made, view)
            self._show(laid.columns, laid.rows, 0)
        else:
            laid = one_below_the_other(made, view, columns, self._first)
            self._first, self._shown, self._facts = laid.facts.start, laid.facts, len(list(in_order(made, "")))
            self._show(laid.columns, laid.rows, count)
            if table.cursor < count:
                table.move_to(view.at)

    def _show(self, columns: tuple[Column, ...], rows: list[Row], runs: int) -> None:
        self._rows, self._runs = rows, runs
        self.table.set_columns(columns)
        self.table.set_count(len(rows))

    def at(self, view: View) -> int:
        return self.table.cursor if self.table.cursor < self._runs else view.at

    def sideways(self, by: int, comparison: Comparison, view: View) -> None:
        if not self._runs:
            super().sideways(by, comparison, view)
        elif by < 0 or self._shown.stop < self._facts:
            self._first = max(0, self._first + by)
            self.draw(comparison, view)

    def markdown(self, comparison: Comparison, view: View) -> str:
        made = self.sheet(comparison, view)
        return markdown_table(plain(made, view, beside=not self._runs)) if made.sections else ""

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        if message.index < self._runs:
            self.post_message(self.RunChosen(message.index))


class TableSide(SheetSide):
    TITLE = "table"

    def sheet(self, comparison: Comparison, view: View) -> Sheet:
        return sheet(comparison, view, self.desk.now())


class ConfigSide(SheetSide):
    TITLE = "config"
    FLAG = "--config"
    METRICS = False

    def sheet(self, comparison: Comparison, view: View) -> Sheet:
        return config_sheet(comparison, view)

    def nothing(self) -> list[Row]:
        return [
            (Cell("These runs have logged no config.", "title"),),
            (Cell(""), Cell("")),
            (Cell("What their code keeps with  wb.config.update(...)  is compared here.", "dim"),),
        ]
