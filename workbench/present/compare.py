"""Runs side by side as facts in sections: what differs first, what is equal apart. matrix.py lays them out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from workbench.domain.comparison import Comparison
from workbench.domain.goals import Aim
from workbench.domain.groups import seeds
from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.present.cells import Cell, Line
from workbench.present.numbers import metric, param
from workbench.present.runs import machine, time
from workbench.present.sanitise import clean
from workbench.present.status import status

NOTHING = Cell("–", "dim")
BASE = "◆"
"""Marks the run that the others are measured by."""


@dataclass(frozen=True, slots=True)
class View:
    """How a comparison is looked at."""

    base: int = 0
    """Index of the run that the others are measured by."""
    at: int = 0
    """Index of the run under the cursor."""
    best: bool = True
    """The best value of each metric, rather than its last."""
    deltas: bool = False
    """Metrics as differences to the base run's."""
    unfolded: bool = False
    """With what is equal."""
    metric: str = ""
    over: tuple[str, ...] = ()
    """Params that groups are averaged over; empty: the seeds, as far as their names tell."""

    def averaged(self, runs: Sequence[Run]) -> tuple[str, ...]:
        return self.over or seeds(runs)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that runs are compared by."""

    label: str
    cells: tuple[Cell, ...]
    """Of each run."""
    arrow: str = " "
    """Which way it is better: `↓`, `↑`, or a space."""
    key: str = ""
    """Of a metric."""


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True, slots=True)
class Sheet:
    names: tuple[str, ...]
    """Of the runs; clean."""
    sections: tuple[Section, ...]
    same: tuple[tuple[str, str], ...]
    """What is equal in all of them, and what it is."""


def sheet(comparison: Comparison, view: View, now: Micros) -> Sheet:
    """How the runs stand, then what differs of params, metrics and origins."""
    runs = comparison.runs
    state = {
        "status": tuple(status(run) for run in runs),
        "machine": tuple(machine(run) for run in runs),
        "time": tuple(time(run, now) for run in runs),
    }
    given, made = _params(runs), _origins(runs)
    called = Counter([*state, *given, *made, *comparison.metrics])
    twice = {key for key, times in called.items() if times > 1}
    params, same_params = _told({_apart("param", key, twice): said for key, said in given.items()}, view.base)
    origins, same_origins = _told(made, view.base)
    metrics, same_metrics = _measured(comparison, view, twice)
    title = "metrics, best" if view.best else "metrics, last"
    sections = (Section("params", params), Section(title, metrics), Section("made from", origins))
    stands = Section("", tuple(Fact(label, cells) for label, cells in state.items()))
    return _sheet(runs, (stands, *sections), (*same_params, *same_metrics, *same_origins))


def config_sheet(comparison: Comparison, view: View) -> Sheet:
    """What differs of what their code logged about itself."""
    texts = {key: [clean(text or "") for text in values] for key, values in comparison.config.items()}
    differing, same = _told(texts, view.base)
    return _sheet(comparison.runs, (Section("config", differing),), same)


def _sheet(runs: Sequence[Run], sections: Sequence[Section], same: Sequence[tuple[str, str]]) -> Sheet:
    names = tuple(clean(run.name) for run in runs)
    return Sheet(names, tuple(section for section in sections if section.facts), tuple(same))


Told = tuple[tuple[Fact, ...], tuple[tuple[str, str], ...]]
"""What differs, and what is equal."""


def _told(texts: Mapping[str, Sequence[str]], base: int) -> Told:
    """Of what each run says, "" where it says nothing."""
    differing, same = [], []
    for key, said in texts.items():
        if len(set(said)) == 1:
            same.append((clean(key), said[0]))
            continue
        cells = tuple(_said(text, text != said[base]) for text in said)
        differing.append(Fact(clean(key), cells))
    return tuple(differing), tuple(same)


def _said(text: str, other: bool) -> Cell:
    """A text that is not the base run's stands out."""
    return Cell(text or NOTHING.text, "accent" if other else "" if text else NOTHING.style)


def _apart(subject: str, key: str, twice: Collection[str]) -> str:
    """`lr`; `param.lr`, as filters have it, where something else is called that as well."""
    return f"{subject}.{key}" if key in twice else key


def _measured(comparison: Comparison, view: View, twice: Collection[str]) -> Told:
    differing, same = [], []
    for key, measured in comparison.metrics.items():
        label = clean(_apart("metric", key, twice))
        values = comparison.values(key, view.best)
        texts = {"" if value is None else metric(value) for value in values}
        if len(texts) == 1:
            same.append((label, texts.pop()))
            continue
        others = [None if index == view.base else values[view.base] for index in range(len(values))]
        pairs = zip(values, others, strict=True)
        cells = tuple(value_cell(value, base, measured.aim, view.deltas) for value, base in pairs)
        differing.append(Fact(label, cells, arrow(measured.aim), key))
    return tuple(differing), tuple(same)


def value_cell(value: float | None, base: float | None, aim: Aim | None, delta: bool = False) -> Cell:
    """A value of a metric; one that is better than the base run's is good."""
    if value is None:
        return NOTHING
    better = aim is not None and base is not None and aim.better(value, base)
    text = metric(value) if base is None or not delta else signed(value - base)
    return Cell(text, "good" if better else "")


def signed(difference: float) -> str:
    """`+0.0120`, `-3`, `0`."""
    return f"+{metric(difference)}" if difference > 0 else metric(difference)


def arrow(aim: Aim | None) -> str:
    return " " if aim is None else "↑" if aim.goal == "max" else "↓"


def better_words(aim: Aim | None) -> str:
    """`lower is better, by its name`."""
    if aim is None:
        return "nothing says which way is better: the last value stands for the best"
    way = "higher" if aim.goal == "max" else "lower"
    return f"{way} is better, " + ("as the project says" if aim.declared else "by its name")


def headline(comparison: Comparison, view: View, *, measured: bool = True) -> Line:
    """What the others are held against and, where metrics are shown, how the one that is looked at is read."""
    line = [Cell(f" {BASE} ", "title"), Cell(clean(comparison.runs[view.base].name), "strong")]
    if measured and view.metric in comparison.metrics:
        aim = comparison.metrics[view.metric].aim
        which = "best" if view.best else "last"
        line.append(Cell(f"   {f'{arrow(aim)} {clean(view.metric)}'.strip()}, {which}", "title"))
        if view.best:
            line.append(Cell(f"   {better_words(aim)}", "dim"))
    return tuple(line)


def _params(runs: Sequence[Run]) -> dict[str, list[str]]:
    keys = dict.fromkeys(key for run in runs for key in run.ask.params)
    return {key: [param(run.ask.params[key]) if key in run.ask.params else "" for run in runs] for key in keys}


def _origins(runs: Sequence[Run]) -> dict[str, list[str]]:
    tell: dict[str, Callable[[Run], str]] = {
        "command": lambda run: " ".join(clean(word) for word in run.ask.command),
        "code": code,
        "environment": lambda run: run.environment.id[:12] or "none",
        "project": lambda run: clean(run.project),
    }
    return {key: [say(run) for run in runs] for key, say in tell.items()}


def code(run: Run) -> str:
    """`41ab7c2f +3`: commit, and how many files differed from it."""
    if not run.code.commit:
        return run.code.snapshot[:8]
    return run.code.commit[:8] + (f" +{run.code.changes}" if run.code.changes else "")
