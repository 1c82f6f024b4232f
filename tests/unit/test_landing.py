"""What is pulled lands below one directory, and nothing that lies there is harmed."""

from __future__ import annotations

import asyncio
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from workbench.client.landing import Landing
from workbench.errors import Refused, UsageError, WorkbenchError


def files(place: Path) -> dict[str, str]:
    return {str(path.relative_to(place)): path.read_text() for path in place.rglob("*") if path.is_file()}


def test_files_lie_where_their_names_say(tmp_path: Path) -> None:
    place = tmp_path / "a" / "b"
    with Landing(str(place)) as landing:
        landing.check(["plots/deep/1.png", "model.pt"])
        assert landing.write("plots/deep/1.png", [b"p", b"ng"]) == str(place / "plots/deep/1.png")
        landing.write("model.pt", [])
    assert files(place) == {"plots/deep/1.png": "png", "model.pt": ""}
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE((place / "model.pt").stat().st_mode) == 0o644 & ~mask
    assert stat.S_IMODE((place / "plots").stat().st_mode) == 0o755 & ~mask


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "a//b", "", ".", "a/.", "a\0b", "a\x1b[2Jb", "a\nb"])
def test_names_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    place = tmp_path / "in"
    with Landing(str(place), force=True) as landing, pytest.raises(UsageError):
        landing.write(name, [b"x"])
    assert files(tmp_path) == {}


@pytest.mark.parametrize("force", [False, True])
def test_no_link_on_the_way_is_followed(tmp_path: Path, force: bool) -> None:
    place, outside = tmp_path / "in", tmp_path / "out"
    place.mkdir()
    outside.mkdir()
    (place / "plots").symlink_to(outside)
    with Landing(str(place), force=force) as landing:
        with pytest.raises(WorkbenchError, match="plots"):
            landing.write("plots/1.png", [b"x"])
        if not force:
            with pytest.raises(WorkbenchError, match="plots"):
                landing.check(["plots/1.png"])
    assert files(tmp_path) == {}


@pytest.mark.parametrize("force", [False, True])
def test_a_link_in_its_place_is_replaced_at_most_and_never_written_through(tmp_path: Path, force: bool) -> None:
    place, outside = tmp_path / "in", tmp_path / "out"
    place.mkdir()
    outside.write_text("untouched")
    (place / "model.pt").symlink_to(outside)
    with Landing(str(place), force=force) as landing:
        if force:
            landing.write("model.pt", [b"new"])
            assert not (place / "model.pt").is_symlink()
        else:
            with pytest.raises(Refused):
                landing.check(["model.pt"])
            with pytest.raises(Refused):
                landing.write("model.pt", [b"new"])
    assert outside.read_text() == "untouched"


def test_what_is_there_is_overwritten_only_by_force(tmp_path: Path) -> None:
    (tmp_path / "model.pt").write_text("mine")
    with Landing(str(tmp_path)) as landing:
        with pytest.raises(Refused, match=r"model\.pt") as refused:
            landing.check(["other", "model.pt"])
        assert refused.value.evidence == {"there": ["model.pt"]}
        with pytest.raises(Refused, match=r"model\.pt"):
            landing.write("model.pt", [b"theirs"])
    assert files(tmp_path) == {"model.pt": "mine"}
    with Landing(str(tmp_path), force=True) as landing:
        landing.check(["model.pt"])
        landing.write("model.pt", [b"theirs"])
    assert files(tmp_path) == {"model.pt": "theirs"}


@pytest.mark.parametrize("force", [False, True])
def test_what_breaks_off_leaves_nothing(tmp_path: Path, force: bool) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half"
        raise WorkbenchError("the rest never came")

    if force:
        (tmp_path / "model.pt").write_text("mine")
    with Landing(str(tmp_path), force=force) as landing, pytest.raises(WorkbenchError, match="never came"):
        landing.write("model.pt", broken())
    assert files(tmp_path) == ({"model.pt": "mine"} if force else {})


def test_a_file_where_a_directory_should_be_is_said(tmp_path: Path) -> None:
    (tmp_path / "plots").write_text("a file")
    with pytest.raises(WorkbenchError, match="can't write"):
        Landing(str(tmp_path / "plots"))
    with Landing(str(tmp_path)) as landing, pytest.raises(WorkbenchError, match="can't write"):
        landing.write("plots/1.png", [b"x"])
    (tmp_path / "model.pt").mkdir()
    with Landing(str(tmp_path), force=True) as landing, pytest.raises(WorkbenchError, match="can't write"):
        landing.write("model.pt", [b"x"])
    assert files(tmp_path) == {"plots": "a file"}


@pytest.mark.parametrize("force", [False, True])
def test_what_is_given_up_half_way_leaves_what_was_there(tmp_path: Path, force: bool) -> None:
    (tmp_path / "old.txt").write_text("old")
    name = "old.txt" if force else "new.txt"
    with Landing(str(tmp_path), force=force) as landing:
        with pytest.raises(asyncio.CancelledError), landing.file(name) as file:
            file.write(b"half")
            raise asyncio.CancelledError
        with landing.file(name) as file:
            file.write(b"whole")
    assert files(tmp_path) == {"old.txt": "old", name: "whole"}
