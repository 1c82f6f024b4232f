"""What a mouse does: rows, headings, tabs, the wheel, the scrollbar of a log, and the keys of the footer."""

from __future__ import annotations

from pathlib import Path

from textual import events
from textual.widget import Widget

from tests.screens.driver import Person, open_app
from tests.screens.made_up import a_study, a_team, many
from workbench.widgets.lines import Lines
from workbench.widgets.log_view import LogView
from workbench.widgets.table import Table


def place(person: Person, words: str) -> tuple[int, int]:
    """Where they stand on the screen."""
    y, line = next((y, line) for y, line in enumerate(person.text().splitlines()) if words in line)
    return line.index(words) + 1, y


async def test_a_click_puts_the_cursor_on_a_row_and_another_opens_it(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("calm-river-13", "c cancel")
        await person.pilot.click(offset=place(person, "calm-river-13"))
        await person.press("4")
        await person.sees("calm-river-13  ▶ running")
        await person.press("escape")
        await person.sees("brave-sunset-12", "c cancel")
        await person.pilot.click(offset=place(person, "calm-river-13"))
        await person.sees("calm-river-13  ▶ running")


async def test_a_click_on_a_key_presses_it(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12", "c cancel")
        await person.pilot.click(offset=place(person, "c cancel"))
        await person.sees("Cancel brave-sunset-12?")
        await person.press("n")
        await person.loses("Cancel brave-sunset-12?")
        await person.pilot.click(offset=place(person, "? keys"))
        await person.sees("keys of queue")


async def test_a_click_on_a_heading_sorts_by_it_and_another_turns_it_round(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12", "0.")
        await person.pilot.click(offset=place(person, "status"))
        await person.sees("by status ▴", "status▴")
        await person.pilot.click(offset=place(person, "status▴"))
        await person.sees("by status ▾", "status▾")
        await person.pilot.click(offset=place(person, " loss"))
        await person.sees("by metric.loss ▴")
        await person.press("@")
        await person.sees("workbench runs --order -status", "workbench runs --order metric.loss")


async def test_a_heading_of_several_things_sorts_by_none(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (200, 50)) as (person, engine):
        await person.sees("brave-sunset-12", "params")
        await person.pilot.click(offset=place(person, "params"))
        await person.pilot.click(offset=place(person, "machine "))
        await person.sees("by machine ▴")
        assert {asked.get("order", "queue") for asked in engine.called("runs")} == {"queue", "machine"}


async def test_a_click_on_a_tab_shows_it(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("epoch  7/40")
        await person.pilot.click(offset=place(person, " usage "))
        await person.loses("epoch  7/40")
        await person.pilot.click(offset=place(person, " log "))
        await person.sees("epoch  7/40")
        await person.press("]")
        await person.loses("epoch  7/40")


async def test_a_click_on_a_tab_of_the_comparison_shows_it(tmp_path: Path) -> None:
    world = a_study(9)
    async with open_app(world, tmp_path) as (person, _):
        await person.sees(" 9 runs")
        await person.app.show_comparison(list(world.runs))
        await person.sees("compare 9 runs", " groups ")
        await person.pilot.click(offset=place(person, " groups "))
        await person.sees("std")


async def wheel(person: Person, over: type[Widget], down: bool = True) -> None:
    notch = events.MouseScrollDown if down else events.MouseScrollUp
    await person.pilot._post_mouse_events([notch], over, button=0)


async def test_a_wheel_turns_a_list_and_leaves_the_cursor(tmp_path: Path) -> None:
    async with open_app(many(60), tmp_path) as (person, _):
        await person.sees(" runs", "old-run-159")
        table = person.app.screen.query_one(Table)
        await wheel(person, Table)
        await person.until(lambda: table.scroll_offset.y > 0, "another row at the top")
        assert table.cursor == 0
        await wheel(person, Table, down=False)
        await person.until(lambda: table.scroll_offset.y == 0, "the first row at the top")


async def test_a_wheel_turns_a_dialog(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        await person.press("?")
        first = "This run: log, metrics"
        await person.sees("keys of queue", first)
        await wheel(person, Lines)
        await person.loses(first)
        await wheel(person, Lines, down=False)
        await person.sees(first)


async def test_a_click_on_the_scrollbar_of_a_log_jumps_there(tmp_path: Path) -> None:
    world = a_team()
    world.logs["r0000012"] = "".join(f"step {number:06}\n" for number in range(60_000))
    async with open_app(world, tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("step 059999")
        view = person.app.screen.query_one(LogView)
        right, bottom = view.size.width - 1, view.size.height - 1
        await person.pilot.click(view, offset=(right, bottom // 2))
        await person.sees("step 02", "50% of")
        await person.pilot.click(view, offset=(right, 0))
        await person.sees("step 000000")
        await person.pilot.click(view, offset=(right, bottom))
        await person.sees("step 059999", "following")
