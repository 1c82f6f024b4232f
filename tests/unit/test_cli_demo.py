"""`demo` as text: what it submits, how it goes on and how it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from tests.unit.cli_server import RUN, ended, serving, workbench

NAMES = ["a-1", "b-2", "c-3"]


class Sweep:
    """Three runs, of which one more is over at each look."""

    def __init__(self, *codes: int) -> None:
        self.codes = codes
        self.over = 0

    def submit(self, params: dict[str, Any]) -> dict[str, Any]:
        self.submission = params
        return {"count": 3, "ids": NAMES, "names": NAMES, "runs": [], "warnings": []}

    def runs(self, params: dict[str, Any]) -> dict[str, Any]:
        rows: list[dict[str, Any]] = []
        for number, (name, code) in enumerate(zip(NAMES, self.codes, strict=True)):
            fresh = {"id": name, "name": name, "params": {"lr": 0.1, "seed": number}}
            if number < self.over:
                metrics = {"accuracy": 0.9 + number / 100} if code == 0 else {}
                rows.append({"run": ended(code, **fresh), "metrics": metrics})
            else:
                rows.append({"run": {**RUN, **fresh}, "metrics": {}})
        self.over += 1
        return {"total": 3, "counts": {}, "rows": rows[::-1]}

    def wait(self, params: dict[str, Any]) -> dict[str, Any]:
        return {"run": RUN}


def demo(home: Path, sweep: Sweep, *argv: str, code: int = 0) -> str:
    with serving(home, submit=sweep.submit, runs=sweep.runs, wait=sweep.wait):
        done = workbench(home, "demo", *argv)
    assert done.returncode == code, done.stderr
    return done.stdout


def test_it_ends_with_the_best_run_and_how_to_have_it_again(tmp_path: Path) -> None:
    sweep = Sweep(0, 0, 0)
    lines = demo(tmp_path, sweep).splitlines()
    assert [line for line in lines if "finished" in line] == [
        "a-1  finished  after 1m 02s  lr 0.1  seed 0  accuracy 0.9000",
        "b-2  finished  after 1m 02s  lr 0.1  seed 1  accuracy 0.9100",
        "c-3  finished  after 1m 02s  lr 0.1  seed 2  accuracy 0.9200",
    ]
    assert lines[-3:] == [
        "best of 3: c-3  accuracy 0.9200",
        "  lr 0.1  seed 2",
        "reproduce it: workbench rerun c-3",
    ]
    grid = sweep.submission["grid"]
    assert len(grid["lr"]) * len(grid["width"]) * len(grid["seed"]) == 12


def test_it_works_on_a_copy_that_is_the_users_own(tmp_path: Path) -> None:
    sweep = Sweep(0, 0, 0)
    demo(tmp_path, sweep)
    directory = Path(sweep.submission["directory"])
    assert directory == tmp_path / "data" / "demo" / "digits"
    assert {"train.py", "workbench.toml", "requirements.txt"} <= set(os.listdir(directory))
    assert os.stat(tmp_path / "data").st_mode & 0o777 == 0o700


def test_a_run_that_fails_is_the_demos_failure(tmp_path: Path) -> None:
    said = demo(tmp_path, Sweep(0, 3, 0), code=3)
    assert "b-2  failed  exit 3" in said
    assert "best of 2: c-3" in said


def test_as_json(tmp_path: Path) -> None:
    found = json.loads(demo(tmp_path, Sweep(0, 0, 0), "--json"))
    assert found["best"]["run"]["name"] == "c-3"
    assert found["reproduce"] == "workbench rerun c-3"
    assert len(found["runs"]) == 3
