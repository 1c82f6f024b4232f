"""The mind: decides what runs where, remembers it, and only then lets it be done. Touches no machine."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from workbench.domain.events import Change
from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.engine import scheduler, seam
from workbench.engine.forecast import Past, look_ahead
from workbench.engine.outbox import Outbox
from workbench.engine.store.interface import Batch, MachineSample, Reading
from workbench.engine.waiting import Why, why
from workbench.errors import HistoryError, Refused

log = logging.getLogger(__name__)


def now() -> Micros:
    return time.time_ns() // 1000


def _is_for(effect: seam.Effect, ids: set[str]) -> bool:
    return isinstance(effect, seam.Launch) and effect.lane[0].id in ids


@dataclass(slots=True)
class Seen:
    """What the hands bring at one moment: events and what was read of metrics and machines."""

    events: list[seam.Event] = field(default_factory=list)
    readings: list[Reading] = field(default_factory=list)
    samples: list[MachineSample] = field(default_factory=list)


class Mind:
    """state: the scheduler's. perform: hands an effect to the hands; does not wait. publish: tells subscribers."""

    def __init__(
        self,
        outbox: Outbox,
        perform: Callable[[seam.Effect], None],
        publish: Callable[[Sequence[Change], Sequence[Reading]], None],
        clock: Callable[[], Micros] = now,
    ) -> None:
        self.state = scheduler.State()
        self._outbox = outbox
        self._perform = perform
        self._publish = publish
        self._clock = clock

    async def submit(
        self, submission: seam.Submit, changes: Sequence[Change], notices: Mapping[str, str] | None = None
    ) -> None:
        """Acknowledged means committed: the runs, where the first of them go, and who wants to hear of them, in one
        transaction.

        Raises HistoryError: then there are no such runs.
        """
        ids = {run.id for run in submission.runs}
        outcome = scheduler.step(self.state, submission, self._clock())
        ours = [*changes, *(change for change in outcome.changes if change.run.id in ids)]
        try:
            await self._outbox.write(Batch(changes=ours, notices=notices or {}), refusable=True)
        except HistoryError:
            undone = scheduler.step(self.state, seam.Withdraw(tuple(ids)), self._clock())
            others = [change for change in outcome.changes if change.run.id not in ids]
            kept = [effect for effect in outcome.effects if not _is_for(effect, ids)]
            await self._carry_out(scheduler.Outcome(others + undone.changes, kept + undone.effects), Seen())
            raise
        self._publish(ours, ())
        rest = [change for change in outcome.changes if change.run.id not in ids]
        await self._carry_out(scheduler.Outcome(rest, outcome.effects), Seen())

    async def command(self, command: seam.Command) -> None:
        """Raises Refused, with nothing changed."""
        outcome = scheduler.step(self.state, command, self._clock())
        await self._carry_out(outcome, Seen())

    async def absorb(self, seen: Seen) -> None:
        """What the hands saw, as one transaction; then what follows from it is done."""
        total = scheduler.Outcome()
        for event in seen.events:
            try:
                outcome = scheduler.step(self.state, event, self._clock())
            except Refused as problem:  # an echo of something long settled
                log.warning("ignored %s: %s", event, problem.message)
                continue
            total.changes += outcome.changes
            total.effects += outcome.effects
            total.asides |= outcome.asides
        await self._carry_out(total, seen)

    async def _carry_out(self, outcome: scheduler.Outcome, seen: Seen) -> None:
        if outcome.changes or outcome.asides or seen.readings or seen.samples:
            await self._outbox.write(Batch(outcome.changes, seen.readings, seen.samples, asides=outcome.asides))
            self._publish(outcome.changes, seen.readings)
        for effect in outcome.effects:
            self._perform(effect)

    def live(self, id: str) -> Run | None:
        """The run, if it is not over."""
        return self.state.runs.get(id)

    def reasons(self, runs: Sequence[Run], past: Past) -> list[Why]:
        """Why each of them waits, and when it is likely to start."""
        outlook = look_ahead(self.state, past, self._clock())
        return [why(self.state, self.state.runs.get(run.id, run), outlook) for run in runs]
