"""Dispatch, help, errors and exit codes of the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli_server import MAIN, RUN, ended, serving, workbench
from workbench import cli
from workbench.cli.parser import Parser
from workbench.errors import Ambiguous, FilterError, NotFound, Refused, SnapshotTooLarge, Unresolvable
from workbench.version import __version__

OTHER = {**RUN, "id": "zzzz2222", "name": "calm-river-13", "seq": 13}


def raising(failure: Exception) -> Any:
    def answer(params: dict[str, Any]) -> None:
        raise failure

    return answer


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_has_help_with_an_example(verb: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as over:
        cli.main([verb, "--help"])
    said = capsys.readouterr().out
    assert over.value.code == 0
    assert "--json" in said
    assert f"example:\n  workbench {verb}" in said


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_example_parses(verb: str) -> None:
    import importlib
    import shlex

    module = importlib.import_module(f"workbench.cli.{verb}")
    for line in module.EXAMPLE.splitlines():
        words = shlex.split(line.split(" | ")[0].split(" && ")[0])
        assert words[:2] == ["workbench", verb]
        parser = Parser(verb, "x", "x")
        module.configure(parser)
        parser.words(words[2:])


def test_the_overview_names_every_verb(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    said = capsys.readouterr().out
    assert all(f"\n  {verb} " in said for verb in cli.VERBS)
    assert max(len(line) for line in said.splitlines()) <= 80


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"workbench {__version__}\n"


@pytest.mark.parametrize(
    ("argv", "sentence", "hint"),
    [
        (["rnu"], "there is no verb 'rnu'", "did you mean `workbench run`?"),
        (["--all"], "the verb comes first, before '--all'", "`workbench --help` lists"),
        (["run"], "there is no command to run", "workbench run -- python train.py"),
        (["run", "--"], "there is no command to run", ""),
        (["run", "--cpus", "0", "--", "true"], "--cpus: 0 is less than 1", ""),
        (["run", "--cpus", "two", "--", "true"], "--cpus: 'two' is not a whole number", ""),
        (["run", "--memory", "8 apples", "--", "true"], "--memory: '8 apples' is not a size", "write 8GB"),
        (["run", "--time-limit", "soon", "--", "true"], "--time-limit: 'soon' is not a duration", "write 90s"),
        (["run", "--prio", "1", "--", "true"], "unrecognized arguments: --prio", "workbench run --help"),
        (["show"], "the following arguments are required: RUN", "workbench show --help"),
        (["move", "12"], "one of the arguments --top --bottom --before --after is required", ""),
        (["engine", "restart"], "invalid choice: 'restart'", ""),
    ],
)
def test_wrong_arguments_are_told_and_nothing_is_sent(
    tmp_path: Path, argv: list[str], sentence: str, hint: str
) -> None:
    with serving(tmp_path) as server:
        done = workbench(tmp_path, *argv)
    assert done.returncode == 2
    assert done.stderr.startswith("workbench: ")
    assert sentence in done.stderr
    assert hint in done.stderr
    assert done.stdout == ""
    assert server.asked == []


def test_an_error_is_a_json_object_where_json_was_asked_for(tmp_path: Path) -> None:
    failure = NotFound("no run is called 'nobody'", hint="`workbench runs` lists them", run="nobody")
    with serving(tmp_path, show=raising(failure)):
        done = workbench(tmp_path, "show", "nobody", "--json")
    assert done.returncode == 2
    assert json.loads(done.stderr)["error"] == {
        "code": "not-found",
        "message": "no run is called 'nobody'",
        "hint": "`workbench runs` lists them",
        "exit_code": 2,
        "evidence": {"run": "nobody"},
    }


@pytest.mark.parametrize(
    ("failure", "lines"),
    [
        (
            FilterError("a comparison was expected", filter="status = ré ~", column=12),
            ["workbench: a comparison was expected", "  status = ré ~", "              ^"],
        ),
        (
            Unresolvable("no lock can be made", hint="see above", words="Because a\x1b[31m needs b,\nno."),
            ["workbench: no lock can be made", "  Because a needs b,", "  no.", "hint: see above"],
        ),
        (
            SnapshotTooLarge("too large", largest=[["data/x.bin", 3_000_000_000]]),
            ["workbench: too large", "  data/x.bin  3.0 GB"],
        ),
        (
            Ambiguous("'b' names several runs", candidates=["brave-sunset-12", "bold-moon-3"]),
            ["workbench: 'b' names several runs", "  brave-sunset-12", "  bold-moon-3"],
        ),
        (Refused("gone\x1b]52;c;aGk=\x07 for good"), ["workbench: gone for good"]),
    ],
)
def test_an_error_shows_what_was_seen(tmp_path: Path, failure: Exception, lines: list[str]) -> None:
    with serving(tmp_path, runs=raising(failure)):
        done = workbench(tmp_path, "runs", "x")
    assert done.returncode == 2
    assert done.stderr.splitlines() == lines


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    rows = [{"run": RUN, "metrics": {}}] * 5000
    with serving(tmp_path, runs=lambda params: {"total": 5000, "counts": {}, "rows": rows}):
        process = subprocess.Popen(
            [sys.executable, "-c", MAIN, "runs"],
            env={**os.environ, "WORKBENCH_HOME": str(tmp_path)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()
        process.stderr.close()
        assert (process.wait(30), said) == (141, b"")


def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    with serving(tmp_path, machines=lambda params: {"machines": []}):
        done = workbench(tmp_path, "machines", main="import sys; sys.stdout = open('/dev/full', 'w')\n" + MAIN)
    assert done.returncode == 74
    assert done.stderr == "workbench: can't write the output: No space left on device\n"


@pytest.mark.parametrize("closed", ["0<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_no_traceback(tmp_path: Path, closed: str) -> None:
    with serving(tmp_path, machines=lambda params: {"machines": []}):
        done = subprocess.run(
            ["sh", "-c", f'exec "$0" "$@" {closed}', sys.executable, "-c", MAIN, "machines"],
            env={**os.environ, "WORKBENCH_HOME": str(tmp_path)},
            capture_output=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("verb", ["cancel", "hold", "release"])
def test_verbs_that_steer_take_several_runs(tmp_path: Path, verb: str) -> None:
    with serving(tmp_path, **{verb: lambda params: {"runs": [RUN, OTHER]}}) as server:
        plain = workbench(tmp_path, verb, "12", "calm")
        as_json = workbench(tmp_path, verb, "12", "calm", "--json")
    assert server.params(verb) == [{"runs": ["12", "calm"]}] * 2
    assert plain.stdout == "brave-sunset-12  queued\ncalm-river-13  queued\n"
    assert [json.loads(line)["id"] for line in as_json.stdout.splitlines()] == ["k3v9q2xd", "zzzz2222"]


def test_wait_ends_with_the_code_of_the_first_that_failed(tmp_path: Path) -> None:
    endings = {"a": ended(0), "b": ended(7), "c": ended(9)}
    with serving(tmp_path, wait=lambda params: {"run": endings[params["run"]]}):
        done = workbench(tmp_path, "wait", "a", "b", "c")
        fine = workbench(tmp_path, "wait", "a", "--json")
    assert done.returncode == 7
    assert "brave-sunset-12  failed  exit 7  after 1m 02s" in done.stdout
    assert fine.returncode == 0
    assert json.loads(fine.stdout)["status"] == "finished"


def test_wait_asks_again_until_it_is_over(tmp_path: Path) -> None:
    answers = iter([RUN, RUN, ended(0)])
    with serving(tmp_path, wait=lambda params: {"run": next(answers)}) as server:
        assert workbench(tmp_path, "wait", "12").returncode == 0
    assert len(server.params("wait")) == 3


def test_runs_as_a_table_and_as_json(tmp_path: Path) -> None:
    rows = [
        {"run": ended(3, name="evil\x1b[2Jname"), "metrics": {"loss": 0.25, "acc": "NaN"}},
        {"run": OTHER, "metrics": {}},
    ]
    with serving(tmp_path, runs=lambda params: {"total": 2, "counts": {}, "rows": rows}) as server:
        plain = workbench(tmp_path, "runs", "is:over", "loss<1", "--order", "-loss", "--limit", "7")
        as_json = workbench(tmp_path, "runs", "--json")
    assert server.params("runs")[0] == {"filter": "is:over loss<1", "order": "-loss", "offset": 0, "limit": 7}
    header, first, second = plain.stdout.splitlines()
    assert header.split() == ["#", "run", "status", "machine", "time", "params", "metrics"]
    assert first.split() == ["12", "evilname", "failed", "3", "here", "1:02", "lr=0.01", "loss=0.2500", "acc=nan"]
    assert second.split() == ["13", "calm-river-13", "queued", "lr=0.01"]
    assert [run["metrics"] for run in json.loads(as_json.stdout)] == [{"loss": 0.25, "acc": "NaN"}, {}]


def test_show_as_text_and_as_json(tmp_path: Path) -> None:
    seen = {
        "run": ended(3),
        "metrics": {"loss": {"last": 0.25, "min": 0.2, "max": "Infinity", "step": 9, "count": 10}},
        "events": [{"at": 1_700_000_000_000_000, "kind": "submitted", "by": "alice", "detail": {}}],
        "artifacts": [{"name": "model.pt", "path": "x", "size": 1_500_000, "sha256": "ab", "stored": True}],
        "use": {"at": 1, "cores": 1.9, "memory": 3_100_000_000, "gpus": 0.71, "gpu_memory": 31_000_000_000},
        "collecting": None,
        "malformed": 2,
        "files": "",
        "waiting": None,
        "warnings": ["lib links out of the\x1b[2J snapshot"],
    }
    with serving(tmp_path, show=lambda params: seen):
        plain = workbench(tmp_path, "show", "12")
        as_json = workbench(tmp_path, "show", "12", "--json")
    assert plain.returncode == 0, plain.stderr
    for said in (
        "failed 3",
        "lr  0.01",
        "pyproject.toml",
        "loss",
        "inf",
        "model.pt  1.5 MB",
        "1.9 cores, 3.1 GB, GPU 71% 31 GB",
    ):
        assert said in plain.stdout
    assert "warning: lib links out of the snapshot" in plain.stdout
    found = json.loads(as_json.stdout)
    assert (found["id"], found["name"], found["status"]) == ("k3v9q2xd", "brave-sunset-12", "failed")
    assert found["metrics"]["loss"]["max"] == "Infinity"
