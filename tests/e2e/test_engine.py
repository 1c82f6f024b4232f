"""The engine as a process: one of it, outliving everyone, missed by nobody."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bench import WORKBENCH, Bench, until
from workbench.engine.crash import POINTS

ELSEWHERE = {"before-stop", "amid-artifact", "before-record"}
"""Points that only a cancel or an artifact comes by: they have tests of their own."""
COUNT = "import sys, time; [(print(i, flush=True), time.sleep(0.05)) for i in range(int(sys.argv[1]))]"


def test_twenty_clients_at_once_start_one_engine(bench: Bench) -> None:
    clients = [
        subprocess.Popen(
            [*WORKBENCH, "engine", "status", "--json"],
            env=bench.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        if index % 2
        else subprocess.Popen(
            [*WORKBENCH, "run", "--json", "--", "true"],
            env=bench.environment,
            cwd=bench.project,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for index in range(20)
    ]
    for client in clients:
        _, errors = client.communicate(timeout=60)
        assert client.returncode in (0, 3), errors  # 3: status, before any engine was there
    until(lambda: len(bench.alive("workbench.engine")) == 1, "the losers to leave")
    assert bench.log().count("listening on") == 1


def test_a_second_engine_on_the_same_history_is_refused(bench: Bench) -> None:
    bench("run", "--", "true")
    second = subprocess.run(
        [*WORKBENCH[:2], "workbench.engine"], env=bench.environment, capture_output=True, text=True, check=False
    )
    assert second.returncode == 3
    other = bench.environment | {"WORKBENCH_HOME": str(bench.home) + "2"}
    config = Path(other["WORKBENCH_HOME"]) / "config"
    config.mkdir(parents=True)
    (config / "config.toml").write_text(f'[engine]\nhistory = "{bench.home}/data"\n')
    third = subprocess.run([*WORKBENCH[:2], "workbench.engine"], env=other, capture_output=True, text=True, check=False)
    assert third.returncode == 1
    assert str(bench.engine_pid()) in third.stderr


def test_stop_leaves_the_runs_alone_and_the_next_engine_takes_them_up(bench: Bench) -> None:
    run = bench.submit(["python3", "-c", COUNT, "40"])
    until(lambda: bench.status(run["id"]) == "running")
    before = bench.engine_pid()
    bench("engine", "stop")
    until(lambda: not bench.alive("workbench.engine"))
    assert bench.alive("range(int(sys.argv[1]))"), "it runs on without an engine"
    assert bench.wait(run["id"]) == 0
    assert bench.engine_pid() != before
    assert bench("logs", run["id"]).split() == [str(number) for number in range(40)]


def test_after_kill_9_the_next_engine_adopts_what_runs(bench: Bench) -> None:
    run = bench.submit(["python3", "-c", COUNT, "40"])
    until(lambda: bench.status(run["id"]) == "running")
    bench.kill_engine()
    assert bench.wait(run["id"]) == 0
    assert bench.show(run["id"])["attempts"] == 1
    assert bench("logs", run["id"]).split() == [str(number) for number in range(40)]


def test_metrics_without_steps_count_on_across_engines(bench: Bench) -> None:
    script = 'until [ -e go ]; do echo "{\\"loss\\": 1}" >> "$WORKBENCH_METRICS"; sleep 0.02; done'
    run = bench.submit(["sh", "-c", script])
    until(lambda: bench.show(run["id"])["metrics"].get("loss", {}).get("count", 0) > 5)
    bench.kill_engine()
    more = bench.show(run["id"])["metrics"]["loss"]["count"] + 5
    until(lambda: bench.show(run["id"])["metrics"]["loss"]["count"] > more)
    next((bench.home / "state" / "machine" / "attempts").glob(f"{run['id']}.1/work")).joinpath("go").touch()
    assert bench.wait(run["id"]) == 0
    loss = bench.show(run["id"])["metrics"]["loss"]
    assert loss["step"] == loss["count"] - 1, "no step came twice"


def test_what_ended_while_no_engine_was_there_is_known_afterwards(bench: Bench) -> None:
    run = bench.submit(["python3", "-c", COUNT + "; sys.exit(7)", "10"])
    until(lambda: bench.status(run["id"]) == "running")
    bench.kill_engine()
    until(lambda: not bench.alive("range(int(sys.argv[1]))"))
    assert bench.wait(run["id"]) == 7
    assert len(bench("logs", run["id"]).split()) == 10


@pytest.mark.parametrize("point", [point for point in POINTS if point not in ELSEWHERE])
def test_killed_at_any_point_nothing_is_lost_and_nothing_runs_twice(bench: Bench, point: str) -> None:
    """A metric line and a file of marks tell how often each command really ran."""
    marks = bench.home.parent / "marks"
    script = 'echo "$1" >> "$2"; echo "out $1"; echo "{\\"mark\\": $1}" >> "$WORKBENCH_METRICS"'  # sh, $1 mark, $2 file
    died = bench.run(
        "sweep", "--set", "i=range(3)", "--", "sh", "-c", script, "sh", "{i}", str(marks),
        WORKBENCH_ENGINE_CRASH=f"{point}:2" if "commit" in point else point,
    )  # fmt: skip
    if died.returncode:  # it died before the submit was acknowledged: nobody was promised anything
        assert point in ("before-commit", "after-commit")
        bench("sweep", "--set", "i=range(3)", "--", "sh", "-c", script, "sh", "{i}", str(marks))
    rows = until(lambda: _all_over(bench))
    until(lambda: bench.run("engine", "start").returncode == 0 and bench.log().count("listening on") > 1, "the crash")
    assert len(rows) in ((3, 6) if died.returncode else (3,)), "all of a submit or nothing"
    assert [row["status"] for row in rows] == ["finished"] * len(rows)
    assert sorted(marks.read_text().split()) == sorted(str(row["params"]["i"]) for row in rows)
    for row in rows:
        shown = bench.show(row["id"])
        assert shown["metrics"]["mark"]["count"] == 1
        assert bench("logs", row["id"]) == f"out {row['params']['i']}\n"
    assert "Traceback" not in bench.log()


def test_a_cancel_that_the_engine_died_over_is_delivered_by_the_next(bench: Bench) -> None:
    run = bench.submit(["sleep", "600"], WORKBENCH_ENGINE_CRASH="before-stop")
    until(lambda: bench.status(run["id"]) == "running")
    bench.run("cancel", run["id"])
    assert bench.wait(run["id"]) == 130
    assert not bench.alive("sleep")
    assert bench.log().count("listening on") == 2


def _all_over(bench: Bench) -> list[dict[str, Any]]:
    listed = bench.run("runs", "--json")
    if listed.returncode == 69:  # the engine died before it answered
        return []
    runs = list(json.loads(listed.stdout))
    return runs if runs and all(run["ended"] for run in runs) else []


def test_terminal_gone_nothing_changes(bench: Bench) -> None:
    """The shell that started everything is killed with its whole session."""
    with subprocess.Popen(
        ["sh", "-c", f"{' '.join(WORKBENCH)} run --json -- sleep 30; sleep 60"],
        env=bench.environment,
        cwd=bench.project,
        stdout=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as shell:
        assert shell.stdout is not None
        shell.stdout.readline()
        os.killpg(shell.pid, signal.SIGHUP)
        os.killpg(shell.pid, signal.SIGKILL)
    until(lambda: bench.status("1") == "running")
    bench("cancel", "1")
    assert bench.wait("1") == 130


def test_files_and_directories_are_ours_alone(bench: Bench) -> None:
    bench("run", "--wait", "--", "sh", "-c", "echo hello")
    open_to_others = [
        path
        for path in bench.home.rglob("*")
        if not path.is_symlink() and path.lstat().st_mode & 0o077 and not _inside_private(path, bench.home)
    ]
    assert open_to_others == []
    assert bench.home.lstat().st_mode & 0o077 == 0 or all(
        child.lstat().st_mode & 0o077 == 0 for child in bench.home.iterdir()
    )


def _inside_private(path: Path, home: Path) -> bool:
    """Below a directory that nobody else can enter."""
    return any(parent.lstat().st_mode & 0o077 == 0 for parent in path.parents if parent.is_relative_to(home))
