"""Runs that one asked to hear of: the key, and how one hears."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.driver import open_app
from tests.screens.made_up import a_team
from workbench import terminal

NOTICE = {"run": "r0000012", "status": "finished", "text": "brave-sunset-12 finished after 12m 04s on gpu3"}


async def test_the_key_asks_and_takes_back(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (120, 36)) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("!")
        await person.hears("you will be told when brave-sunset-12 is over")
        await person.sees("!brave-sunset-12")
        await person.press("enter")
        await person.sees("you will be told", "epoch  7/40")
        await person.press("!")
        await person.hears("no word of brave-sunset-12")
        assert [asked["off"] for asked in engine.called("notify")] == [False, True]
        await person.press("@")
        await person.sees("workbench notify brave-sunset-12", "workbench notify --off brave-sunset-12")


async def test_marked_runs_are_asked_for_together_and_what_is_over_is_not(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        await person.press("space", "space", "!")
        await person.hears("you will be told when 2 runs are over")
        assert engine.called("notify")[0]["runs"] == ["r0000012", "r0000013"]
        await person.sees("•brave-sunset-12")
        await person.press("u")
        await person.sees("!brave-sunset-12", "!calm-river-13")
        await person.press("u", "G", "!")
        await person.hears("it is over already")


@pytest.mark.parametrize(
    ("how", "said", "written"),
    [
        ('["app"]', True, ""),
        ('["bell"]', False, "\a"),
        ('["osc9"]', False, "\x1b]9;brave-sunset-12 finished after 12m 04s on gpu3\x07"),
    ],
)
async def test_one_hears_as_config_toml_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str, said: bool, written: str
) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    monkeypatch.delenv("TMUX", raising=False)
    config = tmp_path / "config"
    config.mkdir()
    (config / "config.toml").write_text(f"[notify]\nhow = {how}\n")
    async with open_app(a_team(), tmp_path) as (person, engine):
        await person.sees("brave-sunset-12")
        heard: list[str] = []
        driver = person.app._driver
        assert driver is not None
        monkeypatch.setattr(driver, "write", heard.append)
        monkeypatch.setattr(person.app, "bell", lambda: heard.append("\a"))
        await engine.tell("notice", NOTICE)
        if said:
            await person.hears("brave-sunset-12 finished after 12m 04s on gpu3")
        else:
            await person.until(lambda: written in heard, "word of it")
            assert not person.app._notifications


def test_a_message_of_the_terminals_holds_no_escape_and_passes_tmux() -> None:
    assert terminal.message("a\x1b]0;b\x07c", tmux=False) == "\x1b]9;ac\x07"
    assert terminal.message("done", tmux=True) == "\x1bPtmux;\x1b\x1b]9;done\x07\x1b\\"
