"""What clients may ask: one verb, one file, each `async def VERB(engine, peer, params) -> reply`.

The shapes of params and replies are written in workbench.protocol.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

from workbench.engine.engine import Engine
from workbench.engine.handlers.cancel import cancel
from workbench.engine.handlers.compare import compare
from workbench.engine.handlers.compare_code import compare_code
from workbench.engine.handlers.compare_environment import compare_environment
from workbench.engine.handlers.diff import diff
from workbench.engine.handlers.edit import edit
from workbench.engine.handlers.environments import environments, prune
from workbench.engine.handlers.explain import explain
from workbench.engine.handlers.hold import hold, release
from workbench.engine.handlers.logs import logs
from workbench.engine.handlers.logs_find import logs_find
from workbench.engine.handlers.machines import machines
from workbench.engine.handlers.machines_add import machines_add, machines_check
from workbench.engine.handlers.machines_drain import machines_drain, machines_resume
from workbench.engine.handlers.machines_remove import machines_remove
from workbench.engine.handlers.move import move
from workbench.engine.handlers.notify import notify
from workbench.engine.handlers.params import Params
from workbench.engine.handlers.projects import projects
from workbench.engine.handlers.pull import pull
from workbench.engine.handlers.replay import replay
from workbench.engine.handlers.replay_runs import replay_runs
from workbench.engine.handlers.replay_samples import replay_samples
from workbench.engine.handlers.rerun import rerun
from workbench.engine.handlers.runs import runs
from workbench.engine.handlers.samples import samples
from workbench.engine.handlers.series import series
from workbench.engine.handlers.show import show
from workbench.engine.handlers.sql import sql
from workbench.engine.handlers.status import status, stop
from workbench.engine.handlers.submit import submit
from workbench.engine.handlers.usage import usage
from workbench.engine.handlers.wait import wait
from workbench.engine.server import Handler, Peer

_Verb = Callable[[Engine, Peer, Params], Awaitable[dict[str, Any]]]

VERBS: tuple[_Verb, ...] = (
    cancel,
    compare,
    compare_code,
    compare_environment,
    diff,
    edit,
    environments,
    explain,
    hold,
    logs,
    logs_find,
    machines,
    machines_add,
    machines_check,
    machines_drain,
    machines_remove,
    machines_resume,
    move,
    notify,
    projects,
    prune,
    pull,
    release,
    replay,
    replay_runs,
    replay_samples,
    rerun,
    runs,
    samples,
    series,
    show,
    sql,
    status,
    stop,
    submit,
    usage,
    wait,
)


def verbs(engine: Engine) -> dict[str, Handler]:
    """name -> handler, for the server."""
    return {verb.__name__: partial(_call, verb, engine) for verb in VERBS}


async def _call(verb: _Verb, engine: Engine, peer: Peer, params: dict[str, Any]) -> dict[str, Any]:
    return await verb(engine, peer, Params(params))
