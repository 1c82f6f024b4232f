"""What differs between runs that were truly submitted: their numbers, their code, their packages."""

from __future__ import annotations

import os
import subprocess
import sys

from tests.e2e.bench import Bench

TRAIN = """
import workbench as wb

wb.config.update(optimiser="SGD", seed=wb.config["seed"])
for loss in {losses}:
    wb.log({{"loss": loss, "auc": 1 - loss, "epoch": 1}})
"""


def train(bench: Bench, losses: list[float], seed: int) -> str:
    (bench.project / "train.py").write_text(TRAIN.format(losses=losses))
    run: str = bench.submit([os.path.realpath(sys.executable), "train.py"], "--set", f"seed={seed}")["id"]
    return run


def test_the_best_is_what_the_project_or_the_name_says(bench: Bench) -> None:
    (bench.project / "workbench.toml").write_text('[project]\nmetric = { name = "auc", goal = "min" }\n')
    one, other = train(bench, [0.5, 0.25, 0.75], seed=1), train(bench, [0.5], seed=2)
    assert [bench.wait(run) for run in (one, other)] == [0, 0]
    seen = bench.json("compare", one, other)
    assert seen["metrics"] == {"loss": [0.75, 0.5], "auc": [0.25, 0.5], "epoch": [1, 1]}
    assert seen["best"] == {"loss": [0.25, 0.5], "auc": [0.25, 0.5], "epoch": [1, 1]}
    assert seen["goals"] == {
        "loss": {"goal": "min", "declared": False},
        "auc": {"goal": "min", "declared": True},
    }
    assert seen["config"] == {"optimiser": ["SGD", "SGD"], "seed": ["1", "2"]}
    said = [line.split() for line in bench("compare", one, other, "--best").splitlines()]
    assert ["loss", "↓", "0.2500", "0.5000"] in said
    assert [line.split() for line in bench("compare", one, other, "--config").splitlines()][1] == ["seed", "1", "2"]
    head = next(line.split() for line in bench().splitlines() if "status" in line.split())
    assert "auc" in head, "what opens without a terminal tells of it as well"


def test_git_applies_the_difference_of_two_runs_code(bench: Bench) -> None:
    project = bench.project
    (project / "train.py").write_text("lr = 0.1\n")
    (project / "old.py").write_text("gone\n")
    before = bench.submit(["true"], "--hold")["id"]
    (project / "train.py").write_text("lr = 0.2\n")
    (project / "old.py").unlink()
    (project / "new.py").write_text("made")
    after = bench.submit(["true"], "--hold")["id"]
    seen = bench.json("compare", before, after, "--code")
    assert [(file["path"], file["how"]) for file in seen["files"]] == [
        ("new.py", "added"),
        ("old.py", "removed"),
        ("train.py", "changed"),
    ]
    assert seen["count"] == seen["included"] == 3
    (project / "train.py").write_text("lr = 0.1\n")
    (project / "old.py").write_text("gone\n")
    (project / "new.py").unlink()
    subprocess.run(
        ["git", "apply", "-"], cwd=project, input=bench("compare", before, after, "--code"), text=True, check=True
    )
    assert sorted(path.name for path in project.iterdir()) == ["new.py", "train.py"]
    assert (project / "train.py").read_text() == "lr = 0.2\n"
    assert bench("compare", after, after, "--code") == ""


def test_packages_are_those_that_were_locked(bench: Bench) -> None:
    def submit(*requirements: str) -> str:
        (bench.project / "requirements.txt").write_text("\n".join(requirements))
        run: str = bench.submit(["true"], "--hold")["id"]
        return run

    before, after = submit("iniconfig==2.0.0", "attrs==25.3.0"), submit("iniconfig==2.1.0", "attrs==25.3.0", "pluggy")
    seen = bench.json("compare", before, after, "--env")
    iniconfig, pluggy = seen["packages"]
    assert iniconfig == {"name": "iniconfig", "base": "2.0.0", "run": "2.1.0"}
    assert (pluggy["name"], pluggy["base"], bool(pluggy["run"])) == ("pluggy", None, True)
    assert seen["same"] == 1
    assert seen["base"]["origin"] == seen["run"]["origin"] == "requirements.txt"
    said = [line.split() for line in bench("compare", before, after, "--env").splitlines()]
    assert said[:2] == [["package", before, after], ["iniconfig", "2.0.0", "2.1.0"]]


def test_what_can_not_be_compared_is_refused(bench: Bench) -> None:
    submitted = bench.submit(["true"], "--hold")
    run, name = submitted["id"], submitted["name"]
    assert "2 to 50 runs" in bench.run("compare", run).stderr
    assert f"these are all {name}" in bench.run("compare", run, name, "1").stderr
    other = bench.submit(["true"], "--hold")["id"]
    assert [one["id"] for one in bench.json("compare", run, other, name)["runs"]] == [run, other]
    for flag in ("--code", "--env"):
        assert "no run is called 'nobody'" in bench.run("compare", run, "nobody", flag).stderr
    assert bench.json("compare", run, run, "--env")["packages"] == []
