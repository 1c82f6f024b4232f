"""What goes wrong on a bad day, made to happen: a sentence, an exit code, and nothing half done."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uv

from tests.e2e.bench import Bench, until
from tests.parts import mounts


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 24 MB."""
    mounts()
    place = tmp_path / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=24m,mode=700", "none", str(place)], check=True)
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def settings(bench: Bench, text: str) -> None:
    config = bench.home / "config"
    config.mkdir(parents=True, exist_ok=True)
    (config / "config.toml").write_text(text)


def test_a_full_disk_refuses_submits_and_forgets_nothing(bench: Bench, small_disk: Path) -> None:
    settings(bench, f'[engine]\nhistory = "{small_disk}/history"\n')
    running = bench.submit(["sh", "-c", "until [ -e go ]; do sleep 0.05; done; echo done; exit 3"])
    until(lambda: bench.status(running["id"]) == "running")
    ballast = small_disk / "ballast"
    fill(ballast)
    refused = until(lambda: _refused(bench), "a submit to be refused")
    assert refused is not None and refused.returncode == 74
    assert "no space" in refused.stderr.lower() or "full" in refused.stderr.lower()
    assert "hint:" in refused.stderr
    work = next((bench.home / "state" / "machine" / "attempts").glob(f"{running['id']}.1/work"))
    (work / "go").touch()
    until(lambda: not bench.alive("until"), "the run to end while the disk is full")
    ballast.unlink()
    assert bench.wait(running["id"]) == 3, "what ended meanwhile is known once there is room"
    assert bench("logs", running["id"]) == "done\n"
    accepted = bench.submit(["true"])
    assert bench.wait(accepted["id"]) == 0


def fill(path: Path) -> None:
    """Until nothing more fits."""
    fd = os.open(path, os.O_WRONLY | os.O_CREAT)
    with contextlib.suppress(OSError):
        while os.write(fd, bytes(4096)):
            pass
    os.close(fd)


def _refused(bench: Bench) -> subprocess.CompletedProcess[str] | None:
    """Big submits, until the first that does not fit."""
    done = bench.run("sweep", "--set", "i=range(2000)", "--hold", "--", "true")
    return done if done.returncode else None


def test_a_machine_without_room_starts_the_run_when_there_is_some(bench: Bench, small_disk: Path) -> None:
    bench("run", "--wait", "--", "true")
    bench("engine", "stop")
    until(lambda: not bench.alive("workbench.engine"))
    machine = bench.home / "state" / "machine"
    shutil.rmtree(machine)
    machine.mkdir(mode=0o700)
    (small_disk / "machine").mkdir(mode=0o700)
    subprocess.run(["mount", "--bind", str(small_disk / "machine"), str(machine)], check=True)
    try:
        bench("run", "--wait", "--", "true")
        ballast = small_disk / "ballast"
        fill(ballast)
        run = bench.submit(["sh", "-c", "echo done"])
        until(lambda: "No space left" in bench.log(), "the machine to refuse")
        assert bench.status(run["id"]) in ("preparing", "queued"), "it is no failure of the run"
        ballast.unlink()
        assert bench.wait(run["id"]) == 0
        assert bench("logs", run["id"]) == "done\n"
    finally:
        bench.clean_up()
        subprocess.run(["umount", "--lazy", str(machine)], check=True)


def test_a_corrupt_history_is_set_aside_and_said_loudly(bench: Bench) -> None:
    bench("run", "--wait", "--", "true")
    bench("engine", "stop")
    until(lambda: not bench.alive("workbench.engine"))
    history = bench.home / "data" / "history.duckdb"
    damaged = b"not a database at all" * 1000
    history.write_bytes(damaged)
    bench("engine", "start")
    aside = [path for path in history.parent.iterdir() if "corrupt" in path.name]
    assert [path.read_bytes() for path in aside if path.stat().st_size == len(damaged)] == [damaged]
    run = bench.submit(["true"])
    assert bench.wait(run["id"]) == 0, "work goes on"
    health = bench.json("engine", "status")["health"]
    assert "damaged" in health and ".corrupt-" in health


def test_a_history_from_the_future_is_refused_and_left_alone(bench: Bench) -> None:
    bench("engine", "start")
    bench("engine", "stop")
    until(lambda: not bench.alive("workbench.engine"))
    history = bench.home / "data" / "history.duckdb"
    script = f"import duckdb; duckdb.connect({str(history)!r}).execute('INSERT INTO migration VALUES (999, 0)')"
    subprocess.run([sys.executable, "-c", script], check=True)
    before = history.read_bytes()
    refused = bench.run("run", "--", "true")
    assert refused.returncode == 69
    assert "newer" in refused.stderr
    assert history.read_bytes() == before


@pytest.mark.parametrize(
    ("toml", "line", "words"),
    [
        ("[run]\ncpu = 2\n", 2, "cpus"),
        ('[run]\ncpus = "two"\n', 2, "whole number"),
        ('[project]\nname = "x"\n\n[snapshots]\n', 4, "snapshot"),
        ("[run\n", 1, ""),
    ],
)
def test_a_wrong_workbench_toml_names_file_and_line(bench: Bench, toml: str, line: int, words: str) -> None:
    (bench.project / "workbench.toml").write_text(toml)
    refused = bench.run("run", "--", "true")
    assert refused.returncode == 2
    assert f"workbench.toml:{line}" in refused.stderr
    assert words in refused.stderr
    assert bench.json("runs") == []


@pytest.mark.parametrize(
    "words",
    [
        ["run", "--name", "a\x1b[31mb", "--", "true"],
        ["run", "--name", "a\nb", "--", "true"],
        ["run", "--", "python", "{lr}"],
        ["run", "--cpus", "0", "--", "true"],
        ["run", "--cpus", "100000", "--", "true"],
        ["run", "--gpus", "64", "--", "true"],
        ["run", "--memory", "much", "--", "true"],
        ["run", "--time-limit", "soon", "--", "true"],
        ["run", "--after", "nobody-knows-1", "--", "true"],
        ["run", "--set", "lr", "--", "true"],
        ["run", "--"],
        ["sweep", "--set", "x=range(1000)", "--set", "y=range(1000)", "--", "true"],
        ["runs", "loss <"],
        ["runs", "(a"],
        ["show", "nothing"],
    ],
    ids=" ".join,
)
def test_bad_input_is_a_sentence_with_exit_code_2_and_nothing_submitted(bench: Bench, words: list[str]) -> None:
    bench("engine", "start")
    refused = bench.run(*words)
    assert refused.returncode == 2, refused.stdout + refused.stderr
    assert refused.stderr.startswith("workbench")
    assert "Traceback" not in refused.stderr
    assert "\x1b" not in refused.stderr
    assert bench.json("runs") == []


def test_a_filter_that_does_not_parse_gets_a_caret_at_the_spot(bench: Bench) -> None:
    refused = bench.run("runs", "status:running AND (loss<0.3")
    lines = refused.stderr.splitlines()
    at = next(index for index, line in enumerate(lines) if line.strip() == "^")
    assert lines[at - 1].strip() == "status:running AND (loss<0.3"
    assert refused.returncode == 2


def test_a_command_that_can_t_be_started_ends_in_error_with_the_kernels_words(bench: Bench) -> None:
    script = bench.project / "train.sh"
    script.write_text("#!/no/such/interpreter\n")
    script.chmod(0o755)
    run = bench.submit(["./train.sh", "x"])
    assert bench.wait(run["id"]) == 125
    shown = bench.show(run["id"])
    assert shown["status"] == "error"
    assert "./train.sh" in json.dumps(shown["detail"])


def test_a_run_that_takes_more_memory_than_it_asked_for_is_stopped_and_says_so(bench: Bench) -> None:
    taking = "import signal; taken = b'x' * 120_000_000; print('grown', flush=True); signal.pause()"
    run = bench.submit([sys.executable, "-c", taking], "--memory", "60MB")["name"]
    assert bench.wait(run) == 137
    shown = bench.show(run)
    assert shown["status"] == "oom"
    reason = shown["detail"]["reason"]
    assert reason.startswith("used 12")
    assert reason.endswith("MB, asked for 60 MB")
    assert f"\n  {reason}\n" in bench("show", run)
    assert bench("logs", run).splitlines()[-1] == f"[... stopped: {reason} ...]"
    assert run in bench("runs", "is:oom")


def test_a_snapshot_over_the_cap_names_the_large_files(bench: Bench) -> None:
    (bench.project / "workbench.toml").write_text('[snapshot]\nmax-size = "1MB"\n')
    (bench.project / "weights.bin").write_bytes(bytes(2_000_000))
    refused = bench.run("run", "--", "true")
    assert refused.returncode == 2
    assert "weights.bin" in refused.stderr
    assert "exclude" in refused.stderr
    assert bench.json("runs") == []


def test_what_cannot_be_resolved_is_said_in_uvs_words(bench: Bench) -> None:
    (bench.project / "requirements.txt").write_text("six==1.17.0\nsix==1.16.0\n")
    refused = bench.run("run", "--", "python", "-c", "pass")
    assert refused.returncode == 2
    assert "six" in refused.stderr and "Traceback" not in refused.stderr
    assert bench.json("runs") == []


def test_what_cannot_be_built_ends_the_run_in_error_with_uvs_words(bench: Bench) -> None:
    """It resolves; only what is downloaded turns out not to be what was locked."""
    (bench.project / "pyproject.toml").write_text(
        '[project]\nname = "churn"\nversion = "1"\nrequires-python = ">=3.9"\ndependencies = ["iniconfig==2.0.0"]\n'
    )
    subprocess.run([uv.find_uv_bin(), "lock"], cwd=bench.project, check=True, capture_output=True)
    lock = bench.project / "uv.lock"
    lock.write_text(re.sub(r"sha256:[0-9a-f]{8}", "sha256:00000000", lock.read_text()))
    run = bench.submit(["python", "-c", "pass"])
    assert bench.wait(run["id"]) == 125
    shown = bench.show(run["id"])
    assert shown["status"] == "error"
    assert "iniconfig" in shown["detail"]["words"] and "ash" in shown["detail"]["words"]
    assert "Traceback (most recent call last):" not in bench.log()


def test_a_lock_that_was_damaged_on_disk_ends_the_run_in_error(bench: Bench) -> None:
    (bench.project / "requirements.txt").write_text("six==1.17.0\n")
    run = bench.submit(["python", "-c", "pass"], "--hold")
    lock = bench.show(run["id"])["environment"]["lock"]
    blob = next(
        path for path in (bench.home / "data" / "blobs").rglob("*") if path.is_file() and lock.endswith(path.name)
    )
    blob.chmod(0o600)
    blob.write_bytes(b"six==0.1\n")
    bench("release", run["id"])
    assert bench.wait(run["id"]) == 125
    assert bench.show(run["id"])["status"] == "error"


def test_a_command_that_is_not_there_is_refused(bench: Bench) -> None:
    refused = bench.run("run", "--", "no-such-command")
    assert refused.returncode == 2 and "there is no command no-such-command" in refused.stderr
    assert "no-such-command" not in bench("runs", "--json")


def test_what_is_wrong_in_config_toml_is_said_once(bench: Bench) -> None:
    settings(bench, "[engine]\nhistry = 1\n")
    refused = bench.run("runs")
    assert refused.returncode == 69
    assert refused.stderr.count("config.toml:2: there is no key 'histry' in [engine]") == 1
