"""What a run logs, all the way into history."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bench import Bench, until
from workbench.client.calls import Engine

SCRIPT = """
import os
import workbench as wb

print("lr", wb.config.lr, wb.config["model"], wb.run_id == os.environ["WORKBENCH_RUN"])
wb.config.update(layers=[64, 32])
for step in range(2000):
    wb.log({"loss": 1 / (1 + step), "train/acc": step, "diverged": float("nan")}, step=step)
open("model.bin", "wb").write(b"weights")
print(wb.artifact("model.bin", name="models/best.bin"))
"""


def test_a_run_is_tracked_with_nothing_installed_in_it(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    (bench.project / "train.py").write_text(SCRIPT)
    run = bench.submit([_python(), "train.py"], "--set", "lr=0.1", "--set", "model=small")["id"]
    assert bench.wait(run) == 0, bench("logs", run)
    shown = bench.show(run)
    assert {key: metric["count"] for key, metric in shown["metrics"].items()} == {
        "loss": 2000,
        "train/acc": 2000,
        "diverged": 2000,
    }
    assert shown["metrics"]["loss"] == {"last": 1 / 2000, "min": 1 / 2000, "max": 1.0, "step": 1999, "count": 2000}
    assert shown["metrics"]["diverged"]["last"] == "NaN"
    (artifact,) = shown["artifacts"]
    assert (artifact["name"], artifact["sha256"]) == ("models/best.bin", hashlib.sha256(b"weights").hexdigest())
    assert Path(artifact["path"]).read_bytes() == b"weights"
    assert bench("logs", run).splitlines() == ["lr 0.1 small True", artifact["path"]]
    monkeypatch.setenv("WORKBENCH_HOME", str(bench.home))
    asked = {"runs": [run], "keys": ["loss", "diverged"], "points": 100, "bands": True}
    with Engine() as engine:
        loss, diverged = engine.call("series", asked)["series"]
        near = engine.call("series", {**asked, "keys": ["train/acc"], "first": 500, "last": 549})["series"]
        beyond = engine.call("series", {**asked, "first": 10**30})["series"]
    assert len(loss["values"]) == len(loss["lows"]) == len(loss["highs"]) == len(loss["times"]) == 100
    assert (loss["highs"][0], loss["lows"][-1]) == (1.0, 1 / 2000)
    assert set(diverged["values"]) == {"NaN"}
    assert [(one["steps"], "lows" in one) for one in near] == [(list(range(500, 550)), False)]
    assert beyond == []
    (row,) = _rows(bench, f"select value, source from params where run = '{run}' and key = 'layers'")
    assert (json.loads(row[0]), row[1]) == ([64, 32], "config")


def test_any_language_may_append_lines_and_bad_ones_are_shown(bench: Bench) -> None:
    script = r"""
echo '{"step": 1, "loss": 0.5}' >> "$WORKBENCH_METRICS"
echo 'no JSON at all' >> "$WORKBENCH_METRICS"
printf '{"step": 2, "loss": 0.25, "\\u001b[2J": 1}\n{"loss": "NaN"}' >> "$WORKBENCH_METRICS"
"""
    run = bench.submit(["sh", "-c", script])["id"]
    assert bench.wait(run) == 0
    shown = bench.show(run)
    assert shown["metrics"].keys() == {"loss"}
    assert shown["metrics"]["loss"]["count"] == 3
    assert shown["metrics"]["loss"]["step"] == 3
    assert shown["malformed"] == 2
    assert any("no JSON at all" in warning for warning in shown["warnings"])


def test_nothing_that_returned_is_lost_to_a_kill_of_run_or_engine(bench: Bench) -> None:
    (bench.project / "train.py").write_text(
        "import os, time, workbench as wb\n"
        "for i in range(500): wb.log({'a': i})\n"
        "open('half', 'w').close()\n"
        "while not os.path.exists('go'): time.sleep(0.01)\n"
        "for i in range(500): wb.log({'a': i})\n"
        "os.kill(os.getpid(), 9)\n"
    )
    run = bench.submit([_python(), "train.py"])["id"]
    half = until(lambda: list(bench.home.glob("**/half")), "the first half")[0]
    until(lambda: bench.show(run)["metrics"].get("a", {}).get("count") == 500, "the first half in history")
    bench.kill_engine()
    (half.parent / "go").touch()
    assert bench.wait(run) == 128 + signal.SIGKILL
    metric = bench.show(run)["metrics"]["a"]
    assert (metric["count"], metric["step"], metric["last"]) == (1000, 999, 499)


def _rows(bench: Bench, query: str) -> list[list[Any]]:
    rows: list[list[Any]] = bench.json("sql", query)["rows"]
    return rows


def _python() -> str:
    """The bare interpreter, in which the workbench is not installed."""
    return os.path.realpath(sys.executable)
