from __future__ import annotations

from pathlib import Path

import pytest
from rich.style import Style

from tests.screens.driver import open_app
from tests.screens.made_up import a_team
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


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("name =", "nmae ="), "unknown key 'nmae'"),
        (('primary = "#7aa2d6"', ""), "lacks primary"),
        (("[ink]", '[ink]\nsunny = "red"'), "'sunny'"),
        (('dim = "#8089a0"', "dim = 5"), "dim is text, not 5"),
        (('name = "dark"', 'name = ""'), "needs a name"),
        (("dark = true", 'dark = "yes"'), "dark is true or false"),
        (("dark = true", "dark = "), "dark.toml"),
        (('dim = "#8089a0"', 'dim = "no such colour"'), "dim is no style"),
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


async def test_without_colours_everything_is_still_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("▶ running", "⋯ queued", "‖ held", "✗ failed")
