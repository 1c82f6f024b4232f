"""Charts side by side that are looked at in one way: same stretch, same scales, one cursor through all of them."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Grid

from workbench.present.canvas import Series
from workbench.present.view import OVER, UNITS, WHOLE, View, changed
from workbench.widgets.chart import NO_VALUES, Chart


class Charts(Grid):
    """As many as were asked for at most; those that have nothing to show take no room."""

    DEFAULT_CSS = "Charts { height: 1fr; grid-gutter: 0 1; }"

    def __init__(self, most: int = 1, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._charts = [Chart(empty="") for _ in range(most)]
        for chart in self._charts[1:]:
            chart.display = False
        self.view = WHOLE

    def compose(self) -> ComposeResult:
        yield from self._charts

    def show(
        self,
        titled: Sequence[tuple[str, Sequence[Series]]],
        view: View,
        columns: int = 1,
        empty: str = NO_VALUES,
    ) -> None:
        """One chart for each title and its series, so many beside each other."""
        self.view = view
        if self.styles.grid_size_columns != columns:
            self.styles.grid_size_columns = columns
        for number, chart in enumerate(self._charts):
            chart.display = number < len(titled) or number == 0
            if chart.display:
                wide = columns if number == len(titled) - 1 and len(titled) % columns else 1
                if chart.styles.column_span != wide:
                    chart.styles.column_span = wide
                chart.look(view, UNITS[view.over], empty)
                chart.show(*(titled[number] if titled else ("", ())))

    def changed(self, how: str, offered: Sequence[str] = OVER) -> View:
        """The view after a key, by what the first chart shows. Whoever asked draws by it, or does not."""
        return changed(self.view, how, self._charts[0].sight, offered)
