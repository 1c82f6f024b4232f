"""What the first screen would show, as plain lines: for `workbench` without a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.present.cells import cut, plain
from workbench.present.devices import Machine
from workbench.present.listing import Seen, sentence
from workbench.present.machines import summary
from workbench.present.numbers import metric
from workbench.present.runs import favourite, machine, params, time
from workbench.present.sanitise import clean
from workbench.present.status import counts, status
from workbench.present.text import table

NO_RUNS = ("No runs yet.", "", "Try    workbench demo", "or     workbench run -- python train.py")


def first_screen(
    rows: Sequence[tuple[Run, Mapping[str, float]]],
    numbers: Mapping[str, int],
    machines: Sequence[Machine],
    now: Micros,
    columns: int = 80,
    why: Mapping[str, str] | None = None,
    wished: str = "",
) -> list[str]:
    """Status line, the first rows of the queue, and what to type next.

    rows: runs with their last metrics, in queue order. numbers: status -> count. why: id -> why it waits. wished: the
    metric of their project.
    """
    status_line = "   ".join(part for part in (plain(summary(machines)), plain(counts(numbers))) if part.strip())
    lines = [cut(status_line, columns), ""] if status_line else []
    if not rows:
        return [*lines, *NO_RUNS]
    name = favourite((metrics for _, metrics in rows), wished)
    cells = [_row(run, Seen(metrics, (why or {}).get(run.id, "")), name, now) for run, metrics in rows]
    lines += table(("#", "run", "status", "machine", "time", name, "params"), cells, columns)
    hidden = sum(numbers.values()) - len(rows)
    if hidden > 0:
        lines += ["", f"and {hidden:,} more: workbench runs"]
    return lines


def _row(run: Run, seen: Seen, name: str, now: Micros) -> list[str]:
    instead, said = sentence(run, seen)
    value = seen.metrics.get(name)
    number = "" if instead or value is None else metric(value)
    lead = [str(run.seq), clean(run.name), status(run).text, machine(run).text, time(run, now).text]
    return [*lead, number, said.text if instead else params(run)]
