"""A list of runs: which columns it has, and a run as a row of them. What is equal in all rows has no column."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from workbench.domain.progress import Progress
from workbench.domain.run import Run
from workbench.domain.status import WAITING, Error, Lost
from workbench.domain.time import Micros
from workbench.domain.view import title_of
from workbench.present.cells import Cell, width
from workbench.present.columns import GAP, Column
from workbench.present.numbers import ago, metric, param
from workbench.present.progress import brief
from workbench.present.runs import machine, params, time, waiting
from workbench.present.sanitise import clean
from workbench.present.sparkline import sparkline, thin
from workbench.present.status import status

SPARK = 8
PICKED = 8, 14
"""Columns of the terminal that a picked metric or param takes, at least and at most."""
FIRST = 10
"""Those that the first of them is content with."""

_COLUMNS = {
    "seq": (9, Column("#", 6, right=True)),
    "name": (0, Column("run", 16, grows=2, most=34)),
    "user": (6, Column("user", 8)),
    "project": (8, Column("project", 10, grows=1, most=16)),
    "status": (0, Column("status", 12)),
    "machine": (1, Column("machine", 10, grows=1, most=14)),
    "seconds": (2, Column("time", 7, right=True)),
    "spark": (5, Column("", SPARK)),
    "params": (7, Column("params", 22, grows=3)),
    "submitted": (10, Column("submitted", 9)),
    "priority": (11, Column("prio", 4, right=True)),
}
"""By the name to sort by: what goes first where room is short has the greatest number."""
_UNSORTED = frozenset({"spark", "params", "metric."})
_METRIC, _MORE = 3, 4
"""Of the first picked column, and of the others."""


@dataclass(frozen=True, slots=True)
class Listing:
    """How a list of runs is laid out."""

    metric: str = ""
    """Shown where no columns were picked, and as a sparkline."""
    picked: tuple[str, ...] = ()
    """`metric.KEY`, `param.KEY`."""
    order: str = "queue"
    params: tuple[str, ...] = ()
    """Those that a row tells of: where they differ, only these."""
    users: bool = False
    """Whether there are several; so for the next two."""
    projects: bool = False
    priorities: bool = False

    def showing(self, metric: str, picked: tuple[str, ...] = (), order: str = "queue") -> Listing:
        """With these columns; metric: for where none are picked."""
        first = next((column.partition(".")[2] for column in picked if column.startswith("metric.")), "")
        return replace(self, metric=first if picked else metric, picked=picked, order=order)


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to show of a run beside the run itself."""

    metrics: Mapping[str, float]
    """key -> last value."""
    why: str = ""
    """Why it waits."""
    progress: Progress | None = None
    """How far the preparing of it has come."""
    trend: Sequence[float] = ()
    """Latest values of the metric shown."""


def listing(runs: Sequence[Run]) -> Listing:
    """For these runs: what differs among them."""
    return Listing(
        params=varying(runs),
        users=len({run.user for run in runs}) > 1,
        projects=len({run.project for run in runs}) > 1,
        priorities=len({run.ask.priority for run in runs}) > 1,
    )


def varying(runs: Sequence[Run]) -> tuple[str, ...]:
    """Params that are not the same in all of these; where all are, every one."""
    keys = dict.fromkeys(key for run in runs for key in run.ask.params)
    differ = tuple(key for key in keys if len({repr(run.ask.params.get(key)) for run in runs}) > 1)
    return differ or tuple(keys)


def columns(shown: Listing) -> tuple[Column, ...]:
    """Each is there as soon as it fits beside all that matter more."""
    ranked = [_column(key, shown) for key in _keys(shown)]
    taken, needs = -GAP, {}
    for _, index in sorted((rank, index) for index, (rank, _) in enumerate(ranked)):
        taken += ranked[index][1].width + GAP
        needs[index] = taken
    return tuple(replace(column, need=needs[index]) for index, (_, column) in enumerate(ranked))


def row(run: Run, seen: Seen, shown: Listing, now: Micros, marked: bool = False) -> tuple[Cell, ...]:
    """A cell for each column; fewer where a sentence takes the rest of the row: why it waits, what went wrong."""
    instead, said = sentence(run, seen)
    cells: list[Cell] = []
    for key in _keys(shown):
        if key == instead:
            return (*cells, said)
        cells.append(_cell(key, run, seen, shown, now, marked))
    return tuple(cells)


def edge(marked: bool, told: bool) -> Cell:
    """What stands before a row: the mark, which keys act on, before the sign of who wants to hear of its end."""
    return Cell("•", "marked") if marked else Cell("!", "accent") if told else Cell(" ")


def sentence(run: Run, seen: Seen) -> tuple[str, Cell]:
    """What there is to say instead of numbers, and the column from which on; "" where nothing is."""
    if run.status.name in WAITING:
        return "machine", Cell(waiting(run, seen.why), "dim")
    if run.status.name == "preparing" and seen.progress:
        return "seconds", Cell(brief(seen.progress), "dim")
    if isinstance(run.status, Error):
        return "machine", Cell(clean(run.status.reason), "bad")
    if isinstance(run.status, Lost):
        return "seconds", Cell(clean(run.status.reason), "bad")
    return "", Cell("")


def order_by(column: int, shown: Listing) -> str:
    """What this column of the list sorts by; "" where it tells of several things, or of nothing yet."""
    key = list(_keys(shown))[column]
    return "" if key in _UNSORTED else key


def _keys(shown: Listing) -> Iterable[str]:
    yield from ("seq", "name")
    if shown.users:
        yield "user"
    if shown.projects:
        yield "project"
    yield from ("status", "machine", "seconds")
    yield from shown.picked or (f"metric.{shown.metric}",)
    if shown.metric or not shown.picked:
        yield "spark"
    if not any(one.startswith("param.") for one in shown.picked):
        yield "params"
    yield "submitted"
    if shown.priorities:
        yield "priority"


def _column(key: str, shown: Listing) -> tuple[int, Column]:
    if known := _COLUMNS.get(key):
        rank, column = known
    else:
        subject = key.partition(".")[0]
        first = not shown.picked or key == shown.picked[0]
        title = clean(title_of(key, shown.picked) or "metric")
        least, most = PICKED
        wide = max(least, min(most, width(title) + 1))
        # A title that is cut tells more than no column; and the first one matters more than all of a long title.
        least = min(wide, FIRST) if first else wide
        column = Column(title, least, right=subject == "metric", grows=int(least < wide), most=wide)
        rank = _METRIC if first else _MORE
    if key == shown.order.removeprefix("-"):
        column = column.titled(f"{column.title}{'▾' if shown.order.startswith('-') else '▴'}")
    return rank, column


def _cell(key: str, run: Run, seen: Seen, shown: Listing, now: Micros, marked: bool) -> Cell:
    match key:
        case "seq":
            return Cell(str(run.seq), "dim")
        case "name":
            return Cell(clean(run.name), "marked" if marked else "strong" if run.live else "")
        case "user":
            return Cell(clean(run.user), "dim")
        case "project":
            return Cell(clean(run.project), "dim")
        case "status":
            return status(run)
        case "machine":
            return machine(run)
        case "seconds":
            return time(run, now)
        case "spark":
            return Cell(sparkline(thin(seen.trend, SPARK), SPARK) if run.active else "", "running")
        case "params":
            return Cell(params(run, shown.params), "dim")
        case "submitted":
            return Cell(ago(run.submitted, now), "dim")
        case "priority":
            return Cell(str(run.ask.priority or ""), "dim")
    subject, _, name = key.partition(".")
    if subject == "metric":
        return Cell(metric(seen.metrics[name]) if name in seen.metrics else "")
    return Cell(param(run.ask.params[name]) if name in run.ask.params else "", "dim")
