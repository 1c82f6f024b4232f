"""What only somebody at a terminal sees."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli_server import RUN, ended, on_terminal, serving

REPLY = {"count": 1, "ids": [RUN["id"]], "names": [RUN["name"]], "runs": [RUN], "warnings": []}


def test_a_new_run_and_what_to_do_next(tmp_path: Path) -> None:
    with serving(tmp_path, submit=lambda params: REPLY):
        said = on_terminal(tmp_path, "run", "--", "true")
    assert said == "brave-sunset-12  queued  k3v9q2xd\nfollow it: workbench logs brave-sunset-12 -f\n"


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ({"kind": "starting", "text": "gpu3 prepares it"}, "starts now on gpu3\n"),
        (
            {"kind": "resources", "text": "1 GPU on gpu3 in ~14m (bob's calm-river-1)"},
            "waits: 1 GPU on gpu3 in ~14m (bob's",
        ),
        ({"kind": "held", "text": "held by alice"}, "held by alice\n"),
    ],
)
def test_what_happens_next_to_a_new_run(tmp_path: Path, why: dict[str, str], says: str) -> None:
    with serving(
        tmp_path, submit=lambda params: REPLY, explain=lambda params: {"run": {**RUN, "machine": "gpu3"}, "why": why}
    ):
        said = on_terminal(tmp_path, "run", "--", "true")
    assert said.splitlines(keepends=True)[2].startswith(says)


def test_a_new_sweep_and_what_to_do_next(tmp_path: Path) -> None:
    sweep = {**REPLY, "count": 2, "ids": ["aaaa1111", "bbbb2222"], "names": ["a-1", "b-2"]}
    with serving(tmp_path, submit=lambda params: sweep):
        said = on_terminal(tmp_path, "sweep", "--set", "x=1,2", "--", "true")
    assert said == "2 runs queued, a-1 to b-2\nwatch them: workbench, or workbench runs sweep:aaaa1111\n"


def test_a_slow_submit_says_what_takes_so_long(tmp_path: Path) -> None:
    told = threading.Event()

    def slow(params: dict[str, Any]) -> Any:
        told.wait(0.5)
        return REPLY

    with serving(tmp_path, submit=slow):
        said = on_terminal(tmp_path, "run", "--", "true")
    assert said.startswith("freezing code and resolving the environment…\nbrave-sunset-12")


def test_a_list_is_cut_to_the_width(tmp_path: Path) -> None:
    run = ended(0, params={f"parameter{number}": number for number in range(20)})
    rows = [{"run": run, "metrics": {"loss": 0.25}}]
    with serving(tmp_path, runs=lambda params: {"total": 99, "counts": {}, "rows": rows}):
        lines = on_terminal(tmp_path, "runs", "--limit", "1").splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" in lines[1]
    assert lines[-1] == "1 of 99; --limit shows more"


def test_json_is_spread_out(tmp_path: Path) -> None:
    with serving(tmp_path, show=lambda params: {"run": RUN, "metrics": {}}):
        assert on_terminal(tmp_path, "show", "12", "--json").startswith('{\n  "id": "k3v9q2xd",\n')


def test_what_is_hostile_is_not_drawn(tmp_path: Path) -> None:
    evil = {**RUN, "name": "a\x1b]52;c;aGk=\x07\x9b2J\u202eb"}
    with serving(tmp_path, submit=lambda params: {**REPLY, "runs": [evil]}):
        said = on_terminal(tmp_path, "run", "--", "true")
    assert said.startswith("ab  queued")
    assert not set("\x1b\x07\x9b\u202e") & set(said)
