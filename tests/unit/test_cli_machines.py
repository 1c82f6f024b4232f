"""`workbench machines`: what its verbs ask of the engine, and what they say."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli_server import RUN, on_terminal, serving, workbench
from workbench.errors import HostKeyUnknown, NotFound, Refused

MACHINE: dict[str, Any] = {
    "name": "gpu3",
    "status": "ok",
    "reason": "",
    "since": 1_700_000_000_000_000,
    "address": "ada@gpu3.lab",
    "rate": 1.2,
    "labels": ["a100", "zone=b"],
    "hostname": "gpu3.lab",
    "cpus": 16,
    "memory": 64_000_000_000,
    "devices": [
        {
            **{"uuid": "GPU-1", "index": 0, "label": "0", "name": "NVIDIA L4", "memory": 24_000_000_000},
            **{"state": "free", "strangers": []},
        }
    ],
    "cpus_held": 2,
    "memory_held": 0,
    "devices_held": {},
    "devices_used": {},
    "running": ["k3v9q2xd"],
    "warnings": [],
    "sample": None,
    "history": [],
}
PROBE = {
    "hostname": "gpu3.lab\x1b[2J",
    "user": "ada",
    "python": "3.11.4",
    "kernel": "6.1.0",
    "root": "/home/ada/.local/state/workbench/machine",
    "scheduler": "slurm",
    "round_trip": 12.4,
    "clock": 0.1,
    "fingerprint": "SHA256:abc",
}
SEEN = {"machine": MACHINE, "probe": PROBE, "warnings": ["its clock is 7 s ahead: start chrony"]}
FINGERPRINT = "SHA256:q1w2e3"


def stranger(params: dict[str, Any]) -> dict[str, Any]:
    """A machine whose key nobody has approved yet."""
    if FINGERPRINT in params["fingerprints"]:
        return SEEN
    raise HostKeyUnknown(
        "gpu3.lab is new here", host="gpu3.lab", port=22, type="ssh-ed25519", fingerprint=FINGERPRINT, key="k"
    )


def test_add_says_what_was_found_and_what_would_bite_later(tmp_path: Path) -> None:
    flags = ["--rate", "1.20", "--label", "a100", "--label", "zone=b", "--cpus", "16", "--memory", "64GB"]
    with serving(tmp_path, machines_add=lambda params: SEEN) as server:
        done = workbench(tmp_path, "machines", "add", "gpu3", "ada@gpu3.lab", *flags)
    assert server.params("machines_add") == [
        {
            "name": "gpu3",
            "address": "ada@gpu3.lab",
            "rate": 1.2,
            "labels": ["a100", "zone=b"],
            "cpus": 16,
            "memory": 64_000_000_000,
            "fingerprints": [],
        }
    ]
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [
        "gpu3  ok  16 cores, 64 GB",
        "  GPU 0  NVIDIA L4  24 GB",
        "  ada@gpu3.lab, Linux 6.1.0, Python 3.11.4",
        "  12 ms away; keeps its things in /home/ada/.local/state/workbench/machine",
        "  slurm is there: runs started here do not go through it",
        "  warning: its clock is 7 s ahead: start chrony",
    ]


def test_show_tells_who_is_on_a_gpu_besides_a_run_of_ours(tmp_path: Path) -> None:
    bob = {"pid": 4711, "user": "bo\x1b[31mb", "name": "python", "memory": 31_000_000_000, "ours": False}
    first = {**MACHINE["devices"][0], "state": "idle", "strangers": [bob]}
    second = {**MACHINE["devices"][0], "uuid": "GPU-2", "index": 1, "label": "1"}
    machine = {**MACHINE, "devices": [first, second], "devices_held": {"GPU-1": "k3v9q2xd"}}
    with serving(tmp_path, machines=lambda params: {"machines": [machine]}):
        done = workbench(tmp_path, "machines", "show", "gpu3")
    assert [line.strip() for line in done.stdout.splitlines() if "GPU" in line] == [
        "GPU 0 NVIDIA L4 24 GB  k3v9q2xd  idle  used by bob (python, 31 GB)",
        "GPU 1 NVIDIA L4 24 GB  free",
    ]


def course(avg: float, peak: float, p95: float) -> dict[str, Any]:
    whole = {"avg": avg, "peak": peak, "p95": p95}
    return {"at": [0], "avg": [avg], "peak": [peak], "p95": [p95], "whole": whole}


def test_show_tells_how_busy_it_was(tmp_path: Path) -> None:
    nothing: dict[str, Any] = {"at": [], "avg": [], "peak": [], "p95": [], "whole": None}
    parts = {
        "machine": {"use": course(0.41, 0.97, 0.88), "memory": course(16e9, 64e9, 32e9)},
        "gpus": {"use": course(0.3, 1.0, 0.9), "memory": nothing},
    }
    told = {"machine": "gpu3", "since": 0, "until": 10, "every": 10, "parts": parts}
    device = {"uuid": "GPU-1", "use": 0.34, "memory": None}
    sample = {"cpu": 0.34, "memory": 8e9, "devices": [device]}
    answers = {"machines": {"machines": [{**MACHINE, "sample": sample}]}, "samples": told}
    with serving(tmp_path, **{verb: lambda params, verb=verb: answers[verb] for verb in answers}) as server:
        done = workbench(tmp_path, "machines", "show", "gpu3", "--since", "24h")
        asked = server.params("samples")[0]
        as_json = json.loads(workbench(tmp_path, "machines", "show", "gpu3", "--since", "24h", "--json").stdout)
    assert (asked["machine"], asked["until"] - asked["since"]) == ("gpu3", 86_400_000_000)
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert "cpu now 34% peak 97% p95 88% avg 41%" in lines
    assert "memory now 12% peak 100% p95 50% avg 25%" in lines
    assert "GPU use now 34% peak 100% p95 90% avg 30%" in lines
    assert as_json["name"] == "gpu3" and as_json["samples"] == told


@pytest.mark.parametrize("verb", ["add", "check"])
def test_an_unknown_key_is_not_taken_without_a_word(tmp_path: Path, verb: str) -> None:
    with serving(tmp_path, **{f"machines_{verb}": stranger}):
        done = workbench(tmp_path, "machines", verb, "gpu3", "--json")
        assert done.returncode == 2
        error = json.loads(done.stderr)["error"]
        assert error["hint"].endswith(f"--fingerprint {FINGERPRINT}")
        assert error["evidence"]["fingerprint"] == FINGERPRINT
        done = workbench(tmp_path, "machines", verb, "gpu3", "--fingerprint", FINGERPRINT, "--json")
        assert done.returncode == 0 and json.loads(done.stdout) == SEEN


@pytest.mark.parametrize(("answer", "code", "asked"), [("y", 0, 2), ("n", 2, 1)])
def test_somebody_at_a_terminal_is_asked(tmp_path: Path, answer: str, code: int, asked: int) -> None:
    with serving(tmp_path, machines_add=stranger) as server:
        said = on_terminal(tmp_path, "machines", "add", "gpu3", typed=f"{answer}\n", code=code)
    assert FINGERPRINT in said and "ssh-ed25519" in said
    assert len(server.params("machines_add")) == asked


@pytest.mark.parametrize(
    ("verb", "said"), [("drain", "gpu3  draining  1 run there"), ("resume", "gpu3  draining  1 run there")]
)
def test_drain_and_resume(tmp_path: Path, verb: str, said: str) -> None:
    answer = {"machine": {**MACHINE, "status": "draining"}}
    with serving(tmp_path, **{f"machines_{verb}": lambda params: answer}) as server:
        done = workbench(tmp_path, "machines", verb, "gpu3")
    assert (done.stdout.strip(), server.params(f"machines_{verb}")) == (said, [{"name": "gpu3"}])


def test_show(tmp_path: Path) -> None:
    machine = {**MACHINE, "status": "unreachable", "reason": "no route to host\x1b[2J"}
    with serving(tmp_path, machines=lambda params: {"machines": [machine]}) as server:
        done = workbench(tmp_path, "machines", "show", "gpu3")
    assert server.params("machines") == [{"name": "gpu3"}]
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "gpu3 unreachable"
    for line in ("reason no route to host", "address ada@gpu3.lab", "cpus 2 of 16 held", "rate 1.20 an hour"):
        assert line in lines


def test_list_shows_rate_and_labels(tmp_path: Path) -> None:
    with serving(tmp_path, machines=lambda params: {"machines": [MACHINE]}):
        row = workbench(tmp_path, "machines").stdout.splitlines()[1].split()
    assert row[:3] == ["gpu3", "ok", "2/16"] and row[-3:] == ["1.20", "a100", "zone=b"]


def test_remove(tmp_path: Path) -> None:
    def refuse(params: dict[str, Any]) -> Any:
        raise Refused("gpu3 has runs that are not over: brave-sunset-12", hint="drain it")

    with serving(tmp_path, machines_remove=lambda params: {}):
        assert workbench(tmp_path, "machines", "remove", "gpu3").stdout.startswith("gpu3 is not ours any more")
    with serving(tmp_path / "2", machines_remove=refuse):
        done = workbench(tmp_path / "2", "machines", "remove", "gpu3")
        assert done.returncode == 2 and "brave-sunset-12" in done.stderr


SAYS = "import sys; print('said', sys.argv[1:]); print('and', file=sys.stderr); sys.exit(3)"


@pytest.mark.parametrize("argv", [["run", "here", "--json"], ["run", "--json", "here"], ["--json", "run", "here"]])
def test_run_puts_into_json_what_the_command_printed(tmp_path: Path, argv: list[str]) -> None:
    with serving(tmp_path, machines=lambda params: {"machines": [{**MACHINE, "address": ""}]}):
        done = workbench(tmp_path, "machines", *argv, "--", sys.executable, "-c", SAYS, "--json")
    assert (done.returncode, done.stderr) == (3, "")
    said = {"exit_code": 3, "stdout": "said ['--json']\n", "stderr": "and\n"}
    assert json.loads(done.stdout) == {"machine": "here", **said}


@pytest.mark.parametrize("dashes", [["--"], []])
def test_flags_behind_the_commands_first_word_are_its_own(tmp_path: Path, dashes: list[str]) -> None:
    with serving(tmp_path, machines=lambda params: {"machines": [{**MACHINE, "address": ""}]}):
        done = workbench(tmp_path, "machines", "run", "here", *dashes, sys.executable, "-c", SAYS, "--json", "--", "-x")
    assert (done.returncode, done.stdout, done.stderr) == (3, "said ['--json', '--', '-x']\n", "and\n")


@pytest.mark.parametrize(
    ("argv", "says"),
    [
        (["run", "gpu3", "--jsno", "--", "true"], "--jsno"),
        (["run", "gpu3", "--json"], "no command"),
        (["add"], "NAME"),
        (["add", "gpu3", "--rate", "cheap"], "--rate: 'cheap' is not a price"),
        (["add", "gpu3", "--rate", "nan"], "not a price"),
        (["add", "gpu3", "--memory", "much"], "--memory"),
        (["drain", "gpu3", "--rate", "1"], "--rate"),
        (["polish", "gpu3"], "polish"),
    ],
)
def test_words_that_make_no_sense(tmp_path: Path, argv: list[str], says: str) -> None:
    done = workbench(tmp_path, "machines", *argv)
    assert done.returncode == 2 and says in done.stderr, done.stderr


def test_a_machine_that_is_not_there(tmp_path: Path) -> None:
    def missing(params: dict[str, Any]) -> Any:
        raise NotFound("no machine is called 'gpu9'")

    with serving(tmp_path, machines=missing):
        assert workbench(tmp_path, "machines", "show", "gpu9").returncode == 2


def test_run_asks_for_machine_label_and_gpu_memory(tmp_path: Path) -> None:
    argv = ["run", "--machine", "gpu3", "--label", "a100", "--gpu-memory", "24GB", "--", "true"]
    with serving(tmp_path, submit=lambda params: {"runs": [RUN]}) as server:
        assert workbench(tmp_path, *argv).returncode == 0
    (asked,) = server.params("submit")
    assert (asked["machine"], asked["labels"], asked["gpu_memory"]) == ("gpu3", ["a100"], 24_000_000_000)
