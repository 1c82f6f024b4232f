"""What the agent takes of a directory in which a run did as it liked."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from workbench.remote.agent import collect
from workbench.remote.agent.attempt import Attempt


class Place:
    """An attempt's directory, as a run may have left it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.attempt = Attempt(str(root), "a.1")
        self.directory = Path(self.attempt.directory)
        for name in ("artifacts", "work"):
            (self.directory / name).mkdir(parents=True)
        self.snapshot = root / "snapshots" / "s"
        self.snapshot.mkdir(parents=True)

    def asks_for(self, *outputs: str, workdir: str = "") -> None:
        spec = {"snapshot": "s", "workdir": workdir, "outputs": outputs}
        (self.directory / "spec.json").write_text(json.dumps(spec))

    def write(self, path: str, content: bytes = b"x") -> Path:
        place = self.directory / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        return place

    def harvest(self) -> tuple[list[str], list[str]]:
        """Names, and what was left out."""
        told: list[dict[str, Any]] = []
        result = collect.harvest(str(self.root), self.attempt, told.append)
        return [each["progress"]["name"] for each in told], result["left_out"]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path / "m")


@pytest.mark.parametrize(
    ("patterns", "names"),
    [
        (("model.pt",), ["model.pt"]),
        (("*.pt",), ["best.pt", "model.pt"]),
        (("plots/*.png",), ["plots/1.png", "plots/2.png"]),
        (("plots",), ["plots/.hidden", "plots/1.png", "plots/2.png", "plots/deep/3.png"]),
        (("**/*.png",), ["plots/1.png", "plots/2.png", "plots/deep/3.png", "top.png"]),
        (("plots/**",), ["plots/.hidden", "plots/1.png", "plots/2.png", "plots/deep/3.png"]),
        (("plots/**/*.png",), ["plots/1.png", "plots/2.png", "plots/deep/3.png"]),
        (("p*/d*/[0-9].png", "*.pt"), ["best.pt", "model.pt", "plots/deep/3.png"]),
        (("*.pt", "model.*"), ["best.pt", "model.pt"]),
        (("plots/.hid*",), ["plots/.hidden"]),
        (("nothing/*",), []),
    ],
)
def test_patterns_are_those_of_a_shell(place: Place, patterns: tuple[str, ...], names: list[str]) -> None:
    files = "model.pt best.pt top.png plots/1.png plots/2.png plots/deep/3.png plots/.hidden .secret"
    for path in files.split():
        place.write(f"work/{path}")
    place.asks_for(*patterns)
    found, left_out = place.harvest()
    assert sorted(found) == names
    assert left_out == []


def test_patterns_begin_where_the_command_starts(place: Place) -> None:
    place.write("work/sub/model.pt")
    place.write("work/model.pt")
    place.asks_for("*.pt", workdir="sub")
    assert place.harvest() == (["model.pt"], [])


def test_what_came_with_the_code_is_not_taken_unless_it_was_changed(place: Place) -> None:
    for name in ("same.csv", "edited.csv"):
        (place.snapshot / name).write_bytes(b"old")
        os.utime(place.snapshot / name, (1, 1))
        os.utime(place.write(f"work/{name}", b"old"), (1, 1))
    place.write("work/edited.csv", b"new")
    place.asks_for("*.csv")
    assert place.harvest() == (["edited.csv"], [])


def test_links_and_devices_are_left_out_and_lead_nowhere(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("secret")
    artifacts = place.directory / "artifacts"
    (artifacts / "file").symlink_to(tmp_path / "secret")
    (artifacts / "directory").symlink_to(tmp_path / "secrets")
    (artifacts / "gone").symlink_to("nowhere")
    os.mkfifo(artifacts / "pipe")
    place.write("artifacts/good")
    names, left_out = place.harvest()
    assert names == ["good"]
    assert left_out == [
        "'directory': a link",
        "'file': a link",
        "'gone': a link",
        "'pipe': not a regular file",
    ]
    for path in ("artifacts/file", "artifacts/directory/key", "artifacts/pipe"):
        with pytest.raises(OSError):
            collect.read(place.attempt, path, 0, 100)


def test_a_working_directory_that_became_a_link_is_not_followed(place: Place, tmp_path: Path) -> None:
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "key").write_text("secret")
    (place.directory / "work" / "sub").symlink_to(tmp_path / "secrets")
    place.asks_for("*", workdir="sub")
    names, left_out = place.harvest()
    assert names == []
    assert len(left_out) == 1 and left_out[0].startswith("'work/sub'")


@pytest.mark.parametrize("name", [b"a\x1b[2J", b"a\nb", b"\xff\xfe", "a\u202eb".encode()])
def test_names_that_can_not_be_shown_are_left_out(place: Place, name: bytes) -> None:
    with open(os.path.join(os.fsencode(place.directory), b"artifacts", name), "wb"):
        pass
    names, left_out = place.harvest()
    assert names == []
    (said,) = left_out
    assert said.isprintable() and said.endswith("not a name that can be kept")


@pytest.mark.parametrize("path", ["spec.json", "../b.1/log", "artifacts/../log", "/etc/passwd", "", "work/a\0"])
def test_nothing_else_can_be_read(place: Place, path: str) -> None:
    with pytest.raises(ValueError):
        collect.read(place.attempt, path, 0, 100)


def test_count_size_and_depth_have_limits(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "COUNT", 3)
    monkeypatch.setattr(collect, "SIZE", 10)
    monkeypatch.setattr(collect, "DEPTH", 2)
    place.write("artifacts/a/b/c/too-deep")
    place.write("artifacts/b-large", bytes(11))
    for name in "cdefg":
        place.write(f"artifacts/{name}")
    names, left_out = place.harvest()
    assert names == ["c", "d", "e"]
    assert left_out == [
        "'a/b/c': deeper than 2 directories",
        "'b-large': all together would be more than 10 bytes",
        "the rest: more than 3 files",
    ]


def test_looking_has_an_end_and_complaints_too(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collect, "LOOKED", 8)
    monkeypatch.setattr(collect, "SAID", 2)
    for index in range(10):
        (place.directory / "artifacts" / f"{index}").symlink_to("x")
    names, left_out = place.harvest()
    assert names == []
    assert left_out == ["'0': a link", "'1': a link", "and 7 more"]


def test_a_copy_that_was_killed_half_way_is_no_artifact(place: Place) -> None:
    place.write("artifacts/.part-0123456789abcdef")
    place.write("artifacts/.profile")
    assert place.harvest() == ([".profile"], [])


def test_specs_from_before_there_were_outputs(place: Place) -> None:
    (place.directory / "spec.json").write_text('{"snapshot": "s", "workdir": ""}')
    assert not collect.leaves(place.attempt)
    assert place.harvest() == ([], [])


@pytest.mark.parametrize(
    "spec",
    [
        '{"outputs": ["../../x"], "workdir": "", "snapshot": "s"}',
        '{"outputs": ["*"], "workdir": "../b.1", "snapshot": "s"}',
        '{"outputs": ["*"], "workdir": "", "snapshot": "../x"}',
        '{"outputs": ["*"]}',
        '{"outputs": [5], "workdir": "", "snapshot": "s"}',
        '{"outputs": 5}',
    ],
)
def test_a_run_that_damages_its_own_spec_gets_no_more_by_it(place: Place, spec: str) -> None:
    place.write("artifacts/kept")
    place.write("work/other")
    (place.directory / "spec.json").write_text(spec)
    assert collect.leaves(place.attempt)
    assert place.harvest() == (["kept"], ["its outputs: the run has damaged its own spec"])


@pytest.mark.parametrize("spec", ["5", "[]", "{", "null", ""])
def test_a_spec_that_is_none_asks_for_nothing(place: Place, spec: str) -> None:
    (place.directory / "artifacts").rmdir()
    (place.directory / "spec.json").write_text(spec)
    assert not collect.leaves(place.attempt)
    assert place.harvest() == ([], [])


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_can_not_be_read_is_left_out(place: Place) -> None:
    place.write("artifacts/closed").chmod(0)
    assert place.harvest() == ([], ["'closed': Permission denied"])
