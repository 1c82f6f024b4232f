from __future__ import annotations

import re
from pathlib import Path

import pytest
from rich.style import Style

from tests.screens.driver import Person, open_app
from tests.screens.made_up import a_team
from tests.screens.tour import TOUR, Stop, go
from workbench import themes
from workbench.errors import ConfigError

GOOD = (Path(__file__).parents[2] / "themes" / "dark.toml").read_text()


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast", "terminal"])
def test_what_comes_along_is_whole(name: str) -> None:
    found, problems = themes.available()
    assert not problems
    palette = found[name]
    assert set(palette.ink) == set(themes.INK)
    for look in palette.ink.values():
        Style.parse(look)


SHIPPED = {name: palette for name, palette in themes.available()[0].items() if not palette.ansi}
WORDS = ("foreground", "primary", "secondary", "accent", "success", "warning", "error")


def contrast(one: str, other: str) -> float:
    """Ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""

    def luminance(colour: str) -> float:
        parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def pairs(palette: themes.Palette) -> list[tuple[str, str, str]]:
    """(what, colour, ground) of every word that a screen may show: on each ground, and under the cursor."""
    cursor = Style.parse(palette.ink["cursor"])
    grounds = [palette.colours[name] for name in ("background", "surface", "panel")]
    if cursor.color is None and cursor.bgcolor is not None:  # else the cursor brings its own colour for words
        grounds.append(cursor.bgcolor.name)
    found = [(name, palette.colours[name], ground) for name in WORDS for ground in grounds]
    for name, look in palette.ink.items():
        style = Style.parse(look)
        colour = style.color.name if style.color else palette.colours["foreground"]
        found += [(name, colour, ground) for ground in ([style.bgcolor.name] if style.bgcolor else grounds)]
    return found


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_every_word_can_be_read(name: str) -> None:
    """WCAG 2.2: 4.5 is level AA, 7 level AAA."""
    least = 7.0 if name == "high-contrast" else 4.5
    faint = {
        f"{what} {colour} on {ground}": round(contrast(colour, ground), 2)
        for what, colour, ground in pairs(SHIPPED[name])
        if contrast(colour, ground) < least
    }
    assert not faint


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("name =", "nmae ="), "unknown key 'nmae'"),
        (('primary = "#7aa2d6"', ""), "lacks primary"),
        (("[ink]", '[ink]\nsunny = "red"'), "'sunny'"),
        (('dim = "#', 'dim = 5 # "'), "dim is text, not 5"),
        (('name = "dark"', 'name = ""'), "needs a name"),
        (("dark = true", 'dark = "yes"'), "dark is true or false"),
        (("dark = true", "dark = "), "dark.toml"),
        (('dim = "#', 'dim = "no such colour" # "'), "dim is no style"),
        (('primary = "#7aa2d6"', 'primary = "blurple"'), "primary is no colour"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(tmp_path: Path, change: tuple[str, str], complaint: str) -> None:
    path = tmp_path / "dark.toml"
    path.write_text(GOOD.replace(*change, 1))
    with pytest.raises(ConfigError) as problem:
        themes.load(str(path))
    assert str(path) in problem.value.message
    assert complaint in problem.value.message


async def test_a_users_theme_is_found_and_a_broken_one_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    mine = tmp_path / "config" / "themes"
    mine.mkdir(parents=True)
    (mine / "mine.toml").write_text(GOOD.replace('"dark"', '"mine"', 1))
    (mine / "broken.toml").write_text("name = ")
    async with open_app(a_team(), tmp_path, (120, 36)) as (person, _):
        await person.hears("broken.toml")
        await person.press("ctrl+p")
        await person.type("theme mine")
        await person.sees("theme mine")
        await person.press("enter")
        await person.until(lambda: person.app.theme == "mine", "the theme")


@pytest.mark.parametrize("name", ["light", "high-contrast", "terminal"])
async def test_every_theme_draws_the_queue(tmp_path: Path, name: str) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        person.app.theme = name
        await person.sees("brave-sunset-12", "▶ running")


LOOKS = re.compile(r"\x1b\[([\d;]*)m")
COLOURLESS = {"0", "1", "3", "4", "7"}
"""None, bold, italic, underlined, reversed (ECMA-48)."""


def written(person: Person) -> list[str]:
    """The lines of the screen, as bytes for the terminal."""
    return [strip.render(person.app.console) for strip in person.strips()]


def reversed_words(person: Person) -> str:
    return "".join(
        segment.text for strip in person.strips() for segment in strip if segment.style and segment.style.reverse
    )


@pytest.mark.parametrize("stop", {stop.shows: stop for stop in TOUR}.values(), ids=lambda stop: stop.name)
async def test_no_color_is_no_colour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stop: Stop) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app(stop.world(), tmp_path, stop.sizes[0], messages=True) as (person, _):
        await go(person, stop)
        for key in ("z", "ctrl+p"):
            await person.press(key)
            await person.settle(0.16)
            looks = {look for line in written(person) for one in LOOKS.findall(line) for look in one.split(";")}
            assert looks <= COLOURLESS


@pytest.mark.parametrize("name", ["dark", "light", "high-contrast", "terminal"])
async def test_without_colours_everything_is_still_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app(a_team(), tmp_path) as (person, _):
        person.app.theme = name
        await person.sees("▶ running", "⋯ queued", "‖ held", "✗ failed")
        await person.press("j")
        await person.until(lambda: "calm-river-13" in reversed_words(person), "the row under the cursor")
        assert "brave-sunset-12" not in reversed_words(person)
        await person.press("enter", "]", "[")
        await person.until(lambda: reversed_words(person).split() == ["log"], "the tab in front")
