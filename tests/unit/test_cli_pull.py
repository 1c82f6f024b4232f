"""`workbench pull` and `workbench open` against an engine that answers from a script."""

from __future__ import annotations

import hashlib
import json
import os
from base64 import b64encode
from pathlib import Path
from typing import Any

from tests.unit.cli_server import ended, on_terminal, serving, workbench

FILES = {"model.pt": b"\0" * 10, "plots/1.png": b"\x89PNG\0", "plots/2.png": b"\x89PNG2\0", "notes.txt": b"fine\n"}


class Store:
    """Answers for a run that left FILES. after: how often it says that they are still on their way."""

    def __init__(self, after: int = 0, reason: str = "", files: dict[str, bytes] = FILES) -> None:
        self.files = files
        self.after = after
        self.reason = reason

    def show(self, params: dict[str, Any]) -> dict[str, Any]:
        self.after -= 1
        there = self.after < 0 and not self.reason
        text = self.reason or "being collected from gpu3"
        return {
            "run": ended(0),
            "metrics": {},
            "events": [],
            "artifacts": [_artifact(name, data, there) for name, data in self.files.items()],
            "collecting": None if there else {"text": text, "moving": not self.reason},
            "waiting": None,
            "warnings": [],
        }

    def pull(self, params: dict[str, Any]) -> dict[str, Any]:
        data = self.files[params["name"]]
        piece = data[params["offset"] : params["offset"] + min(params["limit"], 4)]
        return {**_artifact(params["name"], data, True), "offset": params["offset"], "data": b64encode(piece).decode()}


def _artifact(name: str, data: bytes, stored: bool) -> dict[str, Any]:
    digest = hashlib.sha256(data).hexdigest()
    return {"name": name, "path": f"/far/{name}", "size": len(data), "sha256": digest, "stored": stored}


def pulled(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("[!.]*") if path.is_file()}


def test_all_of_it_lands_in_a_directory_of_the_runs_name(tmp_path: Path) -> None:
    store = Store()
    with serving(tmp_path, show=store.show, pull=store.pull):
        done = workbench(tmp_path, "pull", "12")
    assert done.returncode == 0, done.stderr
    assert pulled(tmp_path / "brave-sunset-12") == FILES
    assert done.stdout.splitlines() == [f"brave-sunset-12/{name}" for name in FILES]
    assert (tmp_path / "brave-sunset-12" / ".gitignore").read_text() == "*\n"


def test_a_directory_of_yours_gets_nothing_but_what_was_asked_for(tmp_path: Path) -> None:
    store = Store(files={"a": b"x"})
    (tmp_path / "brave-sunset-12").mkdir()
    with serving(tmp_path, show=store.show, pull=store.pull):
        for place in ((), ("--to", "figures")):
            done = workbench(tmp_path, "pull", "12", *place)
            assert done.returncode == 0, done.stderr
    assert os.listdir(tmp_path / "brave-sunset-12") == os.listdir(tmp_path / "figures") == ["a"]


def test_a_gitignore_that_the_run_left_stays_as_it_is(tmp_path: Path) -> None:
    store = Store(files={".gitignore": b"theirs"})
    with serving(tmp_path, show=store.show, pull=store.pull):
        done = workbench(tmp_path, "pull", "12")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "brave-sunset-12" / ".gitignore").read_bytes() == b"theirs"


def test_one_a_directory_or_a_pattern(tmp_path: Path) -> None:
    store = Store()
    with serving(tmp_path, show=store.show, pull=store.pull):
        for path, names in (
            ("model.pt", {"model.pt"}),
            ("plots/", {"plots/1.png", "plots/2.png"}),
            ("*/1.*", {"plots/1.png"}),
        ):
            place = tmp_path / f"to-{len(path)}"
            done = workbench(tmp_path, "pull", "12", path, "--to", str(place), "--json")
            assert done.returncode == 0, done.stderr
            assert set(pulled(place)) == names
            assert {json.loads(line)["file"] for line in done.stdout.splitlines()} == {f"{place}/{n}" for n in names}
        nothing = workbench(tmp_path, "pull", "12", "no*thing")
    assert nothing.returncode == 2
    assert "no*thing" in nothing.stderr


def test_it_waits_for_what_is_on_its_way(tmp_path: Path) -> None:
    store = Store(after=2)
    with serving(tmp_path, show=store.show, pull=store.pull) as server:
        done = workbench(tmp_path, "pull", "12", "notes.txt")
    assert done.returncode == 0, done.stderr
    assert len(server.params("show")) == 3


def test_what_does_not_come_is_said_and_nothing_is_written(tmp_path: Path) -> None:
    store = Store(reason="gpu3 can't be reached: \x1b[31mno route")
    with serving(tmp_path, show=store.show, pull=store.pull):
        refused = workbench(tmp_path, "pull", "12")
        listed = workbench(tmp_path, "pull", "12", "--list")
        as_json = workbench(tmp_path, "pull", "12", "--list", "--json")
    assert refused.returncode == 2
    assert "not in store" in refused.stderr and "hint: gpu3 can't be reached: no route" in refused.stderr
    assert not (tmp_path / "brave-sunset-12").exists()
    assert listed.stdout.splitlines()[1].split() == ["model.pt", "10", "B", "collecting"]
    assert [one["stored"] for one in json.loads(as_json.stdout)["artifacts"]] == [False] * 4


def test_what_is_there_stays_without_force(tmp_path: Path) -> None:
    store = Store()
    mine = tmp_path / "brave-sunset-12" / "notes.txt"
    mine.parent.mkdir()
    mine.write_text("mine")
    with serving(tmp_path, show=store.show, pull=store.pull) as server:
        refused = workbench(tmp_path, "pull", "12")
        assert server.params("pull") == []
        forced = workbench(tmp_path, "pull", "12", "--force")
    assert refused.returncode == 2 and "notes.txt" in refused.stderr and "--force" in refused.stderr
    assert forced.returncode == 0
    assert pulled(mine.parent) == FILES


def test_names_that_lead_out_are_not_written(tmp_path: Path) -> None:
    store = Store(files={"../out.txt": b"x"})
    with serving(tmp_path, show=store.show, pull=store.pull):
        refused = workbench(tmp_path, "pull", "12")
    assert refused.returncode == 2
    assert "Traceback" not in refused.stderr
    assert not (tmp_path / "out.txt").exists()


def test_what_is_not_what_its_hash_says_is_thrown_away(tmp_path: Path) -> None:
    store, other = Store(), Store(files={name: data[::-1] + b"?" for name, data in FILES.items()})
    with serving(tmp_path, show=store.show, pull=other.pull):
        damaged = workbench(tmp_path, "pull", "12", "notes.txt")
    assert damaged.returncode == 69
    assert "damaged" in damaged.stderr
    assert pulled(tmp_path / "brave-sunset-12") == {}


def test_text_is_printed_as_it_is_where_nobody_looks(tmp_path: Path) -> None:
    text = b"line \xc3\xa9\n" * 30_000 + b"\x1b[31m\xff\n"
    store = Store(files={"a.txt": text})
    store.pull = lambda params: {"data": b64encode(text[params["offset"] :][:100_001]).decode()}  # type: ignore[method-assign]
    with serving(tmp_path, show=store.show, pull=store.pull):
        done = workbench(tmp_path, "open", "12", "a.txt", main=_AS_HEX)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == hashlib.sha256(text).hexdigest()


_AS_HEX = """
import hashlib, io, sys
from workbench.cli import main
real, sys.stdout = sys.stdout, io.TextIOWrapper(io.BytesIO())
code = main()
print(hashlib.sha256(sys.stdout.buffer.getvalue()).hexdigest(), file=real)
sys.exit(code)
"""


def test_a_pager_gets_text_that_a_terminal_can_bear(tmp_path: Path, monkeypatch: Any) -> None:
    store = Store(files={"a.txt": b"one\n\x1b]0;evil\x07two\x1b[2J\nthree"})
    for pager in ("tr a-z A-Z", "no-such-pager"):
        monkeypatch.setenv("PAGER", pager)
        with serving(tmp_path / pager[:2], show=store.show, pull=store.pull):
            said = on_terminal(tmp_path / pager[:2], "open", "12", "a.txt")
        assert said.split() == (["ONE", "TWO", "THREE"] if "tr" in pager else ["one", "two", "three"])


def test_anything_else_is_shown_by_the_desktop_or_said_where_it_lies(tmp_path: Path) -> None:
    opener = tmp_path / "bin" / "xdg-open"
    opener.parent.mkdir()
    opener.write_text('#!/bin/sh\nprintf "opened %s" "$1"\n')
    opener.chmod(0o755)
    store = Store()
    path = f"{opener.parent}:/usr/bin:/bin"
    with serving(tmp_path, show=store.show, pull=store.pull):
        headless = workbench(tmp_path, "open", "12", "model.pt", DISPLAY="", WAYLAND_DISPLAY="")
        shown = workbench(tmp_path, "open", "12", "model.pt", DISPLAY=":0", PATH=path)
        missing = workbench(tmp_path, "open", "12", "model.pt", DISPLAY=":0", PATH="/nowhere")
        several = workbench(tmp_path, "open", "12", "plots")
    place = Path(headless.stdout.strip())
    assert place.read_bytes() == FILES["model.pt"]
    assert place.stat().st_mode & 0o077 == 0
    assert shown.stdout == f"opened {place}"
    assert missing.returncode == 1 and str(place) in missing.stderr
    assert several.returncode == 2 and "plots/2.png" in several.stderr
