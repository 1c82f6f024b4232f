"""The command line against the real engine, real supervisors and real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from workbench.protocol import VERSION

MAIN = "import sys; from workbench.cli import main; sys.exit(main())"
LIMIT = 60.0


class Place:
    """A home and a project of their own, and the command line in it."""

    def __init__(self, root: Path) -> None:
        self.home = root / "h"
        self.project = root / "p"
        self.project.mkdir()
        (self.project / "workbench.toml").write_text('[project]\nname = "p"\n[environment]\nfrom = "none"\n')

    def start(self, *argv: str, **environment: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", MAIN, *argv],
            env={**os.environ, "WORKBENCH_HOME": str(self.home), **environment},
            cwd=self.project,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def do(self, *argv: str, code: int = 0, **environment: str) -> str:
        """What it printed on stdout; it must have ended with `code`."""
        process = self.start(*argv, **environment)
        said, complained = process.communicate(timeout=LIMIT)
        assert process.returncode == code, complained
        return said if code == 0 or said else complained

    def ends(self, *argv: str) -> int:
        """The exit code, whatever it is."""
        process = self.start(*argv)
        process.communicate(timeout=LIMIT)
        return process.returncode

    def json(self, *argv: str, code: int = 0) -> Any:
        verb, *rest = argv
        return json.loads(self.do(verb, "--json", *rest, code=code))

    def pid(self) -> int:
        return int(self.json("engine", "status")["pid"])


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIMIT
    while not holds():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.02)


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="wb") as root:
        place = Place(Path(root))
        yield place
        live = [run["id"] for run in place.json("runs", "is:live")]
        if live:
            place.do("cancel", *live)
            place.ends("wait", *live)
        place.do("engine", "stop")


def test_the_way_of_a_run(place: Place) -> None:
    run = place.json("run", "--set", "n=3", "--", "sh", "-c", "echo hello {n}; exit {n}")
    assert (run["status"], run["params"]) == ("queued", {"n": 3})
    assert place.json("wait", run["name"], code=3)["status"] == "failed"
    assert place.do("logs", run["id"][:5]) == "hello 3\n"
    shown = place.json("show", "1")
    assert (shown["id"], shown["exit_code"], shown["events"][0]["kind"]) == (run["id"], 3, "submitted")
    assert [row["id"] for row in place.json("runs", "status:failed")] == [run["id"]]
    assert place.json("runs", "status:finished") == []
    again = place.json("rerun", run["name"])
    assert again["rerun_of"] == run["id"]
    assert place.do("wait", again["id"], code=3)


def test_argv_reaches_the_process_byte_for_byte(place: Place) -> None:
    words = ["", " ", "it's", '"', "$HOME `x` \\ *", "--", "--json", "\t\n", "größe", "{", "{{n}}"]
    show = "import sys; sys.stdout.buffer.write(b'\\0'.join(map(__import__('os').fsencode, sys.argv[1:])))"
    run = place.json("run", "--", sys.executable, "-c", show, *words)
    place.do("wait", run["id"])
    assert place.do("logs", run["id"]).split("\0") == [word.replace("{{n}}", "{n}") for word in words]


def test_waiting_runs_are_steered(place: Place) -> None:
    first, second = (place.json("run", "--hold", "--", "true") for _ in range(2))
    assert (first["status"], second["status"]) == ("held", "held")
    place.do("move", second["id"], "--before", first["id"])
    assert place.json("show", second["id"])["position"] < place.json("show", first["id"])["position"]
    place.do("edit", first["id"], EDITOR="sed -i s/^priority.*/priority=7/")
    assert place.json("show", first["id"])["priority"] == 7
    assert "the least is -1000" in place.do("run", "--priority", "-1001", "--", "true", code=2)
    typed = "sed -i s/^priority.*/priority=99999999999/"  # more than its column in history holds
    assert "the most is 1000" in place.do("edit", first["id"], EDITOR=typed, code=2)
    for typed, says in (
        ('command = ["no-such"]', "there is no command no-such"),
        ('command = ["./train.sh"]', "there is no ./train.sh in the code"),
    ):
        typed = f"sed -i -e s/^priority.*/priority=7/ -e 's|^command.*|{typed}|'"
        assert says in place.do("edit", first["id"], EDITOR=typed, code=2)
    assert place.json("explain", first["id"])["why"]["kind"] == "held"
    assert "held" in place.do("hold", first["id"])
    place.do("release", first["id"])
    place.do("wait", first["id"])
    assert place.do("cancel", second["id"]).endswith("cancelled\n")
    assert place.do("wait", second["id"], code=130)


def test_what_is_in_the_way_is_named_with_its_owner_and_an_eta_from_history(place: Place) -> None:
    until(lambda: bool(place.json("machines")[0]["status"] == "ok"))
    gate = place.project / "gate"
    whole = ["run", "--cpus", str(place.json("machines")[0]["cpus"])]
    command = ["--", "sh", "-c", f"until test -e {gate}; do sleep 0.05; done"]
    gate.touch()
    for _ in range(3):
        place.do(*whole, "--wait", *command)
    an_hour_each(place)
    gate.unlink()
    first, second = (place.json(*whole, *command) for _ in range(2))
    until(lambda: bool(place.json("show", first["id"])["status"] == "running"))
    why = place.json("explain", second["id"])["why"]
    (blocker,) = why["blockers"]
    assert [blocker[key] for key in ("id", "name", "user", "machine")] == [
        first["id"],
        first["name"],
        first["user"],
        "local",
    ]
    assert blocker["left"] == why["eta"] > 0
    assert not why["at_most"]
    assert f"({first['user']}'s {first['name']})" in why["text"]
    gate.touch()
    assert place.json("wait", second["id"])["status"] == "finished"


def an_hour_each(place: Place) -> None:
    """What ended so far took an hour longer than it did."""
    place.do("engine", "stop")
    with duckdb.connect(str(place.home / "data" / "history.duckdb")) as history:
        history.execute("UPDATE run SET started = started - 3600000000")


def test_a_sweep_is_one_submit(place: Place) -> None:
    reply = place.json("sweep", "--set", "a=1,2", "--set", "b=range(2)", "--", "echo", "{a}-{b}")
    assert reply["count"] == 4
    place.do("wait", *reply["ids"])
    logs = [place.do("logs", id).strip() for id in reply["ids"]]
    assert logs == ["1-0", "1-1", "2-0", "2-1"]
    assert place.json("compare", *reply["ids"][:2])["params"] == {"b": [0, 1]}
    assert place.json("sql", "select count(*) from runs")["rows"] == [[4]]


BAD = [
    (["runs", "loss<"], "^"),
    (["show", "nobody"], "no run is called 'nobody'"),
    (["run", "--cpus", "9999", "--", "true"], "9999"),
    (["run", "--", "echo", "{lr}"], "{lr}"),
    (["run", "--after", "nobody", "--", "true"], "nobody"),
    (["run", "--name", "a\nb", "--", "true"], "name"),
    (["move", "nobody", "--top"], "nobody"),
]


def test_bad_input_ends_with_2_and_submits_nothing(place: Place) -> None:
    until(lambda: bool(place.json("machines")[0]["status"] == "ok"))
    for argv, says in BAD:
        said = place.do(*argv, code=2)
        assert said.startswith("workbench: ")
        assert says in said
    assert place.json("runs") == []


def test_twenty_at_once_leave_one_engine(place: Place) -> None:
    clients = [place.start("engine", "start", "--json") for _ in range(20)]
    said = [client.communicate(timeout=LIMIT) for client in clients]
    assert [client.returncode for client in clients] == [0] * 20, said
    assert len({json.loads(out)["pid"] for out, _ in said}) == 1


def test_waiting_survives_the_engines_death(place: Place) -> None:
    gate = place.project / "gate"
    run = place.json("run", "--", "sh", "-c", f"until test -e {gate}; do sleep 0.05; done; exit 5")
    until(lambda: bool(place.json("show", run["id"])["status"] == "running"))
    before = place.pid()
    waiting = place.start("wait", run["id"])
    until(lambda: int(place.json("engine", "status")["clients"]) > 1)
    os.kill(before, signal.SIGKILL)
    until(lambda: place.ends("engine", "status") == 0)
    assert place.pid() != before
    gate.touch()
    waiting.communicate(timeout=LIMIT)
    assert waiting.returncode == 5


def test_interrupting_a_wait_leaves_the_run_alone(place: Place) -> None:
    gate = place.project / "gate"
    run = place.json("run", "--", "sh", "-c", f"until test -e {gate}; do sleep 0.05; done")
    waiting = place.start("wait", run["id"])
    until(lambda: int(place.json("engine", "status")["clients"]) > 1)
    waiting.send_signal(signal.SIGINT)
    _, said = waiting.communicate(timeout=LIMIT)
    assert waiting.returncode == 130
    assert said == f"{run['id']} goes on; `workbench wait {run['id']}` waits again\n"
    assert place.json("show", run["id"])["status"] in ("queued", "preparing", "running")
    gate.touch()
    place.do("wait", run["id"])


def test_following_a_log_ends_with_the_run(place: Place) -> None:
    run = place.json("run", "--", "sh", "-c", "for i in 1 2 3; do echo $i; sleep 0.1; done")
    assert place.do("logs", run["id"], "-f") == "1\n2\n3\n"
    assert place.do("logs", run["id"], "--tail", "1") == "3\n"


def test_engine_start_stop_and_status(place: Place) -> None:
    place.do("engine", "status", code=3)
    pid = place.json("engine", "start")["pid"]
    assert place.pid() == pid
    assert "listening" in place.do("engine", "logs")
    assert place.json("engine", "stop") == {"pid": None, "stopped": pid}
    place.do("engine", "status", code=3)


def test_an_engine_of_another_protocol_can_be_stopped(place: Place) -> None:
    pid = place.json("engine", "start")["pid"]
    other = f"import workbench.protocol; workbench.protocol.VERSION = {VERSION + 1}\n{MAIN}"
    process = subprocess.run(
        [sys.executable, "-c", other, "runs"],
        env={**os.environ, "WORKBENCH_HOME": str(place.home)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert process.returncode == 69
    assert "engine stop" in process.stderr
    stopped = subprocess.run(
        [sys.executable, "-c", other, "engine", "stop"],
        env={**os.environ, "WORKBENCH_HOME": str(place.home)},
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )
    assert stopped.returncode == 0, stopped.stderr
    assert stopped.stdout == f"the engine (pid {pid}) stopped; runs go on\n"
    place.do("engine", "status", code=3)


def test_without_a_terminal_the_first_screen_is_printed(place: Place) -> None:
    assert "No runs yet" in place.do()
    run = place.json("run", "--hold", "--", "true")
    assert run["name"] in place.do()
    assert place.json("machines")[0]["name"] == "local"
    assert [project["name"] for project in place.json("projects")] == ["p"]
    assert "WRONG" not in place.do("doctor")
