"""One tab of a comparison."""

from __future__ import annotations

from collections.abc import Collection
from typing import ClassVar

from textual.app import ComposeResult
from textual.message import Message
from textual.widget import Widget

from workbench import commands
from workbench.domain.comparison import Comparison
from workbench.present.cells import Cell
from workbench.present.compare import View
from workbench.present.sanitise import clean
from workbench.screens.panes.pane import Tab
from workbench.widgets.table import Table

OF_METRICS = ("compare.best", "compare.metric")
"""Ids of commands that mean nothing where no metric is shown."""


class Side(Tab):
    """FLAG: of `workbench compare`, which prints what this tab shows. METRICS: whether metrics are among that."""

    SCOPE = "side"
    FLAG: ClassVar[str] = ""
    METRICS: ClassVar[bool] = True
    BINDINGS = commands.bindings("side")
    DEFAULT_CSS = "Side { padding: 0; }"

    class RunChosen(Message):
        """The cursor is on another run: its index."""

        def __init__(self, index: int) -> None:
            super().__init__()
            self.index = index

    @property
    def idle(self) -> Collection[str]:
        return () if self.METRICS else OF_METRICS

    @property
    def note(self) -> str:
        """What stands beside the tabs."""
        return ""

    def on_resize(self) -> None:
        """It has come to the front, or there is another width to fill."""
        self.call_after_refresh(self.panel.redraw)

    def draw(self, comparison: Comparison, view: View) -> None:
        """Show it. Called whenever something may have changed, while the tab is in front and there are runs."""

    def at(self, view: View) -> int:
        """Index of the run under the cursor, also while nobody was told yet that it has moved."""
        return view.at

    def command(self, comparison: Comparison, view: View) -> str:
        """The command line that prints what is shown, without `workbench`."""
        names = [clean(run.name) for run in comparison.runs]
        return " ".join(filter(None, ["compare", "--best" if view.best else "", self.FLAG, *names]))

    def sideways(self, by: int, comparison: Comparison, view: View) -> None:
        """The left and right keys: to another run, where nothing else lies there."""
        index = max(0, min(view.at + by, len(comparison.runs) - 1))
        if index != view.at:
            self.post_message(self.RunChosen(index))

    def markdown(self, comparison: Comparison, view: View) -> str:
        """What is shown, to be pasted somewhere; "" where there is nothing."""
        return ""


class ListedSide(Side):
    """One whose keys are those of a list."""

    def __init__(self) -> None:
        super().__init__()
        self._rows: list[tuple[Cell, ...]] = []

    def compose(self) -> ComposeResult:
        yield Table(lambda index: self._rows[index], ())

    @property
    def table(self) -> Table:
        return self.query_one(Table)

    @property
    def keyed(self) -> Widget:
        return self.table
