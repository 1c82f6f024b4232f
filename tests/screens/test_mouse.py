"""What a mouse does: rows, and the keys of the footer."""

from __future__ import annotations

from pathlib import Path

from tests.screens.driver import Person, open_app
from tests.screens.made_up import a_team


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
