"""The least that an app of Textual can be: a header, an empty table, a footer."""

from textual.app import App, ComposeResult
from textual.widgets import DataTable, Footer, Header


class Empty(App[None]):
    TITLE = "empty"

    def compose(self) -> ComposeResult:
        yield Header()
        yield DataTable()
        yield Footer()

    def on_mount(self) -> None:
        self.query_one(DataTable).add_columns("run", "status", "machine", "time")


Empty().run()
