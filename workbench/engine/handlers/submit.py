"""submit: freeze code and environment, make the runs, and have them on disk before anybody is told.

`workbench run` and `workbench sweep` are both this: a sweep has a grid. One transaction, however many runs.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain
from typing import Any

from workbench import settings
from workbench.domain.events import Change, Kind
from workbench.domain.machines import LOCAL
from workbench.domain.names import check_name, check_tag, name_for
from workbench.domain.params import check_command, check_param, expand, fill
from workbench.domain.resources import PRIORITY, RETRIES, Capacity, Need
from workbench.domain.run import Ask, Param, Run
from workbench.domain.status import Finished, Held, Queued, Status
from workbench.engine import program, seam
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.mind import now
from workbench.engine.minting import mint
from workbench.engine.server import Peer
from workbench.engine.waiting import describe
from workbench.errors import HistoryError, UsageError
from workbench.protocol.runs import run_out
from workbench.protocol.shapes import Submission
from workbench.remote.machines.base import TreeEntry

KNOWN = frozenset(Submission.__annotations__)
SHOWN = 100
"""Runs that the reply carries whole."""


async def submit(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    params.refuse_others(KNOWN)
    directory = params.text("directory")
    if not os.path.isabs(directory) or not os.path.isdir(directory):
        raise UsageError(f"{directory} is not a directory")
    command = check_command(params.texts("command"))
    name = check_name(params.text("name")) if params.has("name") else ""
    project = await asyncio.to_thread(settings.find_project, directory)
    combinations = _combinations(params)
    for values in combinations[:1]:
        fill(command, values)  # an unknown placeholder is said before anything is frozen
    after, pending = await _after(engine, params.texts("after", []))
    ask = _ask(params, project, command, after)
    await check_fits(engine, ask.need)
    workdir = os.path.relpath(directory, project.directory)
    frozen, environment = await asyncio.gather(
        asyncio.to_thread(engine.snapshots.freeze, project),
        engine.environments.resolve(project, command, directory, params.texts("packages", [])),
    )
    template = Run(
        id="",
        seq=0,
        name="",
        project=project.name,
        directory=project.directory,
        workdir=workdir,
        user=peer.user,
        submitted=now(),
        ask=ask,
        code=frozen.code,
        environment=environment,
        position=0.0,
        status=Queued(0),
        links=frozen.links,
        variables=project.run.variables,
        outputs=project.run.outputs,
    )
    check_program(engine, template, frozen.tree)
    status: Status = Held(now(), f"by {peer.user}") if params.flag("hold") else Queued(now())
    runs = await _make(engine, template, combinations, name, status, sweep=params.has("grid"))
    await admit(engine, runs, pending, peer.user, notify=params.flag("notify"))
    return {**summary(runs), "warnings": list(frozen.warnings)}


def summary(runs: Sequence[Run]) -> dict[str, Any]:
    return {
        "count": len(runs),
        "ids": [run.id for run in runs],
        "names": [run.name for run in runs],
        "runs": [run_out(run) for run in runs[:SHOWN]],
    }


async def admit(engine: Engine, runs: Sequence[Run], pending: frozenset[str], by: str, *, notify: bool = False) -> None:
    """On disk, then in the queue. notify: whoever submits them wants to hear of their ends."""
    at = now()
    changes = [Change(Kind.SUBMITTED, at, run, by) for run in runs]
    waits = {run.id: pending for run in runs} if pending else {}
    ids = [run.id for run in runs]
    notices = engine.notices.expect(ids, by) if notify else {}
    try:
        await engine.mind.submit(seam.Submit(tuple(runs), waits), changes, notices)
    except HistoryError:
        engine.notices.drop(notices)
        raise


async def _make(
    engine: Engine, template: Run, combinations: list[dict[str, Param]], name: str, status: Status, *, sweep: bool
) -> list[Run]:
    ids = await mint(engine.history, len(combinations))
    seqs = engine.mint_seqs(len(combinations))
    chance = random.Random(ids[0])  # noqa: S311  a name is no secret
    runs = []
    for index, (id, seq, values) in enumerate(zip(ids, seqs, combinations, strict=True)):
        called = name_for(seq, chance) if not name else f"{name}-{index + 1}" if sweep else name
        ask = replace(template.ask, params=values)
        first = ids[0] if sweep else ""
        runs.append(
            replace(template, id=id, seq=seq, name=called, ask=ask, position=float(seq), status=status, sweep=first)
        )
    return runs


def _combinations(params: Params) -> list[dict[str, Param]]:
    fixed: dict[str, Param] = params.table("params", {})
    grid = params.table("grid", {})
    for key, value in chain(fixed.items(), ((key, value) for key, values in grid.items() for value in values)):
        check_param(key, value)
    return [{**fixed, **point} for point in expand(grid)]


async def _after(engine: Engine, references: list[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Ids of the runs to come after, and those of them that are not over yet."""
    ids, pending = [], set()
    for reference in references:
        run = await engine.find(reference)
        ids.append(run.id)
        if run.live:
            pending.add(run.id)
        elif not isinstance(run.status, Finished):
            raise UsageError(
                f"{run.name} is {run.status.name}: nothing can come after it", hint=f"workbench rerun {run.name}"
            )
    return tuple(ids), frozenset(pending)


def _ask(params: Params, project: settings.Project, command: tuple[str, ...], after: tuple[str, ...]) -> Ask:
    """The command line's word first, then the project's, then the default."""
    usual = project.run.need
    gpu_memory = params.whole("gpu_memory", usual.gpu_memory, least=0)
    gpus = params.whole("gpus", usual.gpus or bool(gpu_memory), least=0)
    need = Need(
        cpus=params.whole("cpus", usual.cpus, least=1),
        memory=params.whole("memory", usual.memory, least=0),
        gpus=gpus,
        gpu_memory=gpu_memory if gpus else 0,
        machine=params.text("machine", usual.machine),
        labels=tuple(sorted(set(params.texts("labels", list(usual.labels))))),
    )
    limit = params.number("time_limit", 0.0) or project.run.time_limit
    return Ask(
        command=command,
        params={},
        need=need,
        time_limit=limit,
        priority=params.whole("priority", project.run.priority, least=-PRIORITY, most=PRIORITY),
        retries=params.whole("retries", project.run.retries, least=0, most=RETRIES),
        after=after,
        tags=tuple(dict.fromkeys(map(check_tag, [*project.run.tags, *params.texts("tags", [])]))),
    )


async def check_fits(engine: Engine, need: Need) -> None:
    """A run that no machine could ever start is refused now, not found waiting next week. A machine that was not
    seen yet may have whatever it takes."""
    if need.machine:
        engine.fleet[need.machine]  # raises NotFound
    await engine.dispatcher.tried(LOCAL)
    seats = [seat for seat in engine.mind.state.seats.values() if seat.suits(need)]
    if not seats:
        raise UsageError(
            f"no machine has all of these labels: {', '.join(need.labels)}", hint="`workbench machines` shows them"
        )
    if not any(seat.could_fit(need) or not seat.capacity.cpus for seat in seats):
        has = [f"{s.name} has {describe(_all_of(s.capacity))}" for s in seats[:10]]
        raise UsageError(f"no machine has {describe(need)}", hint="; ".join(has))


def check_program(engine: Engine, run: Run, tree: Iterable[TreeEntry]) -> None:
    """tree: what is in its snapshot. Raises UsageError where what it executes certainly can't be there."""
    held = ((entry.path, entry.kind) for entry in tree)  # looked through only where it is asked
    files = chain(held, ((path, "link") for path in run.links))
    elsewhere = bool(run.environment.id) or (run.ask.need.machine != LOCAL and [*engine.fleet] != [LOCAL])
    program.check(run.ask.command[0], files, run.workdir, run.variables, elsewhere=elsewhere)


def _all_of(capacity: Capacity) -> Need:
    largest = max((device.memory for device in capacity.devices), default=0)
    return Need(capacity.cpus, capacity.memory, len(capacity.devices), largest)
