"""`workbench engine start|stop|status|logs`: the process that decides. Runs never depend on it."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from typing import Any

from workbench import paths
from workbench.cli import output
from workbench.cli.parser import Parser
from workbench.client.calls import Absent, Engine
from workbench.errors import EngineError, VersionMismatch

EXAMPLE = """\
workbench engine status
workbench engine logs -f"""

NOT_RUNNING = 3
"""What `status` ends with where no engine runs, as init scripts do."""
STOPS_WITHIN = 30.0
LOOK = 0.2
"""Seconds between looks at a log that is followed."""


def configure(parser: Parser) -> None:
    parser.add_argument("what", choices=("start", "stop", "status", "logs"), metavar="{start,stop,status,logs}")
    parser.add_argument("-f", "--follow", action="store_true", help="logs: go on as it writes")


def main(args: argparse.Namespace) -> int:
    return {"start": _start, "stop": _stop, "status": _status, "logs": _logs}[args.what](args)


def _start(args: argparse.Namespace) -> int:
    with Engine() as engine:
        state = engine.call("status")
    return _told(args, state, f"the engine runs (pid {state['pid']})")


def _stop(args: argparse.Namespace) -> int:
    """By asking it; an engine of another protocol can't be asked, and is told by a signal."""
    engine = Engine(start=False)
    try:
        engine.call("stop")
        pid = engine.pid
    except Absent:
        return _told(args, {"pid": None}, "no engine was running")
    except VersionMismatch:
        pid = engine.pid
        _terminate(pid)
    finally:
        engine.close()
    _until_gone(pid)
    return _told(args, {"pid": None, "stopped": pid}, f"the engine (pid {pid}) stopped; runs go on")


def _status(args: argparse.Namespace) -> int:
    try:
        with Engine(start=False) as engine:
            state = engine.call("status")
    except Absent:
        _told(args, {"pid": None}, "no engine is running; the next command starts it")
        return NOT_RUNNING
    if args.json:
        output.document(state)
        return 0
    from workbench.domain.resources import format_size
    from workbench.domain.time import format_duration

    counts = ", ".join(f"{number} {status}" for status, number in state["counts"].items() if number) or "no runs yet"
    clients = f"{state['clients']} client{'' if state['clients'] == 1 else 's'}"
    output.say(f"running   pid {state['pid']}, version {state['version']}, {clients}")
    output.say(f"since     {format_duration(time.time() - state['started'] / 1e6)} ago")
    output.say(f"health    {state['health']}")
    output.say(f"runs      {counts}")
    output.say(f"socket    {state['socket']}")
    output.say(f"history   {state['history']} ({format_size(state['history_bytes'])})")
    output.say(f"log       {paths.engine_log()}")
    return 0


def _logs(args: argparse.Namespace) -> int:
    """Its log file, read as it lies there: that works when the engine does not."""
    from workbench.present.sanitise import clean

    if not os.path.exists(paths.engine_log()):
        output.note(f"no engine has written to {paths.engine_log()} yet")
        return 0
    for line in _lines(args.follow):
        if args.json:
            output.objects([line])
        else:
            print(clean(line), flush=args.follow)
    return 0


def _lines(follow: bool) -> Iterator[str]:
    """Lines of the log; with `follow`, of those written from now on too, into whichever file it rotates."""
    while True:
        with open(paths.engine_log(), encoding="utf-8", errors="replace") as log:
            while True:
                yield from (line.rstrip("\n") for line in log)
                if not follow:
                    return
                if _rotated(log.fileno()):
                    break
                time.sleep(LOOK)


def _rotated(fd: int) -> bool:
    try:
        return os.stat(paths.engine_log()).st_ino != os.fstat(fd).st_ino
    except FileNotFoundError:
        return False


def _terminate(pid: int) -> None:
    import signal

    try:
        os.kill(pid, signal.SIGTERM)
    except ProcessLookupError:
        pass


def _until_gone(pid: int) -> None:
    deadline = time.monotonic() + STOPS_WITHIN
    while os.path.exists(f"/proc/{pid}") and not _zombie(pid):
        if time.monotonic() > deadline:
            raise EngineError(
                f"the engine (pid {pid}) has not stopped within {STOPS_WITHIN:.0f} s",
                hint=f"`workbench engine logs` says what it is about; `kill -9 {pid}` does no harm to runs or history",
            )
        time.sleep(0.01)


def _zombie(pid: int) -> bool:
    """Ended, and only its parent has not noticed."""
    try:
        with open(f"/proc/{pid}/stat", "rb") as stat:
            return stat.read().rpartition(b")")[2].split()[0] == b"Z"
    except FileNotFoundError:
        return True


def _told(args: argparse.Namespace, state: dict[str, Any], sentence: str) -> int:
    if args.json:
        output.document(state)
    else:
        output.say(sentence)
    return 0
