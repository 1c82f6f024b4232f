"""The scheduler against machines that lose orders, go out of reach, forget to answer and repeat themselves.

Whatever happens in between: no attempt starts twice, nothing is given that is not there, no run that was
acknowledged vanishes, what is over stays over, and once the faults heal every run settles.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.engine.making import SECOND, a_capacity, a_run, ended, needs
from workbench.domain.machines import Enrolled
from workbench.domain.run import Run, attempt_of
from workbench.domain.status import TERMINAL
from workbench.engine import seam
from workbench.engine.recovery import Recovery
from workbench.engine.scheduler import Outcome, State, adopt, step
from workbench.errors import Refused

CPUS, GPUS = 3, 2
SIZES = {"local": (CPUS, 0), "gpu3": (2, GPUS)}
"""CPUs and GPUs of each machine."""
names = st.sampled_from(sorted(SIZES))


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

    def stop(self, attempt: str) -> None:
        if self.fate.get(attempt) == "start":
            self.end(attempt, 143, "cancelled", 1)
        else:
            self.void(attempt)

    def running(self) -> list[str]:
        return sorted(attempt for attempt, fate in self.fate.items() if fate == "start")

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
        self.machines = {name: Machine() for name in SIZES}
        self.unreachable: set[str] = set()
        self.draining: set[str] = set()
        self.state = State()
        self.history: dict[str, Run] = {}
        self.count = 0
        self.now = 0
        for name in SIZES:
            self.up(name)

    def up(self, name: str) -> None:
        """The road leads there again: everything that is thought to be there is asked after."""
        self.unreachable.discard(name)
        self.machines[name].news.clear()
        self.feed(seam.MachineUp(name, a_capacity(*SIZES[name])))
        self.reconcile(name)

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
        if isinstance(effect, seam.Wake | seam.Collect) or self.losing or effect.machine in self.unreachable:
            return
        machine = self.machines[effect.machine]
        match effect:
            case seam.Launch():
                assert effect.machine not in self.draining, "a machine that drains gets nothing new"
                machine.launch([self.attempt(run) for run in effect.lane])
            case seam.Stop():
                machine.stop(effect.attempt)
            case seam.Fence():
                for attempt in effect.attempts:
                    machine.void(attempt)

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
        machine=st.sampled_from(["", "", "local"]),
    )
    def submit(
        self,
        count: int,
        cpus: int,
        gpus: int,
        priority: int,
        retries: int,
        sweep: bool,
        chain: bool,
        machine: str,
    ) -> None:
        if gpus:
            cpus, machine = min(cpus, SIZES["gpu3"][0]), ""
        need = replace(needs(cpus, gpus), machine=machine)
        runs = []
        for _ in range(count):
            self.count += 1
            run = a_run(self.count, need=need, priority=priority, retries=retries)
            runs.append(run)
        if sweep:
            runs = [a_run(run.seq, need=need, priority=priority, sweep=runs[0].id) for run in runs]
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

    @rule(data=st.data(), name=names, code=st.sampled_from([0, 0, 1]), seconds=st.sampled_from([0.001, 5.0]))
    def end(self, data: st.DataObject, name: str, code: int, seconds: float) -> None:
        machine = self.machines[name]
        if running := machine.running():
            machine.end(data.draw(st.sampled_from(running)), code, "exited", seconds)

    @rule(data=st.data(), name=names)
    def hear(self, data: st.DataObject, name: str) -> None:
        """Some of the news arrives, of different attempts in any order, some of it twice."""
        news = self.machines[name].news
        if news and name not in self.unreachable:
            index = data.draw(st.integers(0, len(news) - 1))
            attempt = _attempt_of(news[index])
            first = next(i for i, event in enumerate(news) if _attempt_of(event) == attempt)
            event = news.pop(first)
            self.feed(event)
            if data.draw(st.booleans()):
                self.feed(event)

    @rule(name=names)
    def cut(self, name: str) -> None:
        self.unreachable.add(name)
        self.feed(seam.MachineDown(name, "no route"))

    @rule(name=names)
    def heal(self, name: str) -> None:
        if name in self.unreachable:
            self.up(name)

    @rule(name=names, draining=st.booleans())
    def drain(self, name: str, draining: bool) -> None:
        (self.draining.add if draining else self.draining.discard)(name)
        self.feed(seam.Enrol(Enrolled(name, draining=draining)))

    @rule(name=names)
    def trust(self, name: str) -> None:
        self.feed(seam.Trust(name))

    @rule(name=names)
    def dismiss(self, name: str) -> None:
        """Only where nothing is there; then it is enrolled again."""
        if any(lane.machine == name for lane in self.state.lanes.values()):
            with pytest.raises(Refused):
                step(self.state, seam.Dismiss(name), self.now)
        else:
            self.feed(seam.Dismiss(name))
            self.feed(seam.Enrol(Enrolled(name, draining=name in self.draining)))
            self.up(name)

    @rule(lost=st.booleans())
    def wire(self, lost: bool) -> None:
        self.losing = lost

    @rule(data=st.data(), name=names)
    def vanish(self, data: st.DataObject, name: str) -> None:
        machine = self.machines[name]
        if running := machine.running():
            attempt = data.draw(st.sampled_from(running))
            machine.fate[attempt] = "exit"
            machine.news.append(seam.AttemptVanished(attempt, "killed"))
            machine.advance()

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
        self.losing = False
        for name in SIZES:
            self.feed(seam.Enrol(Enrolled(name, draining=name in self.draining)))
        for name in sorted(set(SIZES) - self.unreachable):
            self.up(name)

    def reconcile(self, name: str) -> None:
        for attempt in Recovery(self.state, None).on_machine(name):  # type: ignore[arg-type]
            self.feed(self.machines[name].ask(attempt))

    @precondition(lambda self: len(self.history) > 3)
    @rule()
    def everything_settles(self) -> None:
        self.losing = False
        self.draining.clear()
        for name in SIZES:
            self.feed(seam.Enrol(Enrolled(name)))
            self.feed(seam.Trust(name))
            self.heal(name)
        for id, run in list(self.state.runs.items()):
            if run.status.name == "held":
                self.feed(seam.Release(id, "bob"))
        for _ in range(20 * len(self.history) + 50):
            for name, machine in self.machines.items():
                machine.advance()
                news, machine.news = machine.news, []
                for event in news:
                    self.feed(event)
                self.reconcile(name)
                for attempt in machine.running():
                    machine.end(attempt, 0, "exited", 1)
            self.now += 700 * SECOND
            self.feed(seam.Tick())
            for id, run in list(self.state.runs.items()):
                if run.status.name == "held":
                    self.feed(seam.Release(id, "bob"))
            if not self.state.runs:
                break
        assert not self.state.runs, {run.name: run.status for run in self.state.runs.values()}
        assert all(run.status.name in TERMINAL for run in self.history.values())
        for seat in self.state.seats.values():
            assert (seat.cpus, seat.memory, seat.devices) == (0, 0, set())

    @invariant()
    def no_attempt_starts_twice(self) -> None:
        for machine in self.machines.values():
            assert all(count == 1 for count in machine.starts.values())

    @invariant()
    def nothing_is_given_twice(self) -> None:
        for name, seat in self.state.seats.items():
            lanes = {id(lane): lane for lane in self.state.lanes.values() if lane.machine == name}.values()
            devices = [uuid for lane in lanes for uuid in lane.share.devices]
            assert len(set(devices)) == len(devices) and set(devices) == seat.devices
            assert seat.cpus == sum(lane.share.cpus for lane in lanes)
            assert not seat.up or seat.cpus <= seat.capacity.cpus

    @invariant()
    def nothing_waits_that_could_start(self) -> None:
        """Beyond what is kept for others further ahead, as if every line and machine were looked at anew."""
        board, rooms = self.state.board, {name: seat.room() for name, seat in self.state.seats.items() if seat.open}
        for line in self.state.lines.heads():
            want = line.want
            fitting = [name for name, room in rooms.items() if room.fits(want.need)]
            suited = [name for name in fitting if board.seats[name].suits(want.need) and name != want.avoid]
            assert not suited, line
            if line.kept:
                rooms[line.kept].keep_for(want.need)

    @invariant()
    def memory_agrees_with_history(self) -> None:
        live = {id: run for id, run in self.history.items() if run.live}
        assert live == self.state.runs


def _attempt_of(event: seam.Event) -> str:
    return getattr(event, "attempt", "")


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
