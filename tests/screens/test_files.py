"""What a run left: the list, the inside of each kind, and copies of it here."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from PIL import Image

from tests.screens.driver import Person, open_app
from tests.screens.made_up import HOSTILE, World, a_team, some_files
from tests.screens.test_hostile import harmless

RUN = "resnet50-imagenet-cosine-warmup5-bs1024-amp"
LIVE = "r0000012"


async def to_files(person: Person) -> None:
    await person.sees("metrics", "inputs")
    await person.press("]", "]", "]")
    await person.sees("file ", "stored")


def left(world: World, **files: bytes) -> World:
    world.left[world.find(RUN).id] = {name.replace("_", "."): data for name, data in files.items()}
    return world


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)])
async def test_files_are_listed_and_looked_into(tmp_path: Path, size: tuple[int, int]) -> None:
    async with open_app(a_team(), tmp_path, size, run=RUN) as (person, _):
        await to_files(person)
        await person.sees("config.json", "model.pt", "plots/loss.png", "predictions.csv", "5 files, ", "look inside")
        await person.press("enter")
        await person.sees('"lr": 0.01', "4 lines")
        await person.press("escape")
        await person.loses('"lr": 0.01')
        await person.press("j", "enter")
        await person.sees("it is no text, no table and no image")
        await person.press("escape", "j", "enter")
        await person.sees("plots/loss.png", "▀▀▀▀")
        await person.press("escape")
        await person.sees("predictions.csv")
        await person.press("escape")
        await person.sees("brave-sunset-12")


async def test_a_table_has_columns_that_one_moves_along(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, run=RUN) as (person, _):
        await to_files(person)
        await person.press("j", "j", "j", "enter")
        await person.sees("the first 1,000 rows, 5 columns", "  0  user-00000  北京", "row  user")
        await person.press("right", "right")
        await person.loses("user-00000")
        await person.sees("city")
        await person.press("left", "left", "G")
        await person.sees("999  user-00999", "row  user")


async def test_a_live_run_says_what_it_has_kept_so_far(tmp_path: Path) -> None:
    world = a_team()
    world.collecting[LIVE] = {"text": "brave-sunset-12 is running: collected when it is over", "moving": False}
    async with open_app(world, tmp_path, run="brave-sunset-12") as (person, _):
        await person.sees("epoch  7/40")
        await person.press("]", "]", "]")
        await person.sees("when it is over", "collected when it is over")
        await person.press("enter")
        await person.hears("brave-sunset-12 is running")


async def test_what_is_on_its_way_is_looked_at_again(tmp_path: Path) -> None:
    world = left(a_team())
    world.collecting[world.find(RUN).id] = {"text": "being collected from gpu3", "moving": True}
    async with open_app(world, tmp_path, run=RUN) as (person, _):
        await person.sees("metrics", "inputs")
        await person.press("]", "]", "]")
        await person.sees("being collected from gpu3", "wb.artifact")
        world.collecting.clear()
        left(world, notes_txt=b"here")
        await person.sees("notes.txt", "stored")


async def test_a_run_that_left_nothing_teaches(tmp_path: Path) -> None:
    async with open_app(left(a_team()), tmp_path, run=RUN) as (person, _):
        await person.sees("metrics", "inputs")
        await person.press("]", "]", "]")
        await person.sees("It has left no files.", 'wb.artifact("model.pt")', "outputs = ")


async def test_p_copies_to_a_directory_and_notes_the_command(tmp_path: Path) -> None:
    async with open_app(a_team(), tmp_path, (200, 50), run=RUN) as (person, _):
        await to_files(person)
        await person.press("p")
        await person.sees("copy config.json to which directory?")
        await person.press(*["backspace"] * len(RUN))
        await person.type(str(tmp_path / "here"))
        await person.press("enter")
        await person.hears(f"in {tmp_path / 'here'}: config.json")
        assert (tmp_path / "here" / "config.json").read_bytes() == some_files()["config.json"]
        await person.press("p", *["backspace"] * len(RUN))
        await person.type(str(tmp_path / "here"))
        await person.press("enter")
        await person.hears("has config.json already")
        await person.press("@")
        await person.sees("workbench pull resnet50", "config.json --to")


async def test_what_lies_about_its_kind_is_said_so(tmp_path: Path) -> None:
    huge = io.BytesIO()
    Image.new("1", (8000, 8000)).save(huge, "PNG")
    world = left(a_team(), a_png=b"\x89PNG no", b_png=huge.getvalue(), c_csv=b"\0\1\2", d_csv=b"", e_txt=b"\xff\xfe")
    async with open_app(world, tmp_path, (120, 36), run=RUN) as (person, _):
        await to_files(person)
        for says in (
            "it can't be read as an image",
            "8000 x 8000 pixels are too many",
            "no table and no image",
            "it is empty",
            "no text",
        ):
            await person.press("enter")
            await person.sees(says)
            await person.press("escape")
            await person.loses(says)
            await person.press("j")


async def test_hostile_files_draw_no_control_byte(tmp_path: Path) -> None:
    world = a_team()
    world.left[world.find(RUN).id] = {
        name: "\n".join(HOSTILE).replace("\0", "").encode(errors="ignore") for name in ("0.csv", *HOSTILE)
    }
    async with open_app(world, tmp_path, (120, 36), run=RUN) as (person, _):
        await to_files(person)
        for _ in range(8):
            assert harmless(person)
            await person.press("enter")
            await person.sees("clip", "gnp.exe")
            assert harmless(person)
            await person.press("escape", "j")
