"""Runs that differ only in chance as one row: the mean over seeds, how far they lie apart, and the best of them."""

from __future__ import annotations

from workbench.domain.comparison import Comparison
from workbench.present.compare import View
from workbench.present.groups import (
    TAKEN,
    Group,
    group_columns,
    group_lines,
    group_row,
    groups,
    label_width,
    others_shown,
)
from workbench.present.matrix import markdown_table
from workbench.present.sanitise import clean
from workbench.screens.comparing.side import ListedSide
from workbench.widgets.table import EDGE, Table


class GroupsSide(ListedSide):
    TITLE = "groups"
    FLAG = "--group"

    def __init__(self) -> None:
        super().__init__()
        self._groups: list[Group] = []
        self._over: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        over = ", ".join(map(clean, self._over))
        return f"over {over}" if over else "no seed among the params: p chooses one"

    def draw(self, comparison: Comparison, view: View) -> None:
        table = self.table
        self._over = view.averaged(comparison.runs)
        self._groups = groups(comparison, view, self._over)
        label = label_width(self._groups)
        others = others_shown(comparison, view, table.size.width - 2 * EDGE - label - TAKEN)
        self._rows = [group_row(group, self._groups, comparison, view, others) for group in self._groups]
        table.set_columns(group_columns(comparison, label, others))
        table.set_count(len(self._rows))
        if view.at not in self._groups[table.cursor].runs:
            table.move_to(next(index for index, group in enumerate(self._groups) if view.at in group.runs))

    def at(self, view: View) -> int:
        if self.table.cursor >= len(self._groups):
            return view.at
        group = self._groups[self.table.cursor]
        return view.at if view.at in group.runs else group.best

    def sideways(self, by: int, comparison: Comparison, view: View) -> None:
        """Every column is on screen."""

    def markdown(self, comparison: Comparison, view: View) -> str:
        return markdown_table(group_lines(comparison, view, view.averaged(comparison.runs)))

    def on_table_cursor_moved(self, message: Table.CursorMoved) -> None:
        """A group's best run stands for it."""
        self.post_message(self.RunChosen(self._groups[message.index].best))
