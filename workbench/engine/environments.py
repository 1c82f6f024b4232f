"""Lock the environment that a command needs: exact versions and hashes, the same for all runs with the same lock.

uv resolves. What it said is remembered for a day, and identical questions asked at once are asked once.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import platform
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from typing import Any

from workbench import paths
from workbench.domain.run import Environment
from workbench.engine import requirements, uv
from workbench.engine.blobs import Blobs
from workbench.engine.requirements import Requirements
from workbench.errors import Unresolvable
from workbench.settings import Project

FRESH = 24 * 3600.0
"""Seconds for which an answer is taken again: then the index may know newer versions."""

PLATFORM = f"{sys.platform}-{platform.machine()}-{platform.libc_ver()[0] or 'libc'}"


class Environments:
    """Locks environments, and remembers the answers in `directory`."""

    def __init__(self, blobs: Blobs, directory: str) -> None:
        self._blobs = blobs
        self._directory = paths.private(directory)
        self._asked: dict[str, asyncio.Task[Environment]] = {}
        """Questions that uv is working on, by their key."""

    async def resolve(
        self, project: Project, command: Sequence[str], where: str, packages: Sequence[str] = ()
    ) -> Environment:
        """The environment for `command`, typed in the directory `where`, with `packages` besides.

        Raises Unresolvable with uv's words, HistoryFull.
        """
        needs = await asyncio.to_thread(
            requirements.find, project.directory, project.environment, command, where, packages
        )
        if needs is None:
            return Environment("")
        key = _key(needs)
        known = self._recall(key)
        if known:
            return known
        task = self._asked.get(key)
        if task is None:
            task = self._asked[key] = asyncio.create_task(self._lock(key, needs), name=f"lock {needs.origin}")
            task.add_done_callback(lambda _: self._asked.pop(key))
        # One who stops waiting does not take the answer from the others.
        return await asyncio.shield(task)

    async def close(self) -> None:
        """Stop whatever uv is working on."""
        tasks = list(self._asked.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _lock(self, key: str, needs: Requirements) -> Environment:
        python = await _python(needs)
        lock = "".join(f"{line}\n" for line in needs.indexes) + _without_local(await _resolved(needs, python))
        environment = Environment(
            id=hashlib.sha256("\0".join((lock, python, PLATFORM)).encode()).hexdigest()[:16],
            lock=await asyncio.to_thread(self._blobs.put, lock.encode()),
            python=python,
            origin=needs.origin,
        )
        self._remember(key, environment)
        return environment

    def _recall(self, key: str) -> Environment | None:
        path = os.path.join(self._directory, f"{key}.json")
        try:
            with open(path, encoding="utf-8") as stream:
                if not 0 <= time.time() - os.fstat(stream.fileno()).st_mtime < FRESH:
                    return None
                environment = Environment(**json.load(stream))
        except (OSError, ValueError, TypeError):  # never asked, or not by this version
            return None
        return environment if self._blobs.has(environment.lock) else None

    def _remember(self, key: str, environment: Environment) -> None:
        answer = {name: getattr(environment, name) for name in Environment.__slots__}
        handle, temporary = tempfile.mkstemp(dir=self._directory)
        with open(handle, "w", encoding="utf-8") as stream:
            json.dump(answer, stream)
        os.replace(temporary, os.path.join(self._directory, f"{key}.json"))


def _key(needs: Requirements) -> str:
    """Hash of everything that uv's answer depends on, except for what the index holds today."""
    program = os.stat(uv.program())
    question: dict[str, Any] = {
        "needs": [getattr(needs, name) for name in Requirements.__slots__],
        "platform": PLATFORM,
        "uv": [program.st_ino, program.st_size, program.st_mtime_ns],
        "settings": sorted((name, value) for name, value in os.environ.items() if name.startswith("UV_")),
        "interpreter": _modified(os.path.join(needs.directory, ".venv", "pyvenv.cfg")),
    }
    return hashlib.sha256(json.dumps(question, sort_keys=True).encode()).hexdigest()[:32]


def _modified(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0


async def _python(needs: Requirements) -> str:
    """The version to lock for, such as 3.12: runs of one lock must not differ by what a machine happens to have."""
    if re.fullmatch(r"\d+\.\d+(\.\d+)?", needs.python):
        return needs.python
    words = ("python", "find", "--show-version", *((needs.python,) if needs.python else ()))
    hint = "`uv python install` gets one, or name another under [environment] python"
    found = await _uv_says(needs, words, what="no Python on this machine fits", hint=hint)
    return ".".join(found.strip().split(".")[:2])


async def _resolved(needs: Requirements, python: str) -> str:
    """The locked requirements."""
    if needs.kind == "lock":
        exact = ("export", "--locked", "--no-emit-project", "--no-dev", "--no-header", "--no-annotate", "--quiet")
        inside = ("--project", os.path.dirname(needs.source) or ".")
        locked = await _uv_says(needs, (*exact, *inside), what="uv.lock can't be used")
        if not needs.packages:
            return locked
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as base:
            base.write(_without_local(locked))
            base.flush()
            return await _compiled(needs, python, (base.name, "-"))
    return await _compiled(needs, python, tuple(filter(None, (needs.source, "-" if needs.packages else ""))))


async def _compiled(needs: Requirements, python: str, sources: Sequence[str]) -> str:
    exact = ("--generate-hashes", "--no-emit-index-url", "--no-header", "--no-annotate", "--quiet")
    # A Python that is not here can be locked for without being fetched.
    target = ("--python-version", python, "--no-python-downloads")
    return await _uv_says(
        needs,
        ("pip", "compile", *exact, *target, *sources),
        what=f"{needs.origin} can't be resolved",
        stdin="\n".join(needs.packages),
    )


async def _uv_says(needs: Requirements, words: Sequence[str], *, what: str, hint: str = "", stdin: str = "") -> str:
    """What uv prints. Raises Unresolvable, `what` and uv's reason, where it refuses."""
    try:
        return await uv.says(words, directory=needs.directory, stdin=stdin)
    except uv.Failed as problem:
        raise _complaint(what, hint, problem) from None


def _complaint(what: str, hint: str, problem: uv.Failed) -> Unresolvable:
    words = problem.words
    if problem.by_network:
        hint = "check the network, the proxy and uv's index settings; what was locked in the last day still works"
        return Unresolvable(f"{what}: the package index can't be reached", hint=hint, words=words)
    if "uv.lock" in words and "needs to be updated" in words:
        return Unresolvable("uv.lock is older than pyproject.toml", hint="run `uv lock` and submit again", words=words)
    return Unresolvable(f"{what}: {problem.reason}", hint=hint, words=words)


def _without_local(locked: str) -> str:
    """Drop the project's own packages: their code comes with the snapshot. Raises Unresolvable for archives."""
    kept = []
    for line in locked.splitlines(keepends=True):
        local = re.match(r"-e |\.{0,2}/|file:|[^ ]+ @ file:", line)
        if local and re.search(r"\.(whl|zip|tar\.\w+)\b", line):
            hint = "put it on an index, or name where it can be downloaded"
            raise Unresolvable(f"{line.strip()} lies on this machine only", hint=hint, words=line.strip())
        if not local:
            kept.append(line)
    return "".join(kept)
