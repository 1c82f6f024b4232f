"""The verbs that ask once and print: what they send, as text and as JSON."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli_server import RUN, ended, on_terminal, serving, workbench
from workbench.cli import plot
from workbench.errors import UsageError
from workbench.present.canvas import Series

MACHINE: dict[str, Any] = {
    "name": "local",
    "status": "ok",
    "reason": "",
    "hostname": "box",
    "cpus": 8,
    "memory": 32_000_000_000,
    "devices": [
        {
            **{"uuid": "GPU-1", "index": 0, "label": "0", "name": "X", "memory": 80_000_000_000},
            **{"state": "free", "strangers": []},
        }
    ],
    "cpus_held": 2,
    "memory_held": 0,
    "devices_held": {},
    "devices_used": {},
    "running": ["k3v9q2xd"],
    "warnings": ["the disk is \x1b[2Jnearly full"],
    "address": "",
    "rate": 0.0,
    "labels": [],
    "since": 0,
    "sample": None,
    "history": [],
}
PROJECT = {
    "name": "churn",
    "directory": "/home/alice/churn",
    "goal": "",
    "counts": {"running": 1, "finished": 2},
    "last": 0,
    "seconds": 7200.0,
    "metric": "acc",
    "best": {"run": "k3v9q2xd", "name": "brave-sunset-12", "value": 0.9},
}
WHY: dict[str, Any] = {
    "kind": "resources",
    "text": "1 GPU free on none",
    "until": "brave-sunset-11 ends",
    "eta": None,
    "at_most": False,
    "blockers": [],
}


def ask(home: Path, answers: dict[str, Any], *argv: str) -> tuple[str, list[dict[str, Any]]]:
    """What the verb printed, and what it asked."""
    (method,) = answers
    with serving(home, **{method: lambda params: answers[method]}) as server:
        done = workbench(home, *argv)
    assert done.returncode == 0, done.stderr
    return done.stdout, server.params(method)


@pytest.mark.parametrize(
    ("argv", "params", "said"),
    [
        (["rerun", "12"], {"run": "12"}, "k3v9q2xd\tbrave-sunset-12\n"),
        (["rerun", "12", "--hold"], {"run": "12", "hold": True}, "k3v9q2xd\tbrave-sunset-12\n"),
        (["move", "12", "--top"], {"run": "12", "to": "top"}, "brave-sunset-12  moved: top\n"),
        (["move", "12", "--bottom"], {"run": "12", "to": "bottom"}, "brave-sunset-12  moved: bottom\n"),
        (["move", "12", "--before", "7"], {"run": "12", "to": "before 7"}, "brave-sunset-12  moved: before 7\n"),
        (["move", "12", "--after", "7"], {"run": "12", "to": "after 7"}, "brave-sunset-12  moved: after 7\n"),
        (
            ["explain", "12"],
            {"run": "12"},
            "brave-sunset-12  queued\n  1 GPU free on none\n  brave-sunset-11 ends\n",
        ),
    ],
)
def test_verbs_about_one_run(tmp_path: Path, argv: list[str], params: dict[str, Any], said: str) -> None:
    answer = {"run": RUN, "runs": [RUN], "why": WHY}
    assert ask(tmp_path, {argv[0]: answer}, *argv) == (said, [params])


@pytest.mark.parametrize("argv", [["rerun", "12"], ["move", "12", "--top"], ["explain", "12"]])
def test_verbs_about_one_run_as_json(tmp_path: Path, argv: list[str]) -> None:
    said, _ = ask(tmp_path, {argv[0]: {"run": RUN, "runs": [RUN], "why": WHY}}, *argv, "--json")
    assert json.loads(said).items() >= RUN.items()


def test_machines(tmp_path: Path) -> None:
    said, _ = ask(tmp_path, {"machines": {"machines": [MACHINE]}}, "machines")
    assert said.splitlines()[1].split() == ["local", "ok", "2/8", "0", "B", "of", "32", "GB", "0/1", "1"]
    assert said.splitlines()[2] == "local: the disk is nearly full"


def test_projects(tmp_path: Path) -> None:
    said, _ = ask(tmp_path, {"projects": {"projects": [PROJECT]}}, "projects")
    assert said.splitlines()[1].split()[:3] == ["churn", "3", "1"]
    assert "acc 0.9000 by brave-sunset-12" in said


def test_environments(tmp_path: Path) -> None:
    listed = {"environments": [{"id": "ab12", "bytes": 2_000_000, "used": 0, "needed": True, "path": "/x"}]}
    said, _ = ask(tmp_path, {"environments": listed}, "env", "list")
    assert said.splitlines()[1].split()[:3] == ["ab12", "2.0", "MB"]


def test_pruning(tmp_path: Path) -> None:
    assert ask(tmp_path, {"prune": {"removed": ["ab12"], "bytes": 5}}, "env", "prune")[0] == (
        "removed 1 environment, 5 B\n"
    )


def test_sql(tmp_path: Path) -> None:
    answer = {"columns": ["a", "b"], "rows": [[1, None], ["x\x1b[2J", [1, 2]]], "truncated": True}
    argv = ["sql", "select 1", "--seconds", "5s", "--rows", "2"]
    said, asked = ask(tmp_path, {"sql": answer}, *argv)
    assert asked == [{"query": "select 1", "seconds": 5.0, "rows": 2}]
    assert said.splitlines() == ["a  b", "1", "x  [1, 2]"]


def test_sql_as_json_keeps_columns_of_the_same_name(tmp_path: Path) -> None:
    answer = {"columns": ["a", "a"], "rows": [[1, 2]], "truncated": False}
    said, _ = ask(tmp_path, {"sql": answer}, "sql", "select", "--json")
    assert json.loads(said) == answer


def test_sql_errors_keep_their_lines(tmp_path: Path) -> None:
    def refuse(params: dict[str, Any]) -> Any:
        raise UsageError("syntax error\nLINE 1: selec\n        ^\n")

    with serving(tmp_path, sql=refuse):
        done = workbench(tmp_path, "sql", "selec")
    assert done.stderr == "workbench: syntax error\n  LINE 1: selec\n          ^\n"


def comparison() -> dict[str, Any]:
    """Three runs, two of them over seeds."""
    runs = [
        ended(0, params={"lr": 0.01, "seed": 1}),
        ended(0, id="b", name="calm-river-13", params={"lr": 0.01, "seed": 2}),
        ended(3, id="c", name="keen|falcon-14", params={"lr": 0.1, "seed": 1}),
    ]
    return {
        "runs": runs,
        "params": {"lr": [0.01, 0.01, 0.1]},
        "same": {},
        "metrics": {"loss": [0.25, 0.75, "NaN"], "acc": [0.5, None, 0.5]},
        "best": {"loss": [0.125, 0.25, "NaN"], "acc": [0.5, None, 0.5]},
        "goals": {"loss": {"goal": "min", "declared": False}, "acc": {"goal": "max", "declared": True}},
        "config": {"optimiser": ["SGD", "AdamW", None]},
        "code": [{}, {}, {}],
        "environment": [{}, {}, {}],
    }


def compare(tmp_path: Path, *words: str) -> list[list[str]]:
    said, asked = ask(tmp_path, {"compare": comparison()}, "compare", "12", "13", "14", *words)
    assert asked == [{"runs": ["12", "13", "14"]}]
    return [line.split() for line in said.splitlines()]


def test_compare(tmp_path: Path) -> None:
    lines = compare(tmp_path)
    assert lines[0] == ["brave-sunset-12", "calm-river-13", "keen|falcon-14"]
    assert ["lr", "0.01", "0.01", "0.1"] in lines
    assert ["loss", "↓", "0.2500", "0.7500", "nan"] in lines
    assert ["acc", "↑", "0.5000", "–", "0.5000"] in lines
    assert ["project", "churn"] in lines


def test_compare_by_the_best(tmp_path: Path) -> None:
    assert ["loss", "↓", "0.1250", "0.2500", "nan"] in compare(tmp_path, "--best")


def test_compare_over_seeds(tmp_path: Path) -> None:
    lines = compare(tmp_path, "--group")
    assert lines[0] == ["group", "n", "acc", "↑", "loss", "↓"]
    assert ["lr", "0.01", "2", "0.5000", "0.5000", "±0.3536"] in lines
    assert ["lr", "0.1", "1", "0.5000", "–"] in lines


def test_compare_over_seeds_as_json(tmp_path: Path) -> None:
    said, _ = ask(tmp_path, {"compare": comparison()}, "compare", "12", "13", "14", "--group", "--json")
    first, second = json.loads(said)
    assert (first["runs"], first["params"], first["over"]) == (["k3v9q2xd", "b"], {"lr": 0.01}, ["seed"])
    loss = {"n": 2, "mean": 0.5, "deviation": pytest.approx(0.3535534), "min": 0.25, "max": 0.75}
    assert first["metrics"]["loss"] == loss
    assert second["metrics"]["loss"] == {"n": 0, "mean": "NaN", "deviation": None, "min": "NaN", "max": "NaN"}


def test_compare_what_code_logged(tmp_path: Path) -> None:
    assert compare(tmp_path, "--config")[1] == ["optimiser", "SGD", "AdamW", "–"]


def test_compare_as_markdown(tmp_path: Path) -> None:
    said, _ = ask(tmp_path, {"compare": comparison()}, "compare", "12", "13", "14", "--markdown")
    head, rule, *rows = said.splitlines()
    assert head == "|  | brave-sunset-12 | calm-river-13 | keen\\|falcon-14 |"
    assert rule == "| --- | --- | --- | --- |"
    assert "| lr | 0.01 | 0.01 | 0.1 |" in rows


DIFF = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\x0cb\n+\x1b[31mc\n"


def test_compare_code_gives_a_pipe_every_byte_of_the_diff(tmp_path: Path) -> None:
    reply = {"base": {}, "run": {}, "text": DIFF, "files": [], "count": 1, "included": 1}
    with serving(tmp_path, compare_code=lambda params: reply) as server:
        done = workbench(tmp_path, "compare", "12", "13", "14", "--code")
        assert "\x1b" not in on_terminal(tmp_path, "compare", "12", "13", "--code")
    assert done.stdout == DIFF * 2
    assert server.params("compare_code")[:2] == [{"base": "12", "run": "13"}, {"base": "12", "run": "14"}]


def test_compare_environments(tmp_path: Path) -> None:
    packages = [{"name": "numpy", "base": "1.26.4", "run": "2.4.0"}, {"name": "triton", "base": None, "run": "3.5"}]
    reply = {"base": {}, "run": {}, "packages": packages, "same": 3}
    with serving(tmp_path, compare_environment=lambda params: reply):
        lines = workbench(tmp_path, "compare", "12", "13", "--env").stdout.splitlines()
        assert [line.split() for line in lines[:3]] == [
            ["package", "12", "13"],
            ["numpy", "1.26.4", "2.4.0"],
            ["triton", "–", "3.5"],
        ]
        assert "| numpy | 1.26.4 | 2.4.0 |" in workbench(tmp_path, "compare", "12", "13", "--env", "--markdown").stdout
        assert "two runs or more" in workbench(tmp_path, "compare", "12", "--env").stderr
    with serving(tmp_path / "again", compare_environment=lambda params: {**reply, "packages": []}):
        assert "13 has the same packages as 12" in workbench(tmp_path / "again", "compare", "12", "13", "--env").stdout


def series(values: list[Any]) -> dict[str, Any]:
    return {"run": "k3v9q2xd", "key": "loss", "steps": list(range(len(values))), "times": [], "values": values}


def test_plot(tmp_path: Path) -> None:
    argv = ["plot", "12", "loss", "--width", "40", "--height", "8"]
    said, asked = ask(tmp_path, {"series": {"series": [series([1.0, "NaN", 0.5, 0.25])]}}, *argv)
    assert asked == [{"runs": ["12"], "keys": ["loss"], "points": 80}]
    assert "loss  last 0.2500" in said
    assert "\x1b" not in said
    assert len(said.splitlines()) == 8
    assert max(map(len, said.splitlines())) <= 40


def test_plot_of_nothing_finite() -> None:
    nothing = Series("loss", [0], [math.nan])
    assert any("last nan" in line for line in plot.chart("loss", [nothing], 40, 8, colour=False))


def test_plot_of_several_runs_on_a_logarithmic_scale_over_time(tmp_path: Path) -> None:
    def shown(params: dict[str, Any]) -> dict[str, Any]:
        return {"run": {**RUN, "id": params["run"], "name": f"name-of-{params['run']}", "started": 1_000_000}}

    told = [
        {**series([100.0, 10.0, 0.0, 1.0]), "run": run, "times": [second * 60_000_000 for second in range(4)]}
        for run in ("12", "13")
    ]
    argv = ["plot", "12", "loss", "--with", "13", "--log", "--smooth", "0.6", "--x", "time", "--width", "80"]
    with serving(tmp_path, series=lambda params: {"series": told}, show=shown):
        done = workbench(tmp_path, *argv)
    assert done.returncode == 0, done.stderr
    assert "name-of-12" in done.stdout and "name-of-13" in done.stdout
    assert "1m" in done.stdout and "100┤" in done.stdout


def test_plot_over_epochs_asks_for_them(tmp_path: Path) -> None:
    told = {"series": [series([1.0, 0.5]), {**series([0.0, 1.0]), "key": "epoch"}]}
    said, asked = ask(tmp_path, {"series": told}, "plot", "12", "loss", "--x", "epoch", "--width", "60")
    assert asked[0]["keys"] == ["loss", "epoch"]
    assert "0.5" in said


def test_plot_over_epochs_that_nobody_logged(tmp_path: Path) -> None:
    with serving(tmp_path, series=lambda params: {"series": [series([1.0])]}):
        done = workbench(tmp_path, "plot", "12", "loss", "--x", "epoch")
    assert done.returncode == 2
    assert "12 has no metric 'epoch'" in done.stderr


def test_plot_by_a_weight_that_is_none(tmp_path: Path) -> None:
    done = workbench(tmp_path, "plot", "12", "loss", "--smooth", "1")
    assert done.returncode == 2
    assert "--smooth: '1' is not a weight" in done.stderr


def test_plot_of_a_metric_that_is_not_there(tmp_path: Path) -> None:
    with serving(tmp_path, series=lambda params: {"series": []}):
        done = workbench(tmp_path, "plot", "12", "nope")
    assert done.returncode == 2
    assert "12 has no metric 'nope'" in done.stderr


def test_without_a_verb_and_a_terminal(tmp_path: Path) -> None:
    rows = [{"run": ended(3), "metrics": {"loss": 0.25}}, {"run": RUN, "metrics": {}, "waits": "waits for a GPU"}]
    answers: dict[str, Any] = {
        "runs": lambda params: {"total": 2, "counts": {"failed": 1, "queued": 1}, "rows": rows},
        "machines": lambda params: {"machines": [MACHINE]},
    }
    with serving(tmp_path, **answers):
        done = workbench(tmp_path)
    assert done.returncode == 0, done.stderr
    assert "brave-sunset-12" in done.stdout
    assert "waits for a GPU" in done.stdout


def test_the_engines_state(tmp_path: Path) -> None:
    state = {
        "pid": 7,
        "version": "9.9",
        "started": 0,
        "socket": "/s",
        "history": "/h",
        "history_bytes": 2_000_000,
        "health": "the disk\x1b[2J is full",
        "counts": {"running": 2, "failed": 0},
        "clients": 1,
    }
    said, _ = ask(tmp_path, {"status": state}, "engine", "status")
    assert "pid 7, version 9.9" in said
    assert "health    the disk is full" in said
    assert "runs      2 running\n" in said
    assert "/h (2.0 MB)" in said


def test_no_engine(tmp_path: Path) -> None:
    done = workbench(tmp_path, "engine", "status")
    assert (done.returncode, done.stdout) == (3, "no engine is running; the next command starts it\n")
    assert json.loads(workbench(tmp_path, "engine", "status", "--json").stdout) == {"pid": None}
    assert workbench(tmp_path, "engine", "stop").stdout == "no engine was running\n"
    assert workbench(tmp_path, "engine", "logs").returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_the_engines_log(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "engine.log").write_bytes(b"one\ntwo\x1b[2J\xff\n")
    assert workbench(tmp_path, "engine", "logs").stdout == "one\ntwo�\n"
    said = workbench(tmp_path, "engine", "logs", "--json").stdout
    assert [json.loads(line) for line in said.splitlines()] == ["one", "two\x1b[2J�"]
