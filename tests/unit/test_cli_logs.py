"""`logs`: every byte for a program, nothing harmful for a terminal."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.cli_server import CLOSE, MAIN, Half, on_terminal, serving, workbench


class Log:
    """Answers `logs` as the engine does, at most `most` bytes at once."""

    def __init__(self, data: bytes, most: int = 1 << 20) -> None:
        self.data = data
        self.most = most
        self.over = True

    def __call__(self, params: dict[str, Any]) -> Any:
        offset = params["offset"] if params["offset"] >= 0 else max(0, len(self.data) + params["offset"])
        piece = self.data[offset : offset + min(params["limit"], self.most)]
        return {
            "offset": offset,
            "next": offset + len(piece),
            "size": len(self.data),
            "text": piece.decode("utf-8", "surrogateescape"),
            "over": self.over and offset + len(piece) >= len(self.data),
        }


def raw(home: Path, *argv: str) -> bytes:
    environment = {**os.environ, "WORKBENCH_HOME": str(home)}
    done = subprocess.run([sys.executable, "-c", MAIN, "logs", *argv], env=environment, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_pipe_gets_every_byte(tmp_path: Path) -> None:
    data = bytes(range(256)) * 20 + "größe".encode() + b"\xff\x1b[31m no newline"
    with serving(tmp_path, logs=Log(data, most=7)):
        assert raw(tmp_path, "12") == data


def test_the_last_lines(tmp_path: Path) -> None:
    lines = [f"line {number} {'x' * (number % 300)}\n" for number in range(2000)]
    with serving(tmp_path, logs=Log("".join(lines).encode())):
        assert raw(tmp_path, "12", "--tail", "3").decode() == "".join(lines[-3:])
        assert raw(tmp_path, "12", "--tail", "500").decode() == "".join(lines[-500:])
        assert raw(tmp_path, "12", "--tail", "9999").decode() == "".join(lines)
        assert raw(tmp_path, "12", "--tail", "0") == b""


def test_the_offset_is_that_of_the_lines_which_are_printed(tmp_path: Path) -> None:
    with serving(tmp_path, logs=Log("größe\nund mehr\n".encode())):
        (piece,) = map(json.loads, raw(tmp_path, "12", "--json", "--tail", "1").splitlines())
    assert (piece["offset"], piece["text"], piece["next"]) == (8, "und mehr\n", 17)


def test_following_ends_with_the_run(tmp_path: Path) -> None:
    log = Log(b"one\n")
    log.over = False
    pieces = iter([b"", b"two\n", b"three\n"])

    def answer(params: dict[str, Any]) -> Any:
        if params["offset"] == len(log.data) and params["wait"]:
            log.data += next(pieces)
            log.over = log.data.endswith(b"three\n")
        return log(params)

    with serving(tmp_path, logs=answer):
        assert raw(tmp_path, "12", "-f") == b"one\ntwo\nthree\n"


def test_following_outlives_the_connection_and_repeats_nothing(tmp_path: Path) -> None:
    log = Log(b"one\ntwo\nthree\n", most=4)
    broken = {4: CLOSE}

    def answer(params: dict[str, Any]) -> Any:
        return broken.pop(params["offset"], None) or log(params)

    with serving(tmp_path, logs=answer):
        assert raw(tmp_path, "12", "-f") == log.data
    assert isinstance(CLOSE, Half)


def test_chunks_as_json(tmp_path: Path) -> None:
    with serving(tmp_path, logs=Log(b"one\ntwo\n", most=4)):
        done = workbench(tmp_path, "logs", "12", "--json")
    assert [json.loads(line)["text"] for line in done.stdout.splitlines()] == ["one\n", "two\n"]


def test_a_terminal_gets_no_escape_sequence(tmp_path: Path) -> None:
    data = "10%\r100%\n\x1b]52;c;aGk=\x07\x1b[31mred\x1b[0m \u202e größe\nlast\x1b[2J".encode()
    with serving(tmp_path, logs=Log(data, most=5)):
        said = on_terminal(tmp_path, "logs", "12")
    assert said.splitlines() == ["100%", "\x1b[31mred\x1b[0m  größe", "last"]


class Finding:
    """Answers `logs_find` with two lines a step, the last of which grows while somebody waits."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.ended = False

    def find(self, params: dict[str, Any]) -> Any:
        self.asked.append(params)
        if params["offset"] == 0:
            return {
                "hits": [[0, "loss 0.\udcff", 0, 4], [8, "\x1b[31mloss", 0, 4]],
                "next": 20,
                "size": 30,
                "done": False,
            }
        if not self.ended:
            return {"hits": [[24, "loss b", 0, 4]], "next": 24, "size": 30, "done": True}
        return {"hits": [[24, "loss begun", 0, 4]], "next": 35, "size": 35, "done": True}

    def logs(self, params: dict[str, Any]) -> Any:
        assert (params["limit"], params["offset"]) == (0, 30)
        self.ended = True
        return {"offset": 30, "next": 30, "size": 35, "text": "", "over": True}


def test_lines_that_fit(tmp_path: Path) -> None:
    finding = Finding()
    with serving(tmp_path, logs_find=finding.find):
        assert raw(tmp_path, "12", "--grep", "loss") == b"loss 0.\xff\n\x1b[31mloss\nloss b\n"
        assert raw(tmp_path, "12", "--grep", "!loss") and raw(tmp_path, "12", "--errors")
        done = workbench(tmp_path, "logs", "12", "--errors", "--json")
    assert json.loads(done.stdout.splitlines()[2]) == {"offset": 24, "text": "loss b\n"}
    asked = [(one.get("pattern"), one.get("invert"), one.get("trouble")) for one in finding.asked[::2]]
    assert asked[:3] == [("loss", False, None), ("loss", True, None), (None, None, True)]


def test_lines_that_fit_are_followed_and_told_once(tmp_path: Path) -> None:
    finding = Finding()
    with serving(tmp_path, logs_find=finding.find, logs=finding.logs):
        assert raw(tmp_path, "12", "--grep", "loss", "-f") == b"loss 0.\xff\n\x1b[31mloss\nloss begun\n"


def test_the_last_lines_of_those_that_fit_are_not_offered(tmp_path: Path) -> None:
    with serving(tmp_path):
        done = workbench(tmp_path, "logs", "12", "--grep", "x", "--tail", "3")
    assert (done.returncode, "not allowed with" in done.stderr) == (2, True)
