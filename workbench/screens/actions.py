"""What keys do to runs, on whichever screen: note the command line, ask where one must, call the engine."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from textual.screen import Screen

from workbench.domain.run import Run
from workbench.domain.status import WAITING
from workbench.present.cells import Cell, Line, fit
from workbench.present.sanitise import clean
from workbench.present.status import status
from workbench.screens.desk import Desk
from workbench.screens.dialog import Confirm
from workbench.screens.undo import Step

NAMED = 12
"""Runs that a question lists one by one."""


async def cancel(screen: Screen[None], desk: Desk, runs: Sequence[Run]) -> None:
    live = [run for run in runs if run.live]
    if not live:
        desk.say("nothing to cancel: it is over")
    elif await _sure(screen, desk, "Cancel", live) and await desk.act(
        "cancel " + names(live), "cancel", runs=_ids(live)
    ):
        desk.did(Step(f"cancel of {several(live)}", instead="r submits it again" if len(live) == 1 else "rerun does"))


async def hold_or_release(screen: Screen[None], desk: Desk, runs: Sequence[Run]) -> None:
    """Release what is held; where nothing is, hold what waits."""
    held = [run for run in runs if run.status.name == "held"]
    queued = [run for run in runs if run.status.name == "queued"]
    if not held and not queued:
        desk.say("only a waiting run can be held")
        return
    verb, other, those = ("release", "hold", held) if held else ("hold", "release", queued)
    if _harmless(desk, those) or await _sure(screen, desk, verb.capitalize(), those):
        await _steer(desk, verb, other, those)


async def _steer(desk: Desk, verb: str, other: str, runs: Sequence[Run]) -> None:
    if await desk.act(f"{verb} {names(runs)}", verb, runs=_ids(runs)):
        desk.did(Step(f"{verb} of {several(runs)}", partial(_act, desk, other, runs)))


async def _act(desk: Desk, verb: str, runs: Sequence[Run]) -> bool:
    return await desk.act(f"{verb} {names(runs)}", verb, runs=_ids(runs)) is not None


async def rerun(screen: Screen[None], desk: Desk, runs: Sequence[Run]) -> None:
    if len(runs) > 1 and not await _sure(screen, desk, "Submit again", runs):
        return
    made: list[str] = []
    for run in runs:
        reply = await desk.act(f"rerun {clean(run.name)}", "rerun", run=run.id)
        if reply is None:
            break
        made += [clean(str(one["name"])) for one in reply["runs"]]
    if made:
        desk.say("submitted " + (", ".join(made) if len(made) <= NAMED else f"{len(made)} runs"))
        desk.did(Step("a submit", instead="c cancels what was submitted"))


async def move(desk: Desk, run: Run, other: Run, by: int) -> None:
    """Past a neighbour."""
    if run.status.name != other.status.name or run.status.name not in WAITING:
        desk.say("only waiting runs change places: queued ones with queued, held ones with held")
        return
    way, back = ("before", "after") if by < 0 else ("after", "before")
    if await _move(desk, run, other, way):
        desk.did(Step(f"move of {clean(run.name)}", partial(_move, desk, run, other, back)))


async def _move(desk: Desk, run: Run, other: Run, way: str) -> bool:
    cli = f"move {clean(run.name)} --{way} {clean(other.name)}"
    return await desk.act(cli, "move", run=run.id, to=f"{way} {other.id}") is not None


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
        what = several(live)
        desk.say(f"no word of {what}" if off else f"you will be told when {what} {_is(live)} over")


def _is(runs: Sequence[Run]) -> str:
    return "is" if len(runs) == 1 else "are"


async def edit(desk: Desk, run: Run) -> None:
    if run.status.name in WAITING:
        await desk.edit(run.id)
    else:
        desk.say(f"{clean(run.name)} is {run.status.name}: only a waiting run can be edited; r submits it again")


def names(runs: Sequence[Run]) -> str:
    return " ".join(clean(run.name) for run in runs)


def several(runs: Sequence[Run]) -> str:
    return clean(runs[0].name) if len(runs) == 1 else f"{len(runs)} runs"


def _ids(runs: Sequence[Run]) -> list[str]:
    return [run.id for run in runs]


def _harmless(desk: Desk, runs: Sequence[Run]) -> bool:
    """What can be taken back, and is one's own, is done without a question; but not to many at once."""
    return len(runs) == 1 and runs[0].user == desk.user


async def _sure(screen: Screen[None], desk: Desk, verb: str, runs: Sequence[Run]) -> bool:
    question = Confirm(f"{verb} {several(runs)}?", about(runs, desk.user))
    return await screen.app.push_screen_wait(question)


def about(runs: Sequence[Run], me: str) -> list[Line]:
    """Name, status and owner of each; owners who are somebody else stand out."""
    lines: list[Line] = [
        (
            Cell(fit(clean(run.name), 26), "strong"),
            Cell("  "),
            Cell(fit(status(run).text, 12), status(run).style),
            Cell("  of ", "dim"),
            Cell(clean(run.user), "dim" if run.user == me else "warn"),
        )
        for run in runs[:NAMED]
    ]
    users = {run.user for run in runs}
    rest = [f"and {len(runs) - NAMED} more"] if len(runs) > NAMED else []
    rest += [f"{len(users)} users"] if len(users) > 1 else []
    if rest:
        lines.append((Cell("; ".join(rest), "warn" if users - {me} else "dim"),))
    return lines
