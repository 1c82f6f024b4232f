"""Looking for lines in logs: what is meant by a pattern, and what a step of the search brings."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workbench.domain.search import LONGEST_PATTERN, TROUBLE, Query, query
from workbench.errors import UsageError
from workbench.present.sanitise import bare, settled
from workbench.remote.agent import find
from workbench.remote.machines.asking import asked


def step(data: bytes, wanted: Query, offset: int = 0, back: bool = False, count: int = 1) -> dict[str, Any]:
    return find.find(lambda at, most: data[at : at + most], len(data), asked(wanted, offset, back, count))


def everything(data: bytes, wanted: Query, back: bool = False) -> list[int]:
    """Where the lines begin that are found, in the order of the search."""
    at, found = len(data) if back else 0, []
    while True:
        reply = step(data, wanted, at, back)
        found += [hit[0] for hit in reply["hits"]]
        if reply["done"]:
            return found
        assert reply["next"] != at, "a step leads on"
        at = reply["next"]


def expected(data: bytes, wanted: Query) -> list[int]:
    search = re.compile(wanted.pattern, re.IGNORECASE if wanted.ignore_case else 0).search
    found, at = [], 0
    for raw in data.split(b"\n")[: None if data and not data.endswith(b"\n") else -1]:
        if bool(search(bare(settled(raw.decode("utf-8", "replace"))))) is not wanted.invert:
            found.append(at)
        at += len(raw) + 1
    return found


PIECES = ("a", "B", "loss", " 0.3", "é", "█", "\r", "\x1b[31m", "\x1b[0m", "\t", "ſ")
LINE = st.lists(st.sampled_from(PIECES), max_size=6)
PATTERN = st.sampled_from(
    ["loss", "LOSS", "loss 0", r"a\s", r"^a", r"B$", "[^a]", "a|b", "(", "", r"\bB", "é", "^$", "a.*b", "(?i)A", r"\d+"]
)


@given(st.lists(LINE.map("".join)), st.booleans(), PATTERN.filter(bool), st.booleans(), st.booleans())
def test_each_line_that_fits_is_found_once(
    lines: list[str], ended: bool, pattern: str, invert: bool, back: bool
) -> None:
    data = "\n".join(lines).encode() + b"\n" * ended
    wanted = query(pattern, invert)
    before, find.BLOCK = find.BLOCK, 128
    try:
        found = everything(data, wanted, back)
    finally:
        find.BLOCK = before
    assert found == (expected(data, wanted)[::-1] if back else expected(data, wanted))


@pytest.mark.parametrize("back", [False, True])
def test_a_flood_without_an_end_is_searched_in_pieces(monkeypatch: pytest.MonkeyPatch, back: bool) -> None:
    monkeypatch.setattr(find, "BLOCK", 1000)
    data = b"first\n" + b"x" * 5000 + b" needle " + b"x" * 5000
    found = everything(data, query("needle"), back)
    assert len(found) == 1
    assert found[0] <= data.index(b"needle") < found[0] + 1000


def test_a_hit_says_where_it_fits() -> None:
    reply = step(b"one\n 10%\r \x1b[32mloss\x1b[0m 0.3\nthree", query("LOSS 0".lower()))
    assert reply["hits"] == [[4, " \x1b[32mloss\x1b[0m 0.3", 1, 7]]
    assert (reply["next"], reply["done"]) == (28, True)


def test_an_answer_stays_small() -> None:
    data = b"".join(b"loss %d %s\n" % (number, b"x" * 5000) for number in range(1000))
    reply = step(data, query("loss"), count=1000)
    assert 5 < len(reply["hits"]) < 20
    assert not reply["done"]
    assert len(everything(data, query("loss"))) == 1000


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("loss", Query("loss", True, False, ("loss",))),
        ("Loss", Query("Loss", False, False, ("Loss",))),
        (r"\Sx", Query(r"\Sx", True)),
        ("a+", Query("a+", True)),
        ("f(x", Query(r"f\(x", True, False, ("f(x",))),
        ("größe", Query("größe", True)),
    ],
)
def test_what_is_typed(typed: str, meant: Query) -> None:
    assert query(typed) == meant
    assert query(typed, invert=True) == replace(meant, invert=True, needles=())


@pytest.mark.parametrize("typed", ["", "x" * (LONGEST_PATTERN + 1)])
def test_what_can_not_be_looked_for(typed: str) -> None:
    with pytest.raises(UsageError):
        query(typed)


@pytest.mark.parametrize(
    "line",
    [
        "Traceback (most recent call last):",
        "ValueError: could not convert string to float: 'a'",
        "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB",
        "KeyboardInterrupt",
        "2026-11-22 20:00:01,123 - train - ERROR - no such file",
        "[rank0]: RuntimeError: NCCL error",
        "fatal: not a git repository",
        "train.c: error: expected ';'",
        "bash: line 1: 123 Segmentation fault (core dumped)",
        "Killed",
        "\x1b[31mERROR\x1b[0m nope",
    ],
)
def test_trouble(line: str) -> None:
    assert step(line.encode(), TROUBLE)["hits"]


@pytest.mark.parametrize(
    "line",
    [
        "epoch 3 val_error=0.31",
        "0 errors, 2 warnings",
        "mean squared error: 0.2",
        "errors: 0",
        "MAE (error) 0.3",
        "killed 3",
    ],
)
def test_what_only_speaks_of_trouble(line: str) -> None:
    assert not step(line.encode(), TROUBLE)["hits"]


def look(path: Path, wanted: Query, *words: str) -> dict[str, Any]:
    question = {"path": str(path), **asked(wanted, 0, False, 1)}
    words = (sys.executable, *(words or ("-I", "-S", find.__file__)))
    done = subprocess.run(words, input=json.dumps(question), capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def test_as_a_program(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("one\nTWO\n")
    assert look(path, query("two"))["hits"] == [[4, "TWO", 0, 3]]
    assert look(tmp_path / "nothing", query("two")) == {"hits": [], "next": 0, "size": 0, "done": True, "stuck": False}


HASTY = """import json, sys
from workbench.remote.agent import find
find.PATIENCE = 0.2
question = json.load(sys.stdin)
json.dump(find.look(question.pop("path"), question), sys.stdout)"""


def test_a_pattern_that_never_ends_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text("fine\n" + "a" * 60 + "!\n")
    reply = look(path, query("(a+)+$"), "-c", HASTY)
    assert (reply["stuck"], reply["hits"], reply["next"]) == (True, [], 0)
