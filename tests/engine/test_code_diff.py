"""What git makes of our diffs: applied to the one tree they give the other."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from workbench.engine import code_diff
from workbench.engine.blobs import Blobs
from workbench.engine.code_diff import Changed, changed, unified
from workbench.engine.snapshots import Snapshots
from workbench.remote.machines.base import TreeEntry
from workbench.settings import Project

BEFORE = {
    "train.py": "import sys\n\n\ndef main():\n    lr = 0.1\n    print(lr)\n\n\nmain()\n",
    "gone.txt": "one\ntwo\n",
    "no newline": "same\nold",
    "empty": "",
    "feeds\x0cand\u2028separators.txt": "a\x0cb\u2028c\r\nd\n",
    "lib/kept.py": "x = 1\n",
}
AFTER = {
    "train.py": "import sys\n\n\ndef main(lr):\n    print(lr)\n    print('done')\n\n\nmain(0.1)\n",
    "new/deep.txt": "three\n",
    "no newline": "same\nnew\n",
    "empty": "no longer",
    "feeds\x0cand\u2028separators.txt": "a\x0cb\u2028c\r\ne\n",
    "lib/kept.py": "x = 1\n",
}


def lay(directory: Path, files: dict[str, str]) -> None:
    for path, text in files.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(text.encode())


def look(directory: Path) -> dict[str, tuple[bytes, bool]]:
    files = (path for path in directory.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(directory)): (path.read_bytes(), os.access(path, os.X_OK)) for path in files}


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    return Blobs(str(tmp_path / "blobs"))


def compare(blobs: Blobs, one: Path, other: Path) -> tuple[list[Changed], str, int]:
    store = Snapshots(blobs)
    files = changed(*(store.freeze(Project(str(place), "p")).tree for place in (one, other)))
    return files, *unified(files, blobs.get)


def test_git_applies_it(tmp_path: Path, blobs: Blobs) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    lay(one, BEFORE)
    lay(other, AFTER)
    (other / "train.py").chmod(0o755)
    files, text, included = compare(blobs, one, other)
    assert included == len(files) == 6
    assert {file.path: file.how for file in files}["gone.txt"] == "removed"
    assert "lib/kept.py" not in text
    subprocess.run(["git", "init", "-q"], cwd=one, check=True)
    subprocess.run(["git", "apply", "--unsafe-paths", "-"], cwd=one, input=text.encode(), check=True)
    assert look(one) == look(other)


def test_the_same_snapshot_has_no_differences(tmp_path: Path, blobs: Blobs) -> None:
    for name in ("one", "other"):
        lay(tmp_path / name, BEFORE)
    assert compare(blobs, tmp_path / "one", tmp_path / "other") == ([], "", 0)


def test_of_what_is_no_text_only_that_it_differs(tmp_path: Path, blobs: Blobs) -> None:
    for name, byte in (("one", b"\1"), ("other", b"\2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights").write_bytes(b"\0" + byte)
        (tmp_path / name / "latin").write_bytes(b"caf\xe9 " + byte)
        (tmp_path / name / "pointer").symlink_to(name.replace("other", "latin").replace("one", "weights"))
        (tmp_path / name / "large").write_bytes(byte * (code_diff.LARGEST + 1))
        alike = [f"{index * (7 if byte == bytes([1]) else 11) % 101}\n" for index in range(30_000)]
        (tmp_path / name / "alike").write_text("".join(alike))
    _, text, _ = compare(blobs, tmp_path / "one", tmp_path / "other")
    assert "Binary files a/weights and b/weights differ\n" in text
    assert "Files a/large and b/large differ: " in text
    assert "Files a/alike and b/alike differ: too many of their lines are alike" in text
    assert "+caf\ufffd \2\n" in text
    assert "-weights\n\\ No newline at end of file\n+latin\n" in text


def test_a_diff_ends_at_its_bound_and_tells_how_much_is_in_it(blobs: Blobs) -> None:
    line = "x" * 99 + "\n"
    content = blobs.put((line * 5000).encode())
    files = [Changed(f"{n}.txt", None, TreeEntry(f"{n}.txt", "file", content, 500_000)) for n in range(9)]
    text, included = unified(files, blobs.get)
    assert len(text) <= code_diff.MOST
    assert 0 < included == text.count("diff --git") < len(files)
