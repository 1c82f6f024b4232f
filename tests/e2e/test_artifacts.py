"""What real runs leave, from their directories to a directory of yours."""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.bench import Bench, until

LARGE = 20_000_000

SCRIPT = f"""
import hashlib, os
import workbench as wb

os.makedirs("plots/deep")
open("plots/1.png", "w").write("one")
open("plots/deep/2.png", "w").write("two")
open("plots/notes.txt", "w").write("no plot")
open("data.csv", "w").write("changed")
os.symlink("/etc/passwd", "plots/passwd.png")
open("model.bin", "wb").write(hashlib.shake_128(b"weights").digest({LARGE}))
open("best", "w").write("first")
wb.artifact("best", name="models/best.txt")
open("best", "w").write("second")
wb.artifact("best", name="models/last.txt")
open(os.path.join(os.environ["WORKBENCH_ARTIFACTS"], "by-hand.txt"), "w").write("hand")
"""

FILES = {
    "by-hand.txt": b"hand",
    "data.csv": b"changed",
    "model.bin": hashlib.shake_128(b"weights").digest(LARGE),
    "models/best.txt": b"first",
    "models/last.txt": b"second",
    "plots/1.png": b"one",
    "plots/deep/2.png": b"two",
}


def prepare(bench: Bench) -> list[str]:
    """A project whose runs leave FILES; the command."""
    (bench.project / "workbench.toml").write_text('[run]\noutputs = ["plots/**/*.png", "*.bin", "*.csv"]\n')
    (bench.project / "data.csv").write_text("as it was")
    (bench.project / "same.csv").write_text("as it was")
    (bench.project / "train.py").write_text(SCRIPT)
    return [sys.executable, "train.py"]


def pulled(place: Path) -> dict[str, bytes]:
    return {str(path.relative_to(place)): path.read_bytes() for path in place.rglob("[!.]*") if path.is_file()}


def settled(bench: Bench, run: str) -> dict[str, Any]:
    """What `show` says once nothing is on its way any more."""

    def look() -> dict[str, Any] | None:
        asked = bench.run("show", run, "--json")
        if asked.returncode == 69:  # the engine died before it answered
            return None
        shown: dict[str, Any] = json.loads(asked.stdout)
        return shown if shown["collecting"] is None and all(one["stored"] for one in shown["artifacts"]) else None

    return until(look, "the artifacts to be in store") or {}


def test_outputs_and_artifacts_come_home_and_can_be_pulled(bench: Bench) -> None:
    run = bench.submit(prepare(bench))
    assert run["outputs"] == ["plots/**/*.png", "*.bin", "*.csv"]
    assert bench.wait(run["id"]) == 0, bench("logs", run["id"])
    told = bench("pull", run["id"])  # waits for what is on its way
    assert pulled(bench.project / run["name"]) == FILES
    assert sorted(told.splitlines()) == [f"{run['name']}/{name}" for name in FILES]
    shown = settled(bench, run["id"])
    assert {one["name"]: one["sha256"] for one in shown["artifacts"]} == {
        name: hashlib.sha256(data).hexdigest() for name, data in FILES.items()
    }
    assert shown["warnings"] == ["not kept: 'plots/passwd.png': a link"]
    assert bench("open", run["id"], "models/best.txt") == "first"
    same = bench.submit(["true"])["code"]["snapshot"] == run["code"]["snapshot"]
    assert same, "what was pulled is no code"
    bench("pull", run["id"], "plots", "--to", "figures")
    assert pulled(bench.project / "figures") == {name: data for name, data in FILES.items() if "plots" in name}
    refused = bench.run("pull", run["id"], "plots", "--to", "figures")
    assert refused.returncode == 2 and "--force" in refused.stderr
    rows = bench.json("sql", f"select artifact from artifacts where run = '{run['id']}' order by all")["rows"]
    assert [name for (name,) in rows] == sorted(FILES), "each on record once"


def test_a_failed_and_a_cancelled_run_keep_what_they_have_left(bench: Bench) -> None:
    (bench.project / "workbench.toml").write_text('[run]\noutputs = ["half.txt"]\n')
    failed = bench.submit(["sh", "-c", "echo half > half.txt; exit 3"])
    cancelled = bench.submit(["sh", "-c", "echo other > half.txt; sleep 1000"])
    place = bench.home / "state" / "machine" / "attempts"
    until(lambda: (place / f"{cancelled['id']}.1" / "work" / "half.txt").exists())
    bench("cancel", cancelled["id"])
    bench.wait(cancelled["id"])
    assert bench.wait(failed["id"]) == 3
    for run, text in ((failed, b"half\n"), (cancelled, b"other\n")):
        bench("pull", run["id"])
        assert pulled(bench.project / run["name"]) == {"half.txt": text}


def test_while_it_runs_only_what_it_said_is_known(bench: Bench) -> None:
    line = '{"@artifact": {"name": "m.pt", "path": "/x/m.pt", "size": 2, "sha256": "' + "a" * 64 + '"}}'
    script = 'echo "$1" >> "$WORKBENCH_METRICS"; until [ -e go ]; do sleep 0.02; done'
    run = bench.submit(["sh", "-c", script, "sh", line])
    (said,) = until(lambda: bench.show(run["id"])["artifacts"], "the artifact to be told of")
    assert (said["name"], said["stored"]) == ("m.pt", False)
    refused = bench.run("pull", run["id"])
    assert refused.returncode == 2
    assert "not in store" in refused.stderr and "when it is over" in refused.stderr
    next((bench.home / "state" / "machine" / "attempts").glob(f"{run['id']}.1/work")).joinpath("go").touch()
    assert bench.wait(run["id"]) == 0
    lost = bench.run("pull", run["id"])
    assert lost.returncode == 2, "it was never there"


def test_a_run_that_left_nothing_says_so(bench: Bench) -> None:
    run = bench.submit(["true"])
    bench.wait(run["id"])
    refused = bench.run("pull", run["id"])
    assert refused.returncode == 2
    assert "has left nothing" in refused.stderr
    assert not (bench.project / run["name"]).exists()


def test_nothing_that_is_here_yet_is_not_called_nothing(bench: Bench) -> None:
    (bench.project / "workbench.toml").write_text('[run]\noutputs = ["out"]\n')
    run = bench.submit(["sleep", "600"])
    until(lambda: bench.status(run["id"]) == "running")
    refused = bench.run("pull", run["id"])
    assert refused.returncode == 2
    assert "has left nothing that is here yet" in refused.stderr and "when it is over" in refused.stderr
    bench("cancel", run["id"])
    assert bench.run("wait", run["id"]).returncode == 130
    assert "yet" not in bench.run("pull", run["id"]).stderr


@pytest.mark.parametrize("point", ["before-collect", "amid-artifact", "before-record", "before-forget"])
def test_killed_in_the_middle_the_next_engine_goes_on(bench: Bench, point: str) -> None:
    command = prepare(bench)
    run = bench.submit(command, WORKBENCH_ENGINE_CRASH=point)
    until(lambda: bench.run("wait", run["id"]).returncode == 0, "the run to be over, whichever engine says so")
    shown = settled(bench, run["id"])
    assert {one["name"] for one in shown["artifacts"]} == set(FILES)
    bench("pull", run["id"])
    assert pulled(bench.project / run["name"]) == FILES
    rows = bench.json("sql", f"select count(*), count(distinct artifact) from artifacts where run = '{run['id']}'")
    assert rows["rows"] == [[len(FILES), len(FILES)]]
    assert [path.name for path in (bench.home / "data" / "blobs").glob(".part-*")] == []
    attempt = bench.home / "state" / "machine" / "attempts" / f"{run['id']}.1"
    until(lambda: not (attempt / "lock").exists(), "the machine to have been told to forget")
    assert bench.log().count("listening on") == 2, "it was killed there"
    assert "Traceback" not in bench.log()
