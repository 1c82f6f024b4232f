"""A socket server that speaks the protocol from a script, and a way to run the command line against it."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
import termios
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from workbench.errors import EngineError, WorkbenchError
from workbench.protocol import VERSION, messages

Answer = Callable[[dict[str, Any]], Any]
"""Params -> result; may raise a WorkbenchError, or return raw bytes to be sent as they are."""

MAIN = "import sys; from workbench.cli import main; sys.exit(main())"

RUN: dict[str, Any] = {
    "id": "k3v9q2xd",
    "name": "brave-sunset-12",
    "status": "queued",
    "seq": 12,
    "project": "churn",
    "user": "alice",
    "submitted": 1_700_000_000_000_000,
    "machine": None,
    "started": None,
    "ended": None,
    "exit_code": None,
    "command": ["python", "train.py", "--lr", "{lr}"],
    "params": {"lr": 0.01},
    "cpus": 1,
    "memory": 0,
    "gpus": 0,
    "gpu_memory": 0,
    "pinned": "",
    "labels": [],
    "time_limit": None,
    "priority": 0,
    "retries": 0,
    "after": [],
    "tags": [],
    "directory": "/home/alice/churn",
    "workdir": ".",
    "code": {"snapshot": "ab" * 32, "commit": "cd" * 20, "branch": "main", "changes": 2, "diff": ""},
    "environment": {"id": "ef" * 32, "lock": "", "python": "3.12", "origin": "pyproject.toml"},
    "position": 12.0,
    "sweep": "",
    "rerun_of": "",
    "attempts": 0,
    "retried": 0,
    "links": {},
    "variables": {},
    "detail": {"since": 1_700_000_000_000_000, "not_before": 0},
}


def ended(code: int, **changes: Any) -> dict[str, Any]:
    """RUN, over with an exit code."""
    share = {"cpus": 1, "memory": 0, "devices": []}
    attempt = {"number": 1, "machine": "here", "share": share, "placed": 1_700_000_001_000_000}
    times = {"started": 1_700_000_002_000_000, "ended": 1_700_000_064_000_000}
    end = {"attempt": attempt, **times, "usage": {"cpu_seconds": 1.5, "peak_memory": 2_000_000}}
    detail = {"end": end} if code == 0 else {"end": end, "exit_code": code}
    status = "failed" if code else "finished"
    return {**RUN, "status": status, "machine": "here", "exit_code": code, "detail": detail, **times, **changes}


@dataclass
class Server:
    """Answers each method by its entry in `answers`; notes what it was asked."""

    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def params(self, method: str) -> list[dict[str, Any]]:
        return [params for name, params in self.asked if name == method]

    def answer(self, connection: socket.socket) -> None:
        with connection, connection.makefile("rb") as lines:
            for line in lines:
                message = json.loads(line)
                method, params, id = message["method"], message["params"], message["id"]
                self.asked.append((method, params))
                try:
                    value = self.answers.get(method, unknown)(params)
                except WorkbenchError as failure:
                    connection.sendall(messages.error(id, failure))
                    continue
                if isinstance(value, bytes):
                    connection.sendall(value)
                elif isinstance(value, Half):
                    connection.sendall(value.data)
                    return
                else:
                    connection.sendall(messages.result(id, value))


def unknown(params: dict[str, Any]) -> Any:
    raise EngineError("the script has no answer to that")


@dataclass
class Half:
    """What an answer returns to send some bytes and hang up."""

    data: bytes = b""


CLOSE = Half()
"""What an answer returns to hang up."""


def greeting(protocol: int = VERSION) -> Answer:
    return lambda params: {"protocol": protocol, "version": "9.9", "pid": os.getpid(), "started": 0}


@contextmanager
def serving(home: Path, **answers: Answer) -> Iterator[Server]:
    """A server at the socket of WORKBENCH_HOME=home."""
    server = Server({"hello": greeting(), **answers})
    place = home / "run"
    place.mkdir(mode=0o700, parents=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(place / "engine.sock"))
    listener.listen(8)

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_quietly, args=(server, connection), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def _quietly(server: Server, connection: socket.socket) -> None:
    try:
        server.answer(connection)
    except OSError:
        pass


def workbench(home: Path, *argv: str | bytes, main: str = MAIN, **environment: str) -> subprocess.CompletedProcess[str]:
    """The command line as a process of its own, with its output piped."""
    return subprocess.run(
        [sys.executable, "-c", main, *argv],
        env={**os.environ, "WORKBENCH_HOME": str(home), **environment},
        cwd=home,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


def on_terminal(home: Path, *argv: str, typed: str = "", code: int = 0) -> str:
    """What the command line shows on a terminal of 80 columns to whoever types that; it must end with `code`."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    process = subprocess.Popen(
        [sys.executable, "-c", MAIN, *argv],
        env={**os.environ, "WORKBENCH_HOME": str(home), "PYTHONIOENCODING": "utf-8"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    said = b""
    try:
        while data := os.read(ours, 4096):
            said += data
    except OSError:  # EIO: the other end is closed
        pass
    os.close(ours)
    assert process.wait(30) == code, said
    return said.decode().replace("\r\n", "\n")
