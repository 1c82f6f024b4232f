"""The scheduler against a machine that loses orders, forgets to answer and repeats itself.

Whatever happens in between: no attempt starts twice, nothing is given that is not there, no run that was
acknowledged vanishes, what is over stays over, and once the faults heal every run settles.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine.making import SECOND, a_capacity, a_run, ended, needs
from workbench.domain.run import Run, attempt_of
from workbench.domain.status import TERMINAL
from workbench.engine import seam
from workbench.engine.recovery import Recovery
from workbench.engine.scheduler import Outcome, State, adopt, step
from workbench.errors import Refused

CPUS, GPUS = 3, 2


@dataclass
class Machine:
    """The far end: fates decided once, lanes that run one attempt after another."""

    fate: dict[str, str] = field(default_factory=dict)
    """attempt -> void, start or exit"""
    lanes: list[list[str]] = field(default_factory=list)
    starts: dict[str, int] = field(default_factory=dict)
    news: list[seam.Event] = field(default_factory=list)

    def launch(self, attempts: list[str]) -> None:
        self.lanes.append(list(attempts))
        self.advance()

    def advance(self) -> None:
        """Every lane starts its next, if nothing of it runs."""
        for lane in self.lanes:
            while lane and self.fate.get(lane[0]) != "start":
                if self.fate.get(lane[0]) in ("void", "exit"):
                    lane.pop(0)
                    continue
                self.fate[lane[0]] = "start"
                self.starts[lane[0]] = self.starts.get(lane[0], 0) + 1
                self.news.append(seam.AttemptStarted(lane[0], 1))

    def void(self, attempt: str) -> None:
        if self.fate.setdefault(attempt, "void") == "void":
            self.news.append(seam.AttemptFenced(attempt))

    def end(self, attempt: str, code: int, reason: str, seconds: float) -> None:
        self.fate[attempt] = "exit"
        self.news.append(ended(attempt, code, reason, seconds))
        self.advance()

    def ask(self, attempt: str) -> seam.Event:
        """What became of it, as the machine's files tell."""
        match self.fate.get(attempt):
            case None:
                return seam.AttemptAbsent(attempt)
            case "void":
                return seam.AttemptFenced(attempt)
            case "start":
                return seam.AttemptStarted(attempt, 1)
            case _:
                return ended(attempt)


class Model(RuleBasedStateMachine):
    @initialize()
    def begin(self) -> None:
        self.machine = Machine()
        self.state = State()
        self.history: dict[str, Run] = {}
        self.count = 0
        self.now = 0
        self.feed(seam.MachineUp("local", a_capacity(CPUS, GPUS)))

    def feed(self, event: seam.Event | seam.Command) -> None:
        self.now += 1
        try:
            self.carry_out(step(self.state, event, self.now))
        except Refused:
            pass

    def carry_out(self, outcome: Outcome) -> None:
        for change in outcome.changes:
            before = self.history[change.run.id]
            assert before.status.name not in TERMINAL, "what is over stays over"
            self.history[change.run.id] = change.run
        for effect in outcome.effects:
            self.perform(effect)

    def perform(self, effect: seam.Effect) -> None:
        match effect:
            case seam.Launch():
                if not self.losing:
                    self.machine.launch([self.attempt(run) for run in effect.lane])
            case seam.Stop():
                if not self.losing:
                    self.stop(effect.attempt)
            case seam.Fence():
                if not self.losing:
                    for attempt in effect.attempts:
                        self.machine.void(attempt)

    def stop(self, attempt: str) -> None:
        if self.machine.fate.get(attempt) == "start":
            self.machine.end(attempt, 143, "cancelled", 1)
        else:
            self.machine.void(attempt)

    def attempt(self, run: Run) -> str:
        attempt = attempt_of(run.status)
        assert attempt is not None
        return seam.attempt_id(run.id, attempt.number)

    losing = False

    @rule(
        count=st.integers(1, 6),
        cpus=st.integers(1, CPUS),
        gpus=st.integers(0, GPUS),
        priority=st.integers(-1, 1),
        retries=st.integers(0, 1),
        sweep=st.booleans(),
        chain=st.booleans(),
    )
    def submit(self, count: int, cpus: int, gpus: int, priority: int, retries: int, sweep: bool, chain: bool) -> None:
        runs = []
        for _ in range(count):
            self.count += 1
            run = a_run(self.count, need=needs(cpus, gpus), priority=priority, retries=retries)
            runs.append(run)
        if sweep:
            runs = [a_run(run.seq, need=needs(cpus, gpus), priority=priority, sweep=runs[0].id) for run in runs]
        after = list(self.state.runs)[:1] if chain else []
        pending = {run.id: frozenset(after) for run in runs} if after else {}
        self.history.update({run.id: run for run in runs})
        self.feed(seam.Submit(tuple(runs), pending))

    @rule(count=st.integers(1, 4), cpus=st.integers(1, CPUS))
    def submit_that_cannot_be_written(self, count: int, cpus: int) -> None:
        runs = [a_run(self.count + index + 1, need=needs(cpus)) for index in range(count)]
        self.count += count
        ids = tuple(run.id for run in runs)
        outcome = step(self.state, seam.Submit(tuple(runs), {}), self.now)
        undone = step(self.state, seam.Withdraw(ids), self.now)
        others = [change for change in outcome.changes if change.run.id not in ids]
        kept = [e for e in outcome.effects if not (isinstance(e, seam.Launch) and e.lane[0].id in ids)]
        self.carry_out(Outcome(others + undone.changes, kept + undone.effects))

    @rule(data=st.data(), verb=st.sampled_from([seam.Hold, seam.Release, seam.Cancel]))
    def command(self, data: st.DataObject, verb: type[seam.Hold] | type[seam.Release] | type[seam.Cancel]) -> None:
        if self.history:
            self.feed(verb(data.draw(st.sampled_from(sorted(self.history))), "bob"))

    @rule(data=st.data(), position=st.floats(-5, 5))
    def move(self, data: st.DataObject, position: float) -> None:
        if self.history:
            self.feed(seam.Move(data.draw(st.sampled_from(sorted(self.history))), position, "bob"))

    @rule(data=st.data(), code=st.sampled_from([0, 0, 1]), seconds=st.sampled_from([0.001, 5.0]))
    def end(self, data: st.DataObject, code: int, seconds: float) -> None:
        running = sorted(attempt for attempt, fate in self.machine.fate.items() if fate == "start")
        if running:
            self.machine.end(data.draw(st.sampled_from(running)), code, "exited", seconds)

    @rule(data=st.data())
    def hear(self, data: st.DataObject) -> None:
        """Some of the news arrives, of different attempts in any order, some of it twice."""
        if self.machine.news:
            index = data.draw(st.integers(0, len(self.machine.news) - 1))
            attempt = _attempt_of(self.machine.news[index])
            first = next(i for i, event in enumerate(self.machine.news) if _attempt_of(event) == attempt)
            event = self.machine.news.pop(first)
            self.feed(event)
            if data.draw(st.booleans()):
                self.feed(event)

    @rule(lost=st.booleans())
    def wire(self, lost: bool) -> None:
        self.losing = lost

    @rule(data=st.data())
    def vanish(self, data: st.DataObject) -> None:
        running = sorted(attempt for attempt, fate in self.machine.fate.items() if fate == "start")
        if running:
            attempt = data.draw(st.sampled_from(running))
            self.machine.fate[attempt] = "exit"
            self.machine.news.append(seam.AttemptVanished(attempt, "killed"))
            self.machine.advance()

    @rule()
    def tick(self) -> None:
        self.now += 700 * SECOND
        self.feed(seam.Tick())

    @rule()
    def engine_crash(self) -> None:
        """Memory is gone; history and the machine are not."""
        self.state = State()
        live = [run for run in self.history.values() if run.live]
        ids = {run.id for run in live}
        adopt(self.state, live, {run.id: frozenset(set(run.ask.after) & ids) for run in live})
        self.machine.news.clear()
        self.losing = False
        self.feed(seam.MachineUp("local", a_capacity(CPUS, GPUS)))
        self.reconcile()

    def reconcile(self) -> None:
        for attempt in Recovery(self.state, None).on_machine("local"):  # type: ignore[arg-type]
            self.feed(self.machine.ask(attempt))

    @precondition(lambda self: len(self.history) > 3)
    @rule()
    def everything_settles(self) -> None:
        self.losing = False
        for id, run in list(self.state.runs.items()):
            if run.status.name == "held":
                self.feed(seam.Release(id, "bob"))
        for _ in range(20 * len(self.history) + 50):
            self.machine.advance()
            news, self.machine.news = self.machine.news, []
            for event in news:
                self.feed(event)
            self.reconcile()
            for attempt in [attempt for attempt, fate in self.machine.fate.items() if fate == "start"]:
                self.machine.end(attempt, 0, "exited", 1)
            self.now += 700 * SECOND
            self.feed(seam.Tick())
            for id, run in list(self.state.runs.items()):
                if run.status.name == "held":
                    self.feed(seam.Release(id, "bob"))
            if not self.state.runs:
                break
        assert not self.state.runs, {run.name: run.status for run in self.state.runs.values()}
        assert all(run.status.name in TERMINAL for run in self.history.values())
        seat = self.state.seats["local"]
        assert (seat.cpus, seat.memory, seat.devices) == (0, 0, set())

    @invariant()
    def no_attempt_starts_twice(self) -> None:
        if hasattr(self, "machine"):
            assert all(count == 1 for count in self.machine.starts.values())

    @invariant()
    def nothing_is_given_twice(self) -> None:
        if not hasattr(self, "state"):
            return
        seat = self.state.seats.get("local")
        if seat is not None:
            lanes = {id(lane): lane for lane in self.state.lanes.values()}.values()
            devices = [uuid for lane in lanes for uuid in lane.share.devices]
            assert len(set(devices)) == len(seat.devices)
            assert seat.cpus == sum(lane.share.cpus for lane in lanes)

    @invariant()
    def memory_agrees_with_history(self) -> None:
        if hasattr(self, "history"):
            live = {id: run for id, run in self.history.items() if run.live}
            assert live == self.state.runs


def _attempt_of(event: seam.Event) -> str:
    return getattr(event, "attempt", "")


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
