"""`workbench replay` against an engine that answers from a script."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.unit.cli_server import serving, workbench

EVENING = 1_790_000_000_000_000
HOUR = 3_600_000_000
KINDS = ("submitted", "placed", "started", "ended")


def event(seq: int, **facts: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": EVENING + seq * HOUR,
        "kind": KINDS[seq % 4],
        "by": "alice" if seq % 4 == 0 else "",
        "run": "k3v9q2xd",
        "name": "brave-sunset-12\x1b[2J",
        "project": "churn",
        "user": "alice",
        "status": "failed",
        "exit_code": 3,
        "machine": "gpu3",
        **facts,
    }


def night(params: dict[str, Any]) -> dict[str, Any]:
    """Forty hours in pages of eight."""
    after = params["after"]
    found = [event(seq) for seq in range(after + 1, min(after + 9, 41))]
    return {"events": found, "next": found[-1]["seq"] if len(found) == 8 else None}


def test_a_night_is_told_line_by_line_under_its_days(tmp_path: Path) -> None:
    with serving(tmp_path, replay=night) as server:
        done = workbench(tmp_path, "replay", "--since", "3d")
    lines = done.stdout.splitlines()
    told = [line for line in lines if line.startswith("  ")]
    assert done.returncode == 0 and len(told) == 40 and "\x1b" not in done.stdout
    assert told[0].split("  ", 2)[2].split() == ["brave-sunset-12", "placed", "on", "gpu3"]
    assert told[2].endswith("failed with 3 on gpu3")
    assert told[3].endswith("submitted by alice")
    assert len([line for line in lines if line and not line.startswith(" ")]) in (2, 3)
    asked = server.params("replay")
    assert [params["after"] for params in asked] == [0, 8, 16, 24, 32, 40]
    assert len({(params["since"], params["until"]) for params in asked}) == 1


def test_json_is_an_event_a_line(tmp_path: Path) -> None:
    with serving(tmp_path, replay=night):
        done = workbench(tmp_path, "replay", "--since", "3d", "--json", "--speed", "1000000000")
    assert [json.loads(line)["seq"] for line in done.stdout.splitlines()] == list(range(1, 41))


def test_moments_that_make_no_sense(tmp_path: Path) -> None:
    with serving(tmp_path, replay=night):
        backwards = workbench(tmp_path, "replay", "--since", "1d", "--until", "2d")
        unread = workbench(tmp_path, "replay", "--since", "yesterday")
    assert backwards.returncode == unread.returncode == 2
    assert "--since is later than --until" in backwards.stderr
    assert "'yesterday' is not a moment" in unread.stderr
