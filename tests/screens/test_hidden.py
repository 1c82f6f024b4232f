"""Widgets that are given something else while nobody sees them: it is there when they come back, and nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest
from textual.app import App, ComposeResult
from textual.containers import Vertical
from textual.widget import Widget

from tests.screens.driver import PATIENCE
from workbench.present.canvas import Series
from workbench.present.cells import Cell
from workbench.present.columns import Column
from workbench.present.log_window import LogWindow
from workbench.widgets.chart import Chart
from workbench.widgets.lines import Lines
from workbench.widgets.log_view import LogView
from workbench.widgets.table import Table


class Only(App[None]):
    def __init__(self, widget: Widget) -> None:
        super().__init__()
        self.widget = widget

    def compose(self) -> ComposeResult:
        with Vertical():
            yield self.widget

    def text(self) -> str:
        strips = self.screen._compositor.render_strips(self.size) if self.size else []
        return "\n".join(strip.text for strip in strips)


def a_chart() -> tuple[Widget, Callable[[str], None]]:
    chart = Chart()

    def say(word: str) -> None:
        chart.show(word, [Series(word, [0, 1, 2], [float(len(word)), 1.0, 2.0])])

    return chart, say


def a_table() -> tuple[Widget, Callable[[str], None]]:
    words = ["", "", ""]
    table = Table(lambda index: (Cell(f"{words[index]}{index}"),), [Column("word", 10)])

    def say(word: str) -> None:
        words[:] = [word] * 3
        table.set_count(3)
        table.move_to(2)

    return table, say


def a_log() -> tuple[Widget, Callable[[str], None]]:
    log = LogView()
    return log, lambda word: log.show(LogWindow.of(0, f"{word}\n".encode() * 3), following=True)


def some_lines() -> tuple[Widget, Callable[[str], None]]:
    lines = Lines()
    return lines, lambda word: lines.show([(Cell(word),)] * 3)


@pytest.mark.parametrize("make", [a_chart, a_table, a_log, some_lines])
async def test_what_comes_while_it_is_hidden_is_seen_when_it_comes_back(
    make: Callable[[], tuple[Widget, Callable[[str], None]]],
) -> None:
    widget, say = make()
    app = Only(widget)
    async with app.run_test(size=(60, 12)) as pilot:
        say("first")
        await until(lambda: "first" in app.text())
        before = app.text().count("first")
        around = app.query_one(Vertical)
        around.display = False
        await until(lambda: not widget.size and "first" not in app.text())
        say("other")
        await pilot.pause()  # a widget that asks to be painted now is told neither Show nor Resize later
        around.display = True
        await until(lambda: app.text().count("other") == before)
        assert "first" not in app.text()


async def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.02)
