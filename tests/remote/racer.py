"""One of several processes that race for the same attempts: `racer.py ROOT SEED FIRST LAST`.

For each attempt it starts or voids it, and at some it dies at a named point, as a supervisor killed there would.
The command appends a byte to the attempt's `ran`.
"""

from __future__ import annotations

import os
import random
import sys

from workbench.remote.agent import crash, fate, record
from workbench.remote.agent.attempt import Attempt
from workbench.remote.agent.supervisor import Job, Supervisor

POINTS = [point for point in crash.POINTS if "hand-over" not in point]


def main(root: str, seed: int, first: int, last: int) -> int:
    place = os.open(f"{root}/at.{seed}", os.O_RDWR | os.O_CREAT, 0o600)
    number = first
    while True:
        pid = os.fork()
        if not pid:
            race(root, random.Random(seed * 1_000_003 + number), place, number, last)
        _, status = os.waitpid(pid, 0)
        if os.WIFEXITED(status):
            return os.WEXITSTATUS(status)
        # Killed at a point: the next child goes on behind the attempt at which that happened.
        number = int(os.pread(place, 20, 0)) + 1


def race(root: str, chance: random.Random, place: int, first: int, last: int) -> None:
    supervisor = Supervisor(root)
    for number in range(first, last):
        os.pwrite(place, b"%9d" % number, 0)
        attempt = Attempt(root, f"r{number}.1")
        if chance.random() < 0.3:
            attempt.void()
            continue
        crash.armed = chance.choice(POINTS) if chance.random() < 0.1 else ""
        lock = attempt.lock()
        if lock is not None and fate.read(attempt.directory) is None:
            record.reserve(attempt.directory)
            supervisor.carry([Job(attempt, SPEC | {"attempt": attempt.id}, "", (lock,))])
        elif lock is not None:
            os.close(lock)
    os._exit(0)


SPEC = {
    "argv": ["/bin/sh", "-c", "printf x >> ../ran"],
    "snapshot": "empty",
    "workdir": "",
    "environment": "",
    "params": {},
    "variables": {},
    "links": {},
    "devices": [],
    "cpus": 1,
    "memory": 0,
    "time_limit": None,
    "grace": 1.0,
    "log_limit": 1000,
}


if __name__ == "__main__":
    root, seed, first, last = sys.argv[1:]
    sys.exit(main(root, int(seed), int(first), int(last)))
