"""The engine, its settings and the socket to it."""

from __future__ import annotations

import os
from collections.abc import Iterator

from workbench import keymap as keys
from workbench import paths, settings
from workbench.cli.checks import WELL, WRONG, Finding
from workbench.client.calls import Absent, Engine
from workbench.errors import WorkbenchError


def engine() -> Finding:
    try:
        with Engine(start=False) as connection:
            state = connection.call("status")
    except Absent:
        return Finding("engine", WELL, "not running; the next command starts it")
    except WorkbenchError as problem:
        return Finding("engine", WRONG, problem.message, problem.hint)
    said = f"version {state['version']}, pid {state['pid']}, at {state['socket']}"
    if state["health"] != "ok":
        return Finding("engine", WRONG, state["health"], f"its log says more: {paths.engine_log()}")
    return Finding("engine", WELL, said)


def configuration() -> Finding:
    file = os.path.join(paths.config(), "config.toml")
    try:
        settings.load_user()
    except WorkbenchError as problem:
        return Finding("settings", WRONG, problem.message, problem.hint or "correct that line")
    return Finding("settings", WELL, file if os.path.exists(file) else f"none of your own ({file})")


def keymap() -> Finding:
    file = keys.path()
    try:
        mine = keys.load()
    except WorkbenchError as problem:
        return Finding("keys", WRONG, problem.message, problem.hint or "correct that line")
    changed = len(mine.changed())
    return Finding("keys", WELL, f"{changed} of your own in {file}" if changed else f"the usual ones ({file})")


def themes() -> Iterator[Finding]:
    """Those that can't be used."""
    from workbench.themes import available

    for problem in available()[1]:
        yield Finding("theme", WRONG, problem.message, problem.hint or "correct that line")


def socket_path() -> Finding:
    length = len(os.fsencode(paths.socket()))
    if length > paths.SOCKET_LIMIT:
        advice = "set WORKBENCH_HOME to a directory with a shorter name"
        says = f"its path has {length} bytes, and the kernel takes {paths.SOCKET_LIMIT}: {paths.socket()}"
        return Finding("socket", WRONG, says, advice)
    return Finding("socket", WELL, paths.socket())
