"""The log of a run: read at its end and anywhere, searched, filtered, wrapped, in its colours."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from rich.color import Color
from textual import events

from tests.screens.driver import Person, open_app
from tests.screens.fake_engine import FakeEngine
from tests.screens.made_up import HOSTILE, World, a_team
from tests.screens.test_hostile import harmless
from workbench.errors import UsageError
from workbench.present import log_window
from workbench.screens.panes import log_feed
from workbench.widgets.log_view import LogView

RUN = "brave-sunset-12"


def with_log(text: str) -> World:
    world = a_team()
    world.logs["r0000012"] = text
    return world


def steps(count: int) -> str:
    return "".join(f"step {number:06} of {count}\n" for number in range(count))


def first_step(person: Person) -> int:
    """Which one the first line on screen tells of."""
    return int(person.line("step").split()[1])


async def test_a_long_log_is_read_from_end_to_start_in_bounded_space(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_feed, "STEP", 2000)
    monkeypatch.setattr(log_window, "LINES", 300)
    async with open_app(with_log(steps(3000)), tmp_path, run=RUN) as (person, _):
        await person.sees("step 002999", "100% of", "following")
        window = person.app.screen.query_one(LogView).window
        while first_step(person) > 2300:
            await person.press("ctrl+u")
            assert len(window.lines) <= 300
        assert window.end < window.start + 301 * 23
        assert "following" not in person.text()
        await person.press("g")
        await person.sees("step 000000")
        while first_step(person) < 600:
            await person.press("ctrl+d")
        await person.press("G")
        await person.sees("step 002999", "following")


async def test_search_goes_up_from_the_end_and_both_ways_from_there(tmp_path: Path) -> None:
    async with open_app(with_log(steps(40_000)), tmp_path, run=RUN) as (person, engine):
        await person.sees("step 039999")
        await person.press("/")
        await person.type("step 0?[0-9]*77 ")
        await person.press("enter")
        await person.sees("step 039977 of", "/step 0?[0-9]*77")
        await person.press("N")
        await person.sees("step 039877 of")
        await person.press("g")
        await person.sees("step 000000")
        await person.press("n")
        await person.sees("step 000077")
        await person.press("n")
        await person.sees("step 000177")
        await person.press("N")
        await person.sees("step 000077")
        await person.press("N")
        await person.hears("nothing above")
        assert engine.called("logs_find")[0]["pattern"] == "step 0?[0-9]*77"
        await person.press("escape")
        await person.loses("/step")
        await person.press("n")
        await person.hears("/ looks for something")
        await person.press("@")
        await person.sees(f"workbench logs {RUN} --grep 'step 0?[0-9]*77'")


async def test_errors_are_a_key_away(tmp_path: Path) -> None:
    trouble = "Traceback (most recent call last):\n  File x\nValueError: no\n"
    world = with_log(steps(9000) + trouble + steps(9000) + "ERROR disk full\n" + steps(500))
    async with open_app(world, tmp_path, run=RUN) as (person, _):
        await person.sees("step 000499")
        await person.press("E")
        await person.sees("ERROR disk full", "errors")
        await person.press("E")
        await person.sees("ValueError: no")
        await person.press("E", "E")
        await person.hears("nothing above")
        await person.press("e", "e")
        await person.sees("ERROR disk full")
        await person.press("e")
        await person.hears("nothing below")


async def test_a_filter_shows_what_fits_and_what_comes(tmp_path: Path) -> None:
    world = with_log(steps(20_000))
    async with open_app(world, tmp_path, run=RUN) as (person, engine):
        await person.sees("step 019999")
        await person.press("&")
        await person.type("00 of")
        await person.press("enter")
        await person.sees("step 018100", "step 019900", "only /00 of", "following")
        await person.loses("step 019999")
        world.logs["r0000012"] += "step 777777 of 20000\nstep 888800 of"
        await person.sees("step 888800 of")
        assert "step 777777" not in person.text()
        world.logs["r0000012"] += " 20000 and its end\n"
        await person.sees("step 888800 of 20000 and its end")
        assert person.text().count("step 888800") == 1
        await person.press("g")
        await person.sees("step 000000", "step 001800")
        await person.press("G")
        await person.sees("step 888800")
        await person.press("escape")
        await person.sees("step 777777")
        await person.press("&")
        await person.type("!step")
        await person.press("enter")
        await person.sees("no line fits", "only !step")
        assert engine.called("logs_find")[-1]["invert"]


async def test_a_search_can_be_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(self: FakeEngine, run: str, offset: int, back: bool, count: int, pattern: str) -> dict[str, object]:
        return {"hits": [], "next": offset, "size": 3_400_000_000, "done": False}

    monkeypatch.setattr(FakeEngine, "do_logs_find", never)
    async with open_app(with_log(steps(100)), tmp_path, run=RUN) as (person, engine):
        await person.sees("step 000099")
        await person.press("/")
        await person.type("needle")
        await person.press("enter")
        await person.sees("searching /needle", "of 3.4 GB")
        await person.press("escape")
        await person.loses("searching")
        await person.settle()  # what was on its way to the engine has arrived
        asked = len(engine.called("logs_find"))
        await person.settle()
        assert len(engine.called("logs_find")) == asked
        await person.press("escape", "escape")
        await person.sees("keen-falcon-14")


async def test_long_lines_are_cut_or_wrapped(tmp_path: Path) -> None:
    async with open_app(with_log(f"start {'語' * 60} end\nshort\n"), tmp_path, run=RUN) as (person, _):
        screen = await person.sees("start 語", "short")
        assert " end" not in screen
        await person.press("w")
        screen = await person.sees(" end", "wrapped")
        assert screen.count("語") == 60
        await person.press("w")
        await person.loses(" end")


async def test_colours_are_the_programs_own(tmp_path: Path) -> None:
    text = "\x1b[1;32mgreen words\x1b[0m plain\nValueError: none of its own\n"
    async with open_app(with_log(text), tmp_path, run=RUN) as (person, _):
        await person.sees("green words plain", "ValueError")
        looks = {
            segment.text.strip(): segment.style
            for strip in person.strips()
            for segment in strip
            if segment.text.strip() and segment.style
        }
        ink = person.app.ink
        assert looks["green words"].bold and looks["green words"].color == Color.parse(ink["good"])
        assert looks["ValueError: none of its own"].color == Color.parse(ink["bad"])
        assert not looks["plain"].bold


async def test_a_progress_bar_moves_in_its_place(tmp_path: Path) -> None:
    world = with_log("start\n  0%|          |")
    async with open_app(world, tmp_path, run=RUN) as (person, _):
        await person.sees("0%|          |")
        world.logs["r0000012"] += "\r 10%|#         |\x1b[A"
        screen = await person.sees("10%|#         |")
        assert "0%|          |" not in screen
        world.logs["r0000012"] += "\r 20%|##        |\nend\n"
        screen = await person.sees("20%|##", "end")
        assert "10%" not in screen


@pytest.mark.parametrize("size", [(80, 24), (200, 50)])
async def test_nothing_acts_on_the_terminal(tmp_path: Path, size: tuple[int, int]) -> None:
    async with open_app(with_log("\n".join(HOSTILE * 9)), tmp_path, size, run=RUN) as (person, _):
        await person.sees("rocket")
        for keys in (("w",), ("g",), ("/", "x", "enter"), ("n",), ("&", "o", "enter"), ("E",)):
            await person.press(*keys)
            await person.settle()
            assert harmless(person)


async def test_a_wheel_turns_it(tmp_path: Path) -> None:
    async with open_app(with_log(steps(100)), tmp_path, run=RUN) as (person, _):
        await person.sees("step 000099")
        await scroll(person, up=True)
        await person.loses("step 000099")
        await scroll(person, up=False)
        await person.sees("step 000099", "following")


async def scroll(person: Person, up: bool) -> None:
    notch = events.MouseScrollUp if up else events.MouseScrollDown
    await person.pilot._post_mouse_events([notch], LogView, button=0)


async def test_a_huge_log_is_opened_by_its_ends_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """200 MB without an end of a line between the first and the last."""
    path = tmp_path / "log"
    path.write_bytes(b"the very first\n")
    os.truncate(path, 200_000_000)
    with path.open("ab") as file:
        file.write(b"\nthe very last\n")
    size = path.stat().st_size

    def piece(self: FakeEngine, run: str, offset: int, limit: int, wait: float) -> dict[str, object]:
        start = size + offset if offset < 0 else offset
        with path.open("rb") as file:
            file.seek(start)
            data = file.read(limit)
        end = start + len(data)
        return {"run": run, "offset": start, "next": end, "size": size, "text": data.decode(), "over": False}

    monkeypatch.setattr(FakeEngine, "do_logs", piece)
    async with open_app(with_log(""), tmp_path, run=RUN) as (person, engine):
        await person.sees("the very last", "100% of 200 MB", "following")
        view = person.app.screen.query_one(LogView)
        for _ in range(8):
            await person.press("ctrl+u")
        await person.press("g")
        await person.sees("the very first", "0% of 200 MB")
        assert sum(len(line.raw) for line in view.window.lines) <= log_window.HELD
        assert sum(asked["limit"] for asked in engine.called("logs")) < 4_000_000
        await person.press("G")
        await person.sees("the very last")


async def test_a_filter_that_can_not_be_used_is_let_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: FakeEngine, **params: object) -> dict[str, object]:
        raise UsageError("the pattern takes too long on what lies at byte 7")

    monkeypatch.setattr(FakeEngine, "do_logs_find", refuse)
    async with open_app(with_log(steps(100)), tmp_path, run=RUN) as (person, engine):
        await person.sees("step 000099")
        await person.press("&")
        await person.type("(a+)+$")
        await person.press("enter")
        await person.hears("takes too long")
        await person.sees("step 000099", "following")
        await person.loses("only /(a+)+$")
        assert len(engine.called("logs_find")) == 1
        await person.press("/", "x", "enter")
        await person.until(lambda: len(engine.called("logs_find")) == 2, "a search")
        await person.sees("step 000099", "100% of")
        await person.press("@")
        await person.sees("what your keys stood for")
        assert "--grep" not in person.text()


async def test_another_attempt_has_another_log(tmp_path: Path) -> None:
    world = with_log(steps(100))
    async with open_app(world, tmp_path, run=RUN) as (person, engine):
        await person.sees("step 000099")
        world.logs["r0000012"] = "begun anew\n"
        await engine.change(replace(world.find(RUN), attempts=2), "started")
        await person.sees("begun anew")
        await person.loses("step 000099")
