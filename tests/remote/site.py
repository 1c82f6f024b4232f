"""The same few commands and troubles for a real machine and a made-up one, and an ear for what a machine tells."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from workbench.remote.agent import processes
from workbench.remote.agent.attempt import Attempt
from workbench.remote.machines import local
from workbench.remote.machines.base import Disconnected, Event, Exited, Fenced, Machine, Spec, Vanished
from workbench.remote.machines.fake import FakeHost

PATIENCE = 30.0
EMPTY = "e" * 64
"""The snapshot of nothing."""

Step = tuple[str, ...]
"""A step of a command, as `fake` describes them."""


E = TypeVar("E", bound=Event)


class Site(Protocol):
    """A machine, and what a test may do to it."""

    async def connect(self) -> Machine: ...

    def argv(self, *steps: Step) -> tuple[str, ...]:
        """A command that does these steps."""
        ...

    def break_road(self) -> None:
        """Every connection ends at once; what runs goes on."""
        ...

    def kill_supervisors(self) -> None: ...

    def close(self) -> None: ...


class LocalSite:
    def __init__(self, root: Path) -> None:
        self.root = root

    async def connect(self) -> Machine:
        machine = await local.connect(str(self.root))
        await machine.send(EMPTY, [], no_blobs)
        return machine

    def argv(self, *steps: Step) -> tuple[str, ...]:
        return ("sh", "-c", "; ".join(map(_in_shell, steps)))

    def break_road(self) -> None:
        for process in self.agents():
            processes.send(process.pid, process.tick, 9)

    def agents(self) -> list[processes.Process]:
        """Agents on this root, and no supervisor of theirs: those lead a session of their own too, but of the same
        command line; an agent has no agent for a parent and is ours."""
        table = self._with_root()
        return [process for process in table if process.parent == os.getpid()]

    def supervisors(self) -> list[processes.Process]:
        return [process for process in self._with_root() if process.parent != os.getpid()]

    def _with_root(self) -> list[processes.Process]:
        found = []
        for process in processes.everyone().values():
            try:
                command = Path(f"/proc/{process.pid}/cmdline").read_bytes()
            except OSError:
                continue
            if not process.dead and command.endswith(str(self.root).encode() + b"\0"):
                found.append(process)
        return found

    def kill_supervisors(self) -> None:
        for process in self.supervisors():
            processes.send(process.pid, process.tick, 9)

    def close(self) -> None:
        for attempt in (self.root / "attempts").glob("*"):
            if (attempt / "spec.json").exists() and not (attempt / "exit").read_bytes().strip(b"\0"):
                processes.kill(Attempt(str(self.root), attempt.name).family(), 9)
        for process in self._with_root():
            processes.send(process.pid, process.tick, 9)


class FakeSite:
    def __init__(self) -> None:
        self.host = FakeHost()

    async def connect(self) -> Machine:
        machine = await self.host.connect()
        await machine.send(EMPTY, [], no_blobs)
        return machine

    def argv(self, *steps: Step) -> tuple[str, ...]:
        return tuple(word for step in steps for word in (*step, ";"))

    def break_road(self) -> None:
        self.host.break_road()

    def kill_supervisors(self) -> None:
        self.host.kill_supervisors()

    def close(self) -> None:
        pass


def _in_shell(step: Step) -> str:
    match step:
        case ("print", text):
            return f"printf '%s\\n' {shlex.quote(text)}"
        case ("flood", count):
            return f"head -c {count} /dev/zero | tr '\\0' x"
        case ("metric", line):
            return f'printf "%s\\n" {shlex.quote(line)} >> "$WORKBENCH_METRICS"'
        case ("keep", name, text):
            return _write(f'"$WORKBENCH_ARTIFACTS"/{shlex.quote(name)}', text)
        case ("write", name, text):
            return _write(shlex.quote(name), text)
        case ("wait",):
            return "sleep 1000"
        case ("take", size):
            return shlex.join((sys.executable, "-c", f"import signal; taken = b'x' * {size}; signal.pause()"))
        case _:
            return shlex.join(step)


def _write(place: str, text: str) -> str:
    return f'mkdir -p "$(dirname {place})"; printf %s {shlex.quote(text)} > {place}'


async def no_blobs(name: str) -> bytes:
    raise AssertionError(f"nobody should want {name}")


def spec(attempt: str, argv: tuple[str, ...], **more: Any) -> Spec:
    return Spec(
        **{
            "attempt": attempt,
            "argv": argv,
            "snapshot": EMPTY,
            "workdir": "",
            "environment": "",
            "params": {},
            "grace": 5.0,
            **more,
        }
    )


class Ear:
    """Hears a machine's events, and can wait for one."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.heard: list[Event] = []
        self._news = asyncio.Event()
        self._task = asyncio.create_task(self._listen(), name="ear")

    async def _listen(self) -> None:
        async for event in self.machine.events():
            self.heard.append(event)
            self._news.set()

    async def until(self, condition: Callable[[list[Event]], bool]) -> None:
        """Wait until what was heard fits."""
        async with asyncio.timeout(PATIENCE):
            while not condition(self.heard):
                self._news.clear()
                await self._news.wait()

    async def end_of(self, attempt: str) -> Exited | Fenced | Vanished:
        found: list[Exited | Fenced | Vanished] = []

        def ended(heard: list[Event]) -> bool:
            found[:] = [e for e in heard if isinstance(e, Exited | Fenced | Vanished) and e.attempt == attempt]
            return bool(found)

        await self.until(ended)
        return found[0]

    async def hear(self, kind: type[E], attempt: str) -> E:
        found: list[E] = []

        def came(heard: list[Event]) -> bool:
            found[:] = [e for e in heard if isinstance(e, kind) and getattr(e, "attempt", None) == attempt]
            return bool(found)

        await self.until(came)
        return found[0]

    def of(self, attempt: str) -> list[Event]:
        return [event for event in self.heard if getattr(event, "attempt", None) == attempt]

    async def close(self) -> None:
        await self.machine.close()
        await self.until(lambda heard: isinstance(heard[-1], Disconnected) if heard else False)
        await self._task


def eventually(condition: Callable[[], bool]) -> None:
    """Wait for what happens in other processes."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"
        time.sleep(0.01)


def logged(site: LocalSite, attempt: str, text: bytes) -> bool:
    log = site.root / "attempts" / attempt / "log"
    return log.exists() and text in log.read_bytes()


Connect = Callable[[], Awaitable[Ear]]
