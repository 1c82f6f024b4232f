"""Text that tries to act on the terminal, through every screen, every tab and every window over them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.screens.driver import Person, open_app
from tests.screens.made_up import HOSTILE, hostile
from tests.screens.tour import TOUR, Size, Stop, go
from workbench.present.sanitise import one_line
from workbench.screens.compare import SIDES
from workbench.widgets.prompt import Prompt

STOPS = tuple({stop.shows: stop for stop in reversed(TOUR)}.values())
"""One for each screen and tab."""
SHOTS = [(stop, size) for stop in STOPS for size in sorted({stop.sizes[0], stop.sizes[-1]})]
DOWN = ["j"] * len(HOSTILE)
FURTHER: dict[str, Sequence[Sequence[str]]] = {
    "queue": [DOWN],
    "projects": [DOWN],
    "machines": ["jjjjj", "p", "jjj"],
    "run-log": ["w", "e", "&", "e", ["enter"]],
    "run-metrics": [["enter"], " ", ["right"]],
    "run-files": [["enter"], ["right"], ["escape", "j", "enter"]],
    "compare": ["f", *[["j", "right", "]"]] * len(SIDES), "[[[[Lsxmm"],
}
"""What to press to see what a screen does not show at first."""
SIZE = (120, 36)


def harmless(person: Person) -> bool:
    """No control or format character in anything that would be written."""
    drawn = {
        character for strip in person.strips() for segment in strip if not segment.control for character in segment.text
    }
    return not any(unicodedata.category(character) in ("Cc", "Cf", "Cs") for character in drawn)


async def safely(person: Person, *keys: str) -> None:
    """Press them; nothing bad is drawn, neither at once nor when what they asked for has come."""
    for key in keys:
        await person.press(key)
        assert harmless(person), key
    await person.settle(0.12)
    assert harmless(person), keys


@pytest.mark.parametrize(("stop", "size"), SHOTS, ids=[f"{stop.name}-{size[0]}" for stop, size in SHOTS])
async def test_a_screen_draws_no_control_byte(tmp_path: Path, stop: Stop, size: Size) -> None:
    async with open_app(hostile(), tmp_path, size) as (person, _):
        await person.sees("running", "gnp.exe")
        await go(person, stop)
        await safely(person, "j")
        for keys in FURTHER.get(stop.name, ()) if size == stop.sizes[-1] else ():
            await safely(person, *keys)


@pytest.mark.parametrize("number", [2, 3, 4], ids=["held", "error", "finished"])
async def test_neither_does_a_run_that_is_not_running(tmp_path: Path, number: int) -> None:
    async with open_app(hostile(), tmp_path, (80, 24), run=str(number)) as (person, _):
        await person.sees("overview")
        for _ in range(6):
            await safely(person, "]")


async def test_neither_do_question_help_and_log_of_commands(tmp_path: Path) -> None:
    async with open_app(hostile(), tmp_path, SIZE) as (person, _):
        await person.sees("running", "gnp.exe")
        await person.press(*[" "] * 9, "c")
        await person.sees("Cancel")
        await safely(person, "j")
        await person.press("n", "Y", "@")
        await person.sees("what your keys stood for")
        await safely(person, "j", "escape", "?")
        await safely(person, "j")


async def test_neither_does_the_way_to_anywhere(tmp_path: Path) -> None:
    async with open_app(hostile(), tmp_path, SIZE) as (person, _):
        await person.sees("running", "gnp.exe")
        await person.press(":")
        for word in ("", "red", "gnp", "lone", "rocket"):
            await safely(person, *word, "up", "tab")
            await safely(person, "ctrl+u")


@pytest.mark.parametrize("key", ["o", "M"], ids=["order", "columns"])
async def test_neither_do_the_pickers(tmp_path: Path, key: str) -> None:
    async with open_app(hostile(), tmp_path, SIZE) as (person, _):
        await person.sees("running", "gnp.exe")
        await person.press(key)
        await person.sees("enter")
        await safely(person, *["down"] * 30, "tab", "enter")


async def test_neither_does_what_the_filter_offers(tmp_path: Path) -> None:
    async with open_app(hostile(), tmp_path, SIZE) as (person, _):
        await person.sees("running", "gnp.exe")
        await person.press("/")
        for text in ("param.", "has:", "tag:", "@", "name:red"):
            await safely(person, *text)
            await safely(person, "tab", "ctrl+u")
        await safely(person, "escape")


PASTED = (*HOSTILE, "one\ntwo\r\nthree\x0b\x0c\x85\u2028four\n", "bell\x07 back\x08")
LINES = {"filter": "/", "view": "S", "jump": ":", "order": "o", "columns": "M", "palette": "ctrl+p"}


@pytest.mark.parametrize("key", LINES.values(), ids=LINES)
async def test_neither_does_a_line_that_something_was_pasted_into(tmp_path: Path, key: str) -> None:
    async with open_app(hostile(), tmp_path, SIZE) as (person, _):
        await person.sees("running", "gnp.exe")
        await person.press(key)
        await person.until(lambda: isinstance(person.app.focused, Input), "a line to type in")
        line = person.app.focused
        assert isinstance(line, Input)
        for text in PASTED:
            for paste in (partial(person.paste, text), partial(person.press, "ctrl+v")):
                person.app._clipboard = text
                await paste()
                await person.until(lambda text=text: line.value == one_line(text), f"{text!r}, made safe")  # type: ignore[misc]
                assert harmless(person), text
                line.clear()
        await safely(person, "x")


async def test_neither_does_a_filter_that_was_kept(tmp_path: Path) -> None:
    async with open_app(hostile(), tmp_path, SIZE) as (person, _):
        await person.sees("running", "gnp.exe")
        for text in PASTED:
            person.app.screen.query_one(Prompt).open("filter", "/", text)
            await person.press("left")
            assert harmless(person), text
