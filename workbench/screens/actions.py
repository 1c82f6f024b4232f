"""What keys do to runs, on whichever screen: note the command line, ask where one must, call the engine."""

from __future__ import annotations

from collections.abc import Sequence

from textual.screen import Screen

from workbench.domain.run import Run
from workbench.domain.status import WAITING
from workbench.present.cells import Cell, Line, fit
from workbench.present.sanitise import clean
from workbench.present.status import status
from workbench.screens.desk import Desk
from workbench.screens.dialog import Confirm

NAMED = 12
"""Runs that a question lists one by one."""


async def cancel(screen: Screen[None], desk: Desk, runs: Sequence[Run]) -> None:
    live = [run for run in runs if run.live]
    if not live:
        desk.say("nothing to cancel: it is over")
        return
    what = f"Cancel {clean(live[0].name)}?" if len(live) == 1 else f"Cancel {len(live)} runs?"
    if await screen.app.push_screen_wait(Confirm(what, _about(live))):
        await desk.act("cancel " + names(live), "cancel", runs=[run.id for run in live])


async def hold_or_release(desk: Desk, runs: Sequence[Run]) -> None:
    """Release what is held; where nothing is, hold what waits."""
    held = [run for run in runs if run.status.name == "held"]
    queued = [run for run in runs if run.status.name == "queued"]
    if held:
        await desk.act("release " + names(held), "release", runs=[run.id for run in held])
    elif queued:
        await desk.act("hold " + names(queued), "hold", runs=[run.id for run in queued])
    else:
        desk.say("only a waiting run can be held")


async def notify(desk: Desk, runs: Sequence[Run]) -> None:
    """Ask to be told when they are over; where that was asked of all, take it back."""
    live = [run for run in runs if run.live]
    if not live:
        desk.say("it is over already")
        return
    rows = desk.snapshot.rows
    off = all(run.id in rows and rows[run.id].notify for run in live)
    which, ids = names(live), [run.id for run in live]
    if await desk.act(f"notify --off {which}" if off else f"notify {which}", "notify", runs=ids, off=off):
        desk.learn_wish(ids, not off)
        what = which if len(live) == 1 else f"{len(live)} runs"
        desk.say(f"no word of {what}" if off else f"you will be told when {what} {_is(live)} over")


def _is(runs: Sequence[Run]) -> str:
    return "is" if len(runs) == 1 else "are"


async def rerun(desk: Desk, run: Run) -> None:
    reply = await desk.act(f"rerun {clean(run.name)}", "rerun", run=run.id)
    if reply:
        desk.say("submitted " + ", ".join(clean(str(one["name"])) for one in reply["runs"]))


async def edit(desk: Desk, run: Run) -> None:
    if run.status.name in WAITING:
        await desk.edit(run.id)
    else:
        desk.say(f"{clean(run.name)} is {run.status.name}: only a waiting run can be edited; r submits it again")


def names(runs: Sequence[Run]) -> str:
    return " ".join(clean(run.name) for run in runs)


def _about(runs: Sequence[Run]) -> list[Line]:
    lines: list[Line] = [
        (Cell(fit(clean(run.name), 26), "strong"), Cell("  "), status(run), Cell(f"  of {clean(run.user)}", "dim"))
        for run in runs[:NAMED]
    ]
    if len(runs) > NAMED:
        lines.append((Cell(f"and {len(runs) - NAMED} more", "dim"),))
    return lines
