"""The blocking client: greeting, versions, broken and slow engines, and starting one."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from tests.unit.cli_server import CLOSE, RUN, Answer, Half, ended, greeting, serving, workbench
from workbench import paths
from workbench.client import calls, start
from workbench.client.calls import Absent, Engine
from workbench.errors import Dropped, EngineError, EngineUnreachable, UsageError, VersionMismatch
from workbench.protocol import MAX_FRAME, VERSION, messages


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    return tmp_path


def test_it_greets_once_and_asks_on_the_same_connection(home: Path) -> None:
    with serving(home, status=lambda params: {"pid": 7}) as server, Engine(start=False) as engine:
        assert engine.call("status") == {"pid": 7}
        assert engine.call("status") == {"pid": 7}
        assert engine.pid == os.getpid()
    assert [method for method, _ in server.asked] == ["hello", "status", "status"]


def test_nobody_listens(home: Path) -> None:
    with pytest.raises(Absent), Engine(start=False) as engine:
        engine.call("status")
    (home / "run").mkdir(mode=0o700)
    dead = socket.socket(socket.AF_UNIX)
    dead.bind(paths.socket())
    dead.close()
    with pytest.raises(Absent), Engine(start=False) as engine:
        engine.call("status")


def test_a_socket_path_too_long_for_the_kernel_is_said(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORKBENCH_HOME", str(home / ("x" * 120)))
    with pytest.raises(EngineUnreachable, match="the kernel takes 107") as seen, Engine(start=False) as engine:
        engine.call("status")
    assert "WORKBENCH_HOME" in seen.value.hint


def test_another_users_socket_is_refused(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 12345)
    with serving(home) as server, pytest.raises(EngineUnreachable, match="held by another user"):
        Engine(start=False).call("status")
    assert server.asked == []


@pytest.mark.parametrize(
    ("protocol", "older", "hint"),
    [
        (VERSION + 1, "this command .* is older than the engine", "upgrade"),
        (0, "the engine .* is older", "engine stop"),
    ],
)
def test_different_versions_say_which_side_is_older(home: Path, protocol: int, older: str, hint: str) -> None:
    with serving(home, hello=greeting(protocol)), pytest.raises(VersionMismatch, match=older) as seen:
        Engine(start=False).call("status")
    assert hint in seen.value.hint
    assert f"pid {os.getpid()}" in seen.value.message


def test_a_version_that_the_engine_refuses_keeps_its_words(tmp_path: Path) -> None:
    def refuse(params: object) -> object:
        raise VersionMismatch("this client speaks protocol 1, the engine 9.9 protocol 2", hint="upgrade it")

    with serving(tmp_path, hello=refuse):
        done = workbench(tmp_path, "runs")
    assert done.returncode == 69
    assert done.stderr.splitlines() == [
        "workbench: this client speaks protocol 1, the engine 9.9 protocol 2",
        "hint: upgrade it",
    ]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (lambda params: b"hello yourself\n", EngineError, "makes no sense"),
        (lambda params: b"[1]\n", EngineError, "makes no sense"),
        (lambda params: CLOSE, EngineUnreachable, "went away before it answered `status`"),
        (lambda params: Half(b'{"jsonrpc":'), EngineUnreachable, "went away"),
        (lambda params: messages.notification("dropped", {"reason": "too slow"}), Dropped, "too slow"),
        (lambda params: b"x" * (MAX_FRAME + 1), EngineError, f"more than {MAX_FRAME} bytes"),
    ],
)
def test_an_engine_that_makes_no_sense(home: Path, answer: Answer, error: type[Exception], says: str) -> None:
    with serving(home, status=answer), Engine(start=False) as engine, pytest.raises(error, match=says):
        engine.call("status")


def test_notifications_and_answers_to_others_are_passed_over(home: Path) -> None:
    def noisy(params: dict[str, object]) -> bytes:
        return messages.notification("changed", {"changes": []}) + messages.result(99, "not yours") + answer

    answer = messages.result(1, "yours")
    with serving(home, status=noisy), Engine(start=False) as engine:
        assert engine.call("status") == "yours"


def test_a_question_too_large_is_not_sent(home: Path) -> None:
    with serving(home) as server, Engine(start=False) as engine, pytest.raises(UsageError, match="is the most"):
        engine.call("submit", {"command": ["x" * MAX_FRAME]})
    assert server.asked == []


def test_whoever_waits_is_told_why(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "SLOW", 0.01)
    said: list[str] = []

    def slow(params: dict[str, object]) -> dict[str, object]:
        while not said:
            pass
        return {}

    with serving(home, submit=slow), Engine(start=False) as engine:
        assert engine.call("submit", slow=lambda: said.append("resolving")) == {}
    assert said == ["resolving"]


def test_an_engine_that_never_says_hello(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "GREETING", 0.05)
    silent = serving(home, hello=lambda params: b"")
    with silent, pytest.raises(EngineUnreachable, match="has not said hello") as seen:
        Engine(start=False).call("status")
    assert f"kill {os.getpid()}" in seen.value.hint


def test_waiting_outlives_the_connection(tmp_path: Path) -> None:
    answers = iter([CLOSE, {"run": RUN}, CLOSE, {"run": ended(4)}])
    with serving(tmp_path, wait=lambda params: next(answers)) as server:
        assert workbench(tmp_path, "wait", "12").returncode == 4
    assert [method for method, _ in server.asked].count("hello") == 3


def test_ending_of_the_engine_on_purpose_ends_the_waiting(tmp_path: Path) -> None:
    dropped = messages.notification("dropped", {"reason": "the engine was stopped"})
    with serving(tmp_path, wait=lambda params: dropped):
        done = workbench(tmp_path, "wait", "12", "--json")
    assert done.returncode == 69
    assert json.loads(done.stderr)["error"]["code"] == "dropped"


@pytest.fixture
def engine_program(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file that `ensure_engine` starts in the engine's place."""
    program = home / "engine"
    monkeypatch.setattr("sys.executable", str(program))
    return program


def script(program: Path, text: str) -> None:
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o700)


def test_an_engine_that_dies_early_is_quoted(engine_program: Path) -> None:
    script(engine_program, "echo 'the history is on the moon' >&2; exit 1")
    with pytest.raises(EngineUnreachable, match="ended with code 1") as seen:
        start.ensure_engine()
    assert seen.value.evidence["words"] == "the history is on the moon"
    assert os.stat(paths.engine_log()).st_mode & 0o777 == 0o600


def test_an_engine_that_never_answers(engine_program: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(start, "PATIENCE", 0.1)
    script(engine_program, "exec sleep 0.5")
    with pytest.raises(EngineUnreachable, match="did not answer within"):
        start.ensure_engine()


def test_the_loser_of_a_race_tries_again(engine_program: Path, home: Path) -> None:
    script(engine_program, f"echo . >> {home}/tries; test $(wc -l < {home}/tries) -gt 1 && exit 1; exit 3")
    with pytest.raises(EngineUnreachable, match="ended with code 1"):
        start.ensure_engine()
    assert (home / "tries").read_text() == ".\n.\n"


def test_a_log_that_is_a_link_is_not_followed(engine_program: Path, home: Path) -> None:
    (home / "state").mkdir()
    (home / "state" / "engine.log").symlink_to(home / "victim")
    with pytest.raises(EngineUnreachable, match=r"can't write the engine's log"):
        start.ensure_engine()
    assert not (home / "victim").exists()
