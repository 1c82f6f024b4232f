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

from workbench import paths, settings
from workbench.domain.resources import Capacity
from workbench.engine.blobs import Blobs
from workbench.engine.dispatcher import Road
from workbench.engine.engine import Engine
from workbench.engine.environments import Environments
from workbench.engine.handlers import verbs
from workbench.engine.logs import Logs
from workbench.engine.snapshots import Snapshots
from workbench.engine.store import open_history
from workbench.errors import WorkbenchError
from workbench.protocol import VERSION
from workbench.remote.machines import local
from workbench.remote.machines.base import Machine
from workbench.version import __version__

log = logging.getLogger("workbench.engine")


def run() -> int:
    """The caller holds the engine's lock. 1 when it can't start: the log and stderr say why."""
    _log_to(paths.engine_log())
    try:
        # What is imported stays. Without this, every collection walks through all of it.
        gc.collect()
        gc.freeze()
        gc.set_threshold(20_000, 20, 50)
        asyncio.run(_run())
    except WorkbenchError as problem:
        log.error("can't start: %s %s", problem.message, problem.hint)
        said = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
        print(f"workbench: {said}", file=sys.stderr)  # noqa: T201  whoever started us reads this
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
    root = os.path.join(paths.state(), "machine")
    hello = {"protocol": VERSION, "version": __version__, "pid": os.getpid(), "started": time.time_ns() // 1000}
    blobs = Blobs(os.path.join(data, "blobs"))
    engine = Engine(
        history,
        history_path,
        blobs,
        Snapshots(blobs),
        Environments(blobs, os.path.join(paths.cache(), "locks")),
        Logs(os.path.join(data, "logs")),
        [Road("local", lambda: _connect_local(root), lambda has: _limit(has, user))],
        hello,
        notes,
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, engine.stop)
    await engine.run(verbs(engine))
    log.info("stopped")


async def _connect_local(root: str) -> Machine:
    return await local.connect(root)


def _limit(has: Capacity, user: settings.User) -> Capacity:
    """What config.toml lets the workbench use of this machine."""
    return Capacity(min(has.cpus, user.cpus or has.cpus), min(has.memory, user.memory or has.memory), has.devices)


def _log_to(path: str) -> None:
    handler = logging.handlers.RotatingFileHandler(path, maxBytes=2_000_000, backupCount=3)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
