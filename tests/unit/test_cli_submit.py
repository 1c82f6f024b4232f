"""What `run` and `sweep` send, and what they print."""

from __future__ import annotations

import json
import os
import string
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.unit.cli_server import CLOSE, MAIN, RUN, Server, ended, serving, workbench
from workbench import cli
from workbench.errors import Unresolvable

REPLY = {"count": 1, "ids": [RUN["id"]], "names": [RUN["name"]], "runs": [RUN], "warnings": []}
SWEEP = {
    "count": 2,
    "ids": ["aaaa1111", "bbbb2222"],
    "names": ["brave-sunset-12", "calm-river-13"],
    "runs": [RUN, RUN],
    "warnings": ["data links out of the snapshot"],
}


def submitted(server: Server) -> dict[str, Any]:
    (submission,) = server.params("submit")
    return submission


def test_every_flag_is_sent_parsed(tmp_path: Path) -> None:
    words = (
        "--set lr=0.1 --set name=a,b --name mine --cpus 2 --memory 8GB --gpus 1 --time-limit 1h30m --priority -3 "
        "--after 7 --after 8 --retries 2 --tag base --tag slow --hold --with polars --with numpy<2"
    )
    with serving(tmp_path, submit=lambda params: REPLY) as server:
        done = workbench(tmp_path, "run", *words.split(), "--", "python", "train.py", "--name", "{lr}")
    assert done.returncode == 0, done.stderr
    assert submitted(server) == {
        "directory": str(tmp_path),
        "command": ["python", "train.py", "--name", "{lr}"],
        "params": {"lr": 0.1, "name": "a,b"},
        "name": "mine",
        "cpus": 2,
        "memory": 8_000_000_000,
        "gpus": 1,
        "time_limit": 5400.0,
        "priority": -3,
        "after": ["7", "8"],
        "retries": 2,
        "tags": ["base", "slow"],
        "hold": True,
        "packages": ["polars", "numpy<2"],
    }


def test_what_is_not_said_is_not_sent(tmp_path: Path) -> None:
    with serving(tmp_path, submit=lambda params: REPLY) as server:
        assert workbench(tmp_path, "run", "true").stdout == "k3v9q2xd\tbrave-sunset-12\n"
    assert submitted(server) == {"directory": str(tmp_path), "command": ["true"], "params": {}}


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        (["--", "a", "--", "b"], ["a", "--", "b"]),
        (["--", "--", "a"], ["--", "a"]),
        (["--", "--json"], ["--json"]),
        (["a", "--", "b"], ["a", "--", "b"]),
        (["a", "--json", "--name"], ["a", "--json", "--name"]),
        (["--name", "x", "a", "--name", "y"], ["a", "--name", "y"]),
        (["--", "sh", "-c", "echo 'it''s' \"$HOME\" > /dev/null; \t\n\\"], None),
        (["--", "a", "", " ", "*", "{", "{{lr}}", "$(x)", "`x`", "ü", "\x01", "\u202e"], None),
    ],
)
def test_the_command_is_sent_word_for_word(tmp_path: Path, argv: list[str], command: list[str] | None) -> None:
    with serving(tmp_path, submit=lambda params: REPLY) as server:
        assert workbench(tmp_path, "run", *argv).returncode == 0
    assert submitted(server)["command"] == (argv[1:] if command is None else command)


def test_bytes_that_are_no_text_are_sent_as_they_are(tmp_path: Path) -> None:
    with serving(tmp_path, submit=lambda params: REPLY) as server:
        assert workbench(tmp_path, "run", "--", "cat", b"na\xefve\xff.txt").returncode == 0
    assert [os.fsencode(word) for word in submitted(server)["command"]] == [b"cat", b"na\xefve\xff.txt"]


WORDS = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\0"), max_size=12),
        st.sampled_from(["--", "-", "--json", "--set", "-h", "--help", "--wait", "{lr}", "", "x=y"]),
        st.text(string.printable, max_size=8),
    ),
    min_size=1,
    max_size=8,
)


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(words=WORDS)
def test_any_command_survives(words: list[str], short: tuple[Server, Path]) -> None:
    server, _ = short
    server.asked.clear()
    assert cli.main(["run", "--cpus", "1", "--", *words]) == 0
    assert submitted(server)["command"] == words


@pytest.fixture
def short(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    with serving(tmp_path, submit=lambda params: REPLY) as server:
        yield server, tmp_path


def test_the_run_is_printed_as_json(tmp_path: Path) -> None:
    with serving(tmp_path, submit=lambda params: REPLY):
        done = workbench(tmp_path, "run", "--json", "--", "true")
    assert json.loads(done.stdout) == RUN


@pytest.mark.parametrize("code", [0, 3, 124, 125, 130])
def test_run_and_wait_ends_with_the_code_of_the_run(tmp_path: Path, code: int) -> None:
    with serving(tmp_path, submit=lambda params: REPLY, wait=lambda params: {"run": ended(code)}) as server:
        done = workbench(tmp_path, "run", "--wait", "--json", "--", "true")
    assert done.returncode == code
    assert json.loads(done.stdout)["exit_code"] == code
    assert server.params("wait")[0]["run"] == RUN["id"]


def test_a_rerun_is_waited_for_too(tmp_path: Path) -> None:
    with serving(tmp_path, rerun=lambda params: REPLY, wait=lambda params: {"run": ended(3)}):
        done = workbench(tmp_path, "rerun", "12", "--wait")
        as_json = workbench(tmp_path, "rerun", "12", "--wait", "--json")
    assert (done.returncode, as_json.returncode) == (3, 3)
    first, last = done.stdout.splitlines()
    assert first == "k3v9q2xd\tbrave-sunset-12"
    assert last.startswith("brave-sunset-12  failed  exit 3")
    assert json.loads(as_json.stdout)["exit_code"] == 3


def test_a_sweep_sends_the_grid(tmp_path: Path) -> None:
    with serving(tmp_path, submit=lambda params: SWEEP) as server:
        done = workbench(tmp_path, "sweep", "--set", "lr=0.1,0.01", "--set", "seed=range(2)", "--", "train", "{lr}")
        as_json = workbench(tmp_path, "sweep", "--set", "lr=1", "--json", "--", "train")
    first, second = server.params("submit")
    assert (first["params"], first["grid"]) == ({}, {"lr": [0.1, 0.01], "seed": [0, 1]})
    assert second["grid"] == {"lr": [1]}
    assert done.stdout == "aaaa1111\tbrave-sunset-12\nbbbb2222\tcalm-river-13\n"
    assert done.stderr == "warning: data links out of the snapshot\n"
    assert json.loads(as_json.stdout)["ids"] == ["aaaa1111", "bbbb2222"]


def test_a_sweep_that_waits_ends_with_the_first_failure(tmp_path: Path) -> None:
    codes = {"aaaa1111": 0, "bbbb2222": 5}
    with serving(
        tmp_path, submit=lambda params: SWEEP, wait=lambda params: {"run": ended(codes[params["run"]])}
    ) as server:
        assert workbench(tmp_path, "sweep", "--set", "lr=1,2", "--wait", "--", "train").returncode == 5
    assert len(server.params("wait")) == 2


@pytest.mark.parametrize(
    ("argv", "sentence"),
    [
        (["run", "--set", "lr", "--", "true"], "--set 'lr' has no '='"),
        (["run", "--set", "lr=range(3)", "--", "true"], "is many values"),
        (["sweep", "--set", "seed=range(x)", "--", "true"], "range(x)"),
        (["sweep", "--", "true"], "hint: workbench run submits"),
    ],
)
def test_params_that_make_no_sense(tmp_path: Path, argv: list[str], sentence: str) -> None:
    with serving(tmp_path) as server:
        done = workbench(tmp_path, *argv)
    assert (done.returncode, server.asked) == (2, [])
    assert sentence in done.stderr


def test_a_resolvers_words_are_shown(tmp_path: Path) -> None:
    def refuse(params: dict[str, Any]) -> Any:
        raise Unresolvable("the environment can't be locked", hint="loosen a pin", words="Because a>1,\nno.")

    with serving(tmp_path, submit=refuse):
        done = workbench(tmp_path, "run", "--", "true")
    assert done.returncode == 2
    assert done.stderr == ("workbench: the environment can't be locked\n  Because a>1,\n  no.\nhint: loosen a pin\n")


def test_an_engine_that_goes_away_is_not_asked_twice(tmp_path: Path) -> None:
    with serving(tmp_path, submit=lambda params: CLOSE) as server:
        done = workbench(tmp_path, "run", "--", "true")
    assert done.returncode == 69
    assert "`workbench runs`" in done.stderr
    assert len(server.params("submit")) == 1


def test_a_directory_that_is_gone(tmp_path: Path) -> None:
    gone = "import os, tempfile; d = tempfile.mkdtemp(); os.chdir(d); os.rmdir(d); "
    with serving(tmp_path) as server:
        done = workbench(tmp_path, "run", "true", main=gone + MAIN)
    assert (done.returncode, server.asked) == (2, [])
    assert "does not exist any more" in done.stderr


HEAVY = ["asyncio", "rich", "dataclasses", "textual", "duckdb", "plotext", "subprocess", "tempfile", "logging"]
PEEK = """
import sys
from workbench.cli import main
code = main()
print(*[name for name in {heavy} if name in sys.modules], file=sys.stderr)
sys.exit(code)
"""


@pytest.mark.parametrize(
    "argv",
    [
        ["run", "--set", "lr=1", "--", "true"],
        ["run", "--time-limit", "2h", "--json", "--", "true"],
        ["run", "--wait", "--", "true"],
        ["sweep", "--set", "lr=1,2", "--", "true"],
        ["runs"],
        ["runs", "--json"],
        ["wait", "12"],
        ["cancel", "12"],
        ["hold", "12"],
        ["release", "12"],
        ["show", "12", "--json"],
        ["logs", "12"],
    ],
)
def test_a_prompt_imports_nothing_heavy(tmp_path: Path, argv: list[str]) -> None:
    log = {"offset": 0, "next": 2, "size": 2, "text": "a\n", "over": True}
    with serving(
        tmp_path,
        submit=lambda params: REPLY,
        wait=lambda params: {"run": ended(0)},
        runs=lambda params: {"total": 1, "counts": {}, "rows": [{"run": ended(0), "metrics": {"loss": 0.1}}]},
        cancel=lambda params: {"runs": [RUN]},
        hold=lambda params: {"runs": [RUN]},
        release=lambda params: {"runs": [RUN]},
        show=lambda params: {"run": RUN, "metrics": {}},
        logs=lambda params: log,
    ):
        done = workbench(tmp_path, *argv, main=PEEK.format(heavy=HEAVY))
    assert (done.returncode, done.stderr) == (0, "\n")
