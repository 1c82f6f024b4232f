"""Text that tries to act on the terminal, through every screen."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from tests.screens.driver import Person, open_app
from tests.screens.made_up import hostile

WIDE = 120
"""From here on the row under the cursor is drawn in full as well."""
SIZES = ((80, 24), (200, 50))


def harmless(person: Person) -> bool:
    """No control or format character in anything that would be written."""
    return not any(
        unicodedata.category(character) in ("Cc", "Cf", "Cs")
        for strip in person.strips()
        for segment in strip
        if not segment.control
        for character in segment.text
    )


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", [("1",), ("2",), ("3",)], ids=["projects", "queue", "machines"])
async def test_lists_draw_no_control_byte(tmp_path: Path, size: tuple[int, int], keys: tuple[str, ...]) -> None:
    async with open_app(hostile(), tmp_path, size) as (person, _):
        await person.sees("running", "gnp.exe")
        await person.press(*keys)
        for _ in range(16 if size[0] >= WIDE else 0):
            await person.press("j")
            assert harmless(person)
        await person.settle()
        assert harmless(person)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 6])
async def test_every_tab_of_a_run_draws_none(tmp_path: Path, number: int) -> None:
    async with open_app(hostile(), tmp_path, (120, 36), run=str(number)) as (person, _):
        await person.sees("run")
        for _ in range(6):
            await person.settle()
            assert harmless(person)
            await person.press("]")


async def test_neither_do_comparison_question_and_log_of_commands(tmp_path: Path) -> None:
    async with open_app(hostile(), tmp_path, (120, 36)) as (person, _):
        await person.sees("running", "gnp.exe")
        await person.press(*[" "] * 9, "c")
        await person.sees("Cancel")
        assert harmless(person)
        await person.press("n", "=")
        await person.sees("compare 9 runs")
        await person.press("f")
        for _ in range(6):
            await person.settle()
            assert harmless(person)
            await person.press("j", "right", "]")
        await person.press("[", "[", "[", "[", "L", "s", "x", "m", "m")
        await person.settle()
        assert harmless(person)
        await person.press("@")
        await person.sees("what your keys stood for")
        assert harmless(person)


async def test_neither_do_the_pickers_the_columns_and_what_the_filter_offers(tmp_path: Path) -> None:
    async with open_app(hostile(), tmp_path, (120, 36)) as (person, _):
        await person.sees("running", "gnp.exe")
        for key in ("o", "M"):
            await person.press(key)
            await person.sees("enter")
            for _ in range(30):
                await person.press("down")
                assert harmless(person)
            await person.press("tab", "enter")
            await person.sees("? keys")
            await person.settle()
            assert harmless(person)
        await person.press("/")
        for text in ("param.", "has:", "tag:", "@"):
            await person.type(text)
            await person.settle()
            assert harmless(person)
            await person.press(*["backspace"] * len(text))
