"""Puts the engine together from its parts, and runs it until it is told to stop."""

from __future__ import annotations

import asyncio
import gc
import logging
import logging.handlers
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

from workbench import paths, settings
from workbench.domain.machines import LOCAL, Enrolled
from workbench.engine.blobs import Blobs
from workbench.engine.engine import Engine
from workbench.engine.environments import Environments
from workbench.engine.handlers import verbs
from workbench.engine.logs import Logs
from workbench.engine.snapshots import Snapshots
from workbench.engine.store import open_history
from workbench.engine.wheels import Wheels
from workbench.errors import WorkbenchError
from workbench.protocol import VERSION
from workbench.remote.machines import local
from workbench.remote.machines.base import Machine
from workbench.version import __version__

if TYPE_CHECKING:
    from workbench.remote.machines.ssh import Probe

log = logging.getLogger("workbench.engine")


def run() -> int:
    """The caller holds the engine's lock. 1 when it can't start: stderr says why."""
    _log_to(paths.engine_log())
    try:
        # What is imported stays. Without this, every collection walks through all of it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        asyncio.run(_run())
    except WorkbenchError as problem:
        # A client that started us made the log our stderr, and reads there what it tells whoever asked: once.
        said = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        print(f"workbench: {said}", file=sys.stderr)  # noqa: T201
        return 1
    except Exception:
        log.exception("the engine died")
        return 1
    finally:
        logging.shutdown()
    return 0


async def _run() -> None:
    user = settings.load_user()
    data = user.history or paths.data()
    history_path = os.path.join(paths.private(data), "history.duckdb")
    history = await open_history(history_path)
    notes = [note for note in (history.set_aside, history.suspect) if note]
    for note in notes:
        log.error("%s", note)
    hello = {"protocol": VERSION, "version": __version__, "pid": os.getpid(), "started": time.time_ns() // 1000}
    blobs = Blobs(os.path.join(data, "blobs"))
    engine = Engine(
        history,
        history_path,
        blobs,
        Snapshots(blobs),
        Environments(blobs, os.path.join(paths.cache(), "locks")),
        Wheels(os.path.join(paths.cache(), "wheels")),
        Logs(os.path.join(data, "logs")),
        _Ways(os.path.join(paths.state(), "machine"), user),
        hello,
        notes,
        user.gpus,
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, engine.stop)
    await engine.run(verbs(engine))
    log.info("stopped")


class _Ways:
    """This machine by two pipes, every other over SSH."""

    def __init__(self, root: str, user: settings.User) -> None:
        self._root = root
        self.here = Enrolled(LOCAL, cpus=user.cpus, memory=user.memory)

    async def connect(self, machine: Enrolled) -> Machine:
        if machine.name == LOCAL:
            return await local.connect(self._root)
        from workbench.remote.connection import Destination  # not for those who never leave this machine
        from workbench.remote.machines import ssh

        return await ssh.connect(Destination(machine.address, machine.root), machine.name)

    async def probe(self, machine: Enrolled) -> Probe:
        from workbench.remote.connection import Destination
        from workbench.remote.machines import ssh

        return await ssh.probe(Destination(machine.address, machine.root), machine.name)

    def trust(self, host: str, port: int, key: str) -> None:
        from workbench.remote import hostkeys

        hostkeys.trust(host, port, key)


def _log_to(path: str) -> None:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=2_000_000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
