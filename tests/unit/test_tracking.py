"""What a script imports, as a run has it: one file, copied alone, in a process of its own."""

from __future__ import annotations

import ast
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import workbench

SOURCE = Path(workbench.__file__)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


class Run:
    """A directory as an attempt has it, and scripts that run there."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.metrics = directory / "metrics.jsonl"
        self.artifacts = directory / "artifacts"
        package = directory / "tracking" / "workbench"
        package.mkdir(parents=True)
        shutil.copy(SOURCE, package / "__init__.py")
        params = directory / "params.json"
        params.write_text('{"lr": 0.1, "name": "x"}')
        self.inside = {
            "WORKBENCH_METRICS": str(self.metrics),
            "WORKBENCH_PARAMS": str(params),
            "WORKBENCH_ARTIFACTS": str(self.artifacts),
            "WORKBENCH_RUN": "abcd1234",
        }

    def script(self, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
        outside = {key: value for key, value in os.environ.items() if not key.startswith("WORKBENCH_")}
        return subprocess.run(
            [sys.executable, "-c", "import workbench as wb\n" + text],
            env=outside | {"PYTHONPATH": str(self.directory / "tracking")} | (variables or self.inside),
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def good(self, text: str) -> str:
        done = self.script(text)
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout

    def records(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.metrics.read_text().splitlines()]


def test_a_call_is_a_line(run: Run) -> None:
    run.good('wb.log({"loss": 0.5, "train/acc": 1}, step=3)\nwb.log({"loss": 0.25})')
    first, second = run.records()
    assert 1e9 < first.pop("time") <= second.pop("time")
    assert first == {"step": 3, "loss": 0.5, "train/acc": 1}
    assert second == {"step": 4, "loss": 0.25}


def test_steps_begin_at_zero(run: Run) -> None:
    run.good('for i in range(3): wb.log({"a": i})\nwb.log({})\nwb.log({"a": 9})')
    assert [record["step"] for record in run.records()] == [0, 1, 2, 4]


def test_numbers_of_any_make(run: Run) -> None:
    run.good("""
import decimal, fractions
class Half(float): pass
class Scalar:
    def item(self): return 2.5
wb.log({"nan": float("nan"), "up": float("inf"), "down": float("-inf"), "true": True, "half": Half(0.5),
        "scalar": Scalar(), "decimal": decimal.Decimal("0.1"), "third": fractions.Fraction(1, 4),
        "train": {"loss": 1.5}, 7: 1.0, "100%": 3})
wb.log({"huge": 10 ** 300, "small": 1e-320})
""")
    first, second = run.records()
    assert first.pop("nan") != first["up"] == float("inf") == -first.pop("down")
    assert (second["huge"], second["small"]) == (1e300, 1e-320)
    rest = {key: value for key, value in first.items() if key not in ("time", "step", "up")}
    assert rest == {
        "true": 1,
        "half": 0.5,
        "scalar": 2.5,
        "decimal": 0.1,
        "third": 0.25,
        "train/loss": 1.5,
        "7": 1,
        "100%": 3,
    }


def test_what_is_no_number_is_said_once_and_the_rest_is_kept(run: Run) -> None:
    done = run.script("""
class Broken:
    def item(self): raise RuntimeError("on another device")
for i in range(3): wb.log({"loss": i, "phase": "train", "none": None, "broken": Broken(), "complex": 1j})
wb.log([1, 2])
wb.log({"a": 1}, step="three")
wb.log({"loss": 4})
""")
    assert done.returncode == 0
    assert [record.get("loss") for record in run.records()] == [0, 1, 2, 4]
    said = done.stderr.splitlines()
    assert [line.split(" is not a number")[0] for line in said[:4]] == [
        f"workbench: '{key}'" for key in ("phase", "none", "broken", "complex")
    ]
    assert len(said) == 6
    assert said[4] == 'workbench: log() takes names and numbers, such as {"loss": 0.3}, and got list'


def test_any_name_may_be_a_metric(run: Run) -> None:
    run.good(r"""wb.log({"step": 1, "time": 2, "@config": 3, 'quo"te\n\x1b': 4})""")
    (record,) = run.records()
    assert record["@metrics"] == {"step": 1, "time": 2, "@config": 3, 'quo"te\n\x1b': 4}
    assert record["step"] == 0


def test_warnings_have_an_end(run: Run) -> None:
    done = run.script('for i in range(1000): wb.log({"k%d" % i: "text", "a": i})')
    assert len(done.stderr.splitlines()) == 20
    assert len(run.records()) == 1000


def test_nothing_that_returned_is_lost_to_a_kill(run: Run) -> None:
    done = run.script('import os\nfor i in range(1000): wb.log({"a": i})\nos.kill(os.getpid(), 9)')
    assert done.returncode == -signal.SIGKILL
    assert [record["a"] for record in run.records()] == list(range(1000))


def test_threads_and_forks_append_whole_lines(run: Run) -> None:
    run.good("""
import os, threading, warnings
warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads is what this is about
wb.log({"begin": 1})
def work(name):
    for i in range(500): wb.log({name: i, "pad": 0.1234567890123})
threads = [threading.Thread(target=work, args=("t%d" % n,)) for n in range(4)]
for thread in threads: thread.start()
children = []
for n in range(3):
    pid = os.fork()
    if pid == 0:
        work("p%d" % n)
        os._exit(0)
    children.append(pid)
for pid in children: os.waitpid(pid, 0)
for thread in threads: thread.join()
""")
    records = run.records()
    for name in ("t0", "t1", "t2", "t3", "p0", "p1", "p2"):
        assert [record[name] for record in records if name in record] == list(range(500))
    parent = [record["step"] for record in records if not {"p0", "p1", "p2"} & record.keys()]
    assert sorted(parent) == list(range(2001))


def test_a_script_may_close_what_it_did_not_open(run: Run) -> None:
    run.good('import os\nwb.log({"a": 1})\nos.closerange(3, 50)\nwb.log({"a": 2})')
    assert [record["a"] for record in run.records()] == [1, 2]


def test_a_line_of_another_program_that_has_no_end_does_not_spoil_the_first(run: Run) -> None:
    run.metrics.write_text('{"step": 0, "a": 1}')
    run.good('for i in range(2): wb.log({"b": i})')
    assert [sorted(record)[0] for record in run.records()] == ["a", "b", "b"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_does_not_end_the_training(run: Run) -> None:
    full = run.inside | {"WORKBENCH_METRICS": "/dev/full"}
    done = run.script('for i in range(3): wb.log({"a": i})\nprint("trained")', **full)
    assert (done.returncode, done.stdout) == (0, "trained\n")
    assert done.stderr == "workbench: metrics can't be written: [Errno 28] No space left on device\n"


def test_a_line_that_was_cut_off_does_not_spoil_the_next(run: Run) -> None:
    limit = "import resource\nresource.setrlimit(resource.RLIMIT_FSIZE, (%s, resource.RLIM_INFINITY))\n"
    done = run.script(
        'wb.log({"a": 0})\n' + limit % 70 + 'wb.log({"a": 1})\n' + limit % "resource.RLIM_INFINITY" + 'wb.log({"a": 2})'
    )
    assert "a line of metrics was cut off" in done.stderr
    lines = run.metrics.read_text().splitlines()
    assert len(lines) == 3
    assert [json.loads(line)["a"] for line in (lines[0], lines[2])] == [0, 2]


def test_config_is_the_params(run: Run) -> None:
    out = run.good("""
print(wb.config.lr, wb.config["name"], wb.config.get("seed", 3), dict(wb.config), len(wb.config), "lr" in wb.config)
wb.config.update({"layers": [64, 32]}, seed=1)
print(wb.config.seed, wb.config, wb.run_id, hasattr(wb.config, "absent"))
""")
    assert out.splitlines() == [
        "0.1 x 3 {'lr': 0.1, 'name': 'x'} 2 True",
        "1 config({'lr': 0.1, 'name': 'x', 'layers': [64, 32], 'seed': 1}) abcd1234 False",
    ]
    (record,) = run.records()
    assert record["@config"] == {"layers": [64, 32], "seed": 1}


def test_settings_that_json_can_not_say_are_said_in_words(run: Run) -> None:
    run.good("""
import pathlib
class Scalar:
    def item(self): return 2
wb.config.update(path=pathlib.Path("/data"), scalar=Scalar(), where=(1, 2))
""")
    assert run.records()[0]["@config"] == {"path": "/data", "scalar": 2, "where": [1, 2]}


def test_outside_a_run_it_writes_beside_the_script_and_says_so(run: Run) -> None:
    done = run.script(
        'wb.log({"a": 1})\nwb.log({"a": 2})\nprint(dict(wb.config), wb.run_id)\nprint(wb.artifact("params.json"))',
        HOME=str(run.directory),
    )
    there = run.directory / "workbench-metrics.jsonl"
    assert done.stderr == f"workbench: not in a run: metrics go to {there}\n"
    assert done.stdout.splitlines() == ["{} None", str(run.directory / "workbench-artifacts" / "params.json")]
    assert len(there.read_text().splitlines()) == 3


def test_an_artifact_is_a_copy_and_a_record(run: Run) -> None:
    out = run.good("""
open("model.bin", "wb").write(b"x" * 3_000_000)
print(wb.artifact("model.bin"))
open("model.bin", "wb").write(b"better")
print(wb.artifact("model.bin", name="models/best.bin"))
""")
    first, second = run.artifacts / "model.bin", run.artifacts / "models" / "best.bin"
    assert out.splitlines() == [str(first), str(second)]
    assert (first.read_bytes(), second.read_bytes()) == (b"x" * 3_000_000, b"better")
    assert [record["@artifact"] for record in run.records()] == [
        {"name": name, "path": str(path), "size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
        for name, path, data in (
            ("model.bin", first, b"x" * 3_000_000),
            ("models/best.bin", second, b"better"),
        )
    ]
    assert second.stat().st_mode & 0o077 == second.parent.stat().st_mode & 0o077 == 0


def test_a_directory_is_its_files(run: Run) -> None:
    (run.directory / "out" / "deep").mkdir(parents=True)
    (run.directory / "out" / "a.txt").write_text("a")
    (run.directory / "out" / "deep" / "b.txt").write_text("b")
    (run.directory / "out" / "link").symlink_to("a.txt")
    os.mkfifo(run.directory / "out" / "pipe")
    run.good('wb.artifact("out")')
    assert [record["@artifact"]["name"] for record in run.records()] == ["out/a.txt", "out/link", "out/deep/b.txt"]
    assert (run.artifacts / "out" / "deep" / "b.txt").read_text() == "b"


def test_what_is_kept_is_not_kept_again(run: Run) -> None:
    run.good('open("a", "w").close()\nwb.artifact("a")\nwb.artifact(".", name="all")\nwb.artifact(".", name="all")')
    assert not [record for record in run.records() if "artifacts" in record.get("@artifact", {}).get("name", "")]


@pytest.mark.parametrize("name", ["", "..", "../up", "/abs", "a//b", "a/../../b", "a\nb", "a\x1b[2J", "x" * 2000])
def test_a_name_does_not_leave_the_directory(run: Run, name: str) -> None:
    done = run.script(f'wb.artifact("params.json", name={name!r})')
    assert "ValueError" in done.stderr and "can't be the name of an artifact" in done.stderr
    assert not run.artifacts.exists() and not run.metrics.exists()


def test_an_artifact_that_is_not_there_is_an_error(run: Run) -> None:
    assert "FileNotFoundError" in run.script('wb.artifact("absent.bin")').stderr


def test_an_artifact_is_there_as_a_whole_or_not_at_all(run: Run) -> None:
    done = run.script("""
import resource
open("big", "wb").write(b"x" * 100_000)
wb.artifact("params.json", name="model")
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
wb.artifact("big", name="model")
""")
    assert "File too large" in done.stderr
    assert [path.name for path in run.artifacts.iterdir()] == ["model"]
    assert (run.artifacts / "model").read_text() == (run.directory / "params.json").read_text()
    assert len(run.records()) == 1


def test_the_installed_workbench_is_found_behind_the_copy(run: Run) -> None:
    paths = os.pathsep.join([str(run.directory / "tracking"), str(SOURCE.parent.parent)])
    done = run.script(
        "import workbench.errors\nprint(wb.__file__, workbench.errors.__file__)", PYTHONPATH=paths, HOME="/"
    )
    assert done.stdout.split() == [
        str(run.directory / "tracking" / "workbench" / "__init__.py"),
        str(SOURCE.parent / "errors.py"),
    ]


def test_it_speaks_python_3_8_and_imports_next_to_nothing(run: Run) -> None:
    ast.parse(SOURCE.read_text(), feature_version=(3, 8))
    loaded = run.good("import sys\nprint(sorted(sys.modules))")
    assert not {"json", "typing", "threading", "collections", "hashlib", "re"} & set(ast.literal_eval(loaded))
