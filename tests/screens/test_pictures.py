"""Every screen as it was looked at and found good, at three sizes and in two themes.

`make snapshots` writes them anew.
"""

from __future__ import annotations

import difflib
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from tests.screens.driver import Person, open_app
from tests.screens.pictures import RULE, looks, words
from tests.screens.tour import TOUR, Size, Stop, go, kinds
from workbench.screens.run import RunScreen

PICTURES = Path(__file__).parent / "snapshots"
THEMES = ("dark", "light")
SLOWEST = 1.5
"""Seconds without a change after which nothing more is under way: curves are fetched once a second."""
SHOTS = [(stop, size) for stop in TOUR for size in stop.sizes]


def _name(stop: Stop, size: Size) -> str:
    return f"{stop.name}-{size[0]}x{size[1]}"


@pytest.mark.parametrize(("stop", "size"), SHOTS, ids=[_name(*shot) for shot in SHOTS])
async def test_a_screen_looks_as_it_did(tmp_path: Path, request: pytest.FixtureRequest, stop: Stop, size: Size) -> None:
    file = PICTURES / f"{_name(stop, size)}.txt"
    if not file.exists() and not request.config.getoption("update_snapshots"):
        pytest.skip("nobody has looked at it yet: make snapshots")
    async with open_app(stop.world(), tmp_path, size) as (person, _):
        await go(person, stop)
        if request.config.getoption("update_snapshots"):
            file.write_text(await _draw(person))
        else:
            await _compare(person, file.read_text())


async def _draw(person: Person) -> str:
    await person.settle(SLOWEST)
    drawn = words(person.strips())
    for theme in THEMES:
        person.app.theme = theme
        await person.settle()
        drawn += looks(theme, person.strips())
    return drawn


async def _compare(person: Person, known: str) -> None:
    """Waiting for it: some of a screen comes when the engine has told it."""
    said, *looked = known.split(RULE)
    for theme, look in zip(THEMES, looked, strict=True):
        person.app.theme = theme
        expected = said + RULE + look
        with suppress(AssertionError):
            await person.until(partial(_is, person, theme, expected), "it")
        drawn = _seen(person, theme)
        changes = difflib.unified_diff(expected.splitlines(), drawn.splitlines(), "known", "drawn", lineterm="")
        assert drawn == expected, "\n".join(changes)


def _is(person: Person, theme: str, expected: str) -> bool:
    return _seen(person, theme) == expected


def _seen(person: Person, theme: str) -> str:
    strips = person.strips()
    return words(strips) + looks(theme, strips)


def test_every_screen_and_tab_is_on_the_tour() -> None:
    assert kinds() == {RunScreen, *(stop.shows for stop in TOUR)}  # a run's screen is seen by its tabs


def test_no_snapshot_is_of_a_screen_that_is_gone() -> None:
    assert {file.stem for file in PICTURES.glob("*.txt")} <= {_name(*shot) for shot in SHOTS}
