"""Keys and colours of one's own, and that they change while one looks on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.screens.driver import open_app
from tests.screens.made_up import a_team
from workbench import personal

DARK = (Path(__file__).parents[2] / "themes" / "dark.toml").read_text()


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the user's files lie; nothing is there yet. Looked at more often than usual."""
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.setattr(personal.changes, "__defaults__", (0.05,))
    yield tmp_path / "config"


def keep(directory: Path, name: str, text: str) -> None:
    file = directory / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


async def test_keys_of_ones_own_work_and_are_shown(tmp_path: Path, config: Path) -> None:
    keep(config, "keymap.toml", 'queue.cancel = "x"\nlist.down = "n"\napp.machines = ","\nreplay.slower = ";"\n')
    async with open_app(a_team(), tmp_path, (120, 60)) as (person, _):
        await person.sees("brave-sunset-12", "x cancel")
        await person.press("n", "x")
        await person.sees("Cancel calm-river-13?")
        await person.press("n", "c", "?")
        screen = await person.sees("keys of queue")
        assert "Cancel calm-river-13?" not in screen, "the usual key does nothing any more"
        assert "│ x           Cancel this run" in screen
        await person.press("escape", ",")
        await person.sees("GPU use")
        await person.press("2", "ctrl+p")
        await person.type("cancel")
        await person.sees("(x)")


async def test_a_keymap_changes_while_one_looks_on(tmp_path: Path, config: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12", "c cancel")
        keep(config, "keymap.toml", 'queue.cancel = "x"\n')
        await person.sees("x cancel")
        keep(config, "keymap.toml", 'queue.cancel = "x"\nqueue.rerun = "x"\n')
        await person.hears("keymap.toml:1: 'x' is queue.rerun already")
        await person.sees("x cancel")
        (config / "keymap.toml").unlink()
        await person.sees("c cancel")


async def test_a_theme_changes_while_one_looks_on(tmp_path: Path, config: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, _):
        await person.sees("brave-sunset-12")
        keep(config, "themes/mine.toml", DARK.replace('"dark"', '"mine"', 1))
        keep(config, "config.toml", '[screen]\ntheme = "mine"\n')
        await person.until(lambda: person.app.theme == "mine", "the theme")
        keep(config, "themes/mine.toml", DARK.replace('"dark"', '"mine"', 1).replace("#7aa2d6", "#00ff00"))
        await person.until(lambda: person.app.ink["title"] == "bold #00ff00", "the colour")
        background = person.app.screen.styles.background
        keep(config, "themes/mine.toml", 'name = "mine"\nbackground = "#000000"\n')
        await person.hears("mine.toml:2: unknown key 'background'")
        assert person.app.theme == "mine" and person.app.ink["title"] == "bold #00ff00"
        assert person.app.screen.styles.background == background
        (config / "themes/mine.toml").unlink()
        await person.until(lambda: person.app.theme == "dark", "the usual theme")
