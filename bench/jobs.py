"""A thousand runs that do next to nothing, to completion, two at a time.

Each leaves one file behind, by one small program and no shell, so that for everybody alike the last file is the end.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench import peers
from bench.figures import OURS, Table
from bench.home import home, wait
from bench.peers import FAILURES, Missing

COUNT = 1_000
SLOTS = 2


def measure() -> Iterator[Table]:
    title = f"{COUNT:,} runs on {SLOTS} slots, "
    yield _race(
        Table(title + "submitted one by one", "runs/s", goal="100 runs/s"),
        {
            f"{OURS}, one client": _workbench_one_by_one,
            "subprocess loop (keeps nothing)": _loop,
            "xargs -P2 (keeps nothing)": _xargs,
            "task-spooler (nothing on disk)": _task_spooler,
            "gflow, one client": _gflow,
            "HyperQueue, one client (no journal)": lambda done: _hyperqueue("one", done),
        },
    )
    yield _race(
        Table(title + "as one sweep", "runs/s", goal="HyperQueue's rate"),
        {
            f"{OURS} sweep": _workbench_sweep,
            "HyperQueue, one job (no journal)": lambda done: _hyperqueue("sweep", done),
        },
    )


def _race(table: Table, runners: dict[str, Callable[[Path], float]]) -> Table:
    """Everybody in turn: each is given an empty directory to fill, and says how many seconds it took."""
    for who, run in runners.items():
        with tempfile.TemporaryDirectory(prefix="wb-") as scratch:
            done = Path(scratch, "done")
            done.mkdir()
            try:
                table.add(who, COUNT / run(done))
            except FAILURES as why:
                table.missing(who, why)
    return table


def _job(done: Path) -> list[str]:
    return ["mktemp", "-q", "-p", str(done)]


def _until_done(done: Path) -> None:
    wait(lambda: len(os.listdir(done)) >= COUNT, lambda: f"{len(os.listdir(done))} of {COUNT} ran", pause=0.002)


def _workbench_one_by_one(done: Path) -> float:
    with home() as place:
        began = time.perf_counter()
        for _ in range(COUNT):
            place.submit(*_job(done))
        _until_done(done)
        place.settled(COUNT)
        return time.perf_counter() - began


def _workbench_sweep(done: Path) -> float:
    with home() as place:
        began = time.perf_counter()
        place.submit(*_job(done), grid={"i": list(range(COUNT))})
        _until_done(done)
        place.settled(COUNT)
        return time.perf_counter() - began


def _loop(done: Path) -> float:
    began = time.perf_counter()
    running: list[subprocess.Popen[bytes]] = []
    for _ in range(COUNT):
        if len(running) == SLOTS:
            pid, status = os.wait()
            ended = next(process for process in running if process.pid == pid)
            ended.returncode = os.waitstatus_to_exitcode(status)
            running.remove(ended)
        running.append(subprocess.Popen(_job(done), stdout=subprocess.DEVNULL))
    for process in running:
        process.wait()
    _until_done(done)
    return time.perf_counter() - began


def _xargs(done: Path) -> float:
    command = [peers.tool("xargs", "findutils"), f"-P{SLOTS}", "-n1", *_job(done)[:-2]]
    names = "".join(f"-p{done}\n" for _ in range(COUNT))
    began = time.perf_counter()
    subprocess.run(command, input=names.encode(), stdout=subprocess.DEVNULL, check=True)
    _until_done(done)
    return time.perf_counter() - began


def _task_spooler(done: Path) -> float:
    tsp = peers.tool("tsp", "task-spooler")
    scratch = str(done.parent)
    # Past its limit of connections a submit would wait for ever; every job that ended keeps a place.
    limits = {"TS_MAXFINISHED": str(COUNT * 2), "TS_MAXCONN": str(COUNT * 2)}
    environment = {**os.environ, "TS_SOCKET": scratch + "/socket", "TMPDIR": scratch, **limits}
    subprocess.run([tsp, "-S", str(SLOTS)], env=environment, check=True)
    try:
        began = time.perf_counter()
        for _ in range(COUNT):
            subprocess.run([tsp, *_job(done)], env=environment, stdout=subprocess.DEVNULL, check=True)
        _until_done(done)
        return time.perf_counter() - began
    finally:
        subprocess.run([tsp, "-K"], env=environment, check=False)


def _gflow(done: Path) -> float:
    programs = Path(peers.python("queues")).parent
    scratch = done.parent
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = scratch / ".config" / "gflow" / "gflow.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text(
        f'timezone = "UTC"\n[daemon]\nhost = "127.0.0.1"\nport = {port}\n[executor]\ntype = "process"\n'
    )
    (scratch / "run").mkdir(mode=0o700)
    environment = {
        "HOME": str(scratch),
        "XDG_RUNTIME_DIR": str(scratch / "run"),
        "TMUX_TMPDIR": str(scratch / "run"),
        "PATH": f"{programs}:{os.environ['PATH']}",
        "USER": "bench",
    }

    def gflowd(verb: str) -> str:
        said = subprocess.run([programs / "gflowd", verb], env=environment, capture_output=True, text=True)
        return said.stdout + said.stderr

    started = gflowd("up")
    try:
        wait(lambda: "PID:" in gflowd("status"), lambda: started.strip()[-200:])
        body = {
            "command": " ".join(_job(done)),
            "run_dir": str(scratch),
            "gpus": 0,
            "priority": 10,
            "submitted_by": "bench",
            "shared": False,
            "auto_close_tmux": True,
            "depends_on_ids": [],
            "auto_cancel_on_dependency_failure": True,
        }
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        began = time.perf_counter()
        for _ in range(COUNT):
            client.request("POST", "/jobs", json.dumps(body), {"Content-Type": "application/json"})
            answer = client.getresponse()
            said = answer.read()
            if answer.status >= 300:
                raise Missing(f"it refused a job: {said[:200].decode(errors='replace')}")
        _until_done(done)
        return time.perf_counter() - began
    except OSError as problem:
        raise Missing(f"it does not answer: {problem}") from None
    finally:
        gflowd("down")


def _hyperqueue(mode: str, done: Path) -> float:
    interpreter = peers.python("queues")
    told = peers.script(interpreter, "hyperqueue_jobs.py", mode, str(COUNT), str(done), *_job(done), cwd=done.parent)
    return float(told["seconds"])
