"""Runs side by side: what differs first, what is equal folded into one line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.present.cells import Cell
from workbench.present.columns import GAP, Column
from workbench.present.numbers import metric, param
from workbench.present.runs import machine, time
from workbench.present.sanitise import clean
from workbench.present.status import status

Row = tuple[Cell, ...]
Facts = Mapping[str, Sequence[str]]
"""What is compared -> what each run says, as text; "" where it says nothing."""
KEY, VALUE = 14, 15
END = Cell("")
"""Ends a row of values: without it the last one would take the rest of the line."""


def shown(count: int, first: int, width: int) -> slice:
    """Which of so many runs fit side by side, from the run `first` on."""
    return slice(first, min(count, first + max(1, (width - KEY - 2 * GAP) // (VALUE + GAP))))


def columns(names: Sequence[str]) -> tuple[Column, ...]:
    """A column for what is compared, and one for each of the runs that are shown."""
    runs = [Column(clean(name), VALUE, grows=1, most=24, right=True) for name in names]
    return (Column("", KEY, grows=1, most=20), *runs, Column("", 0, grows=1))


def rows(
    runs: Sequence[Run],
    metrics: Mapping[str, Sequence[float | None]],
    now: Micros,
    *,
    part: slice = slice(None),
    unfolded: bool = False,
) -> list[Row]:
    """Sections of what differs: the runs themselves, params, metrics, origins; then what is equal.

    All runs are compared; the cells are those of the `part` that is shown.
    """
    about = [
        (Cell("status", "dim"), *(status(run) for run in runs[part]), END),
        (Cell("machine", "dim"), *(machine(run) for run in runs[part]), END),
        (Cell("time", "dim"), *(time(run, now) for run in runs[part]), END),
    ]
    lines: list[Row] = [*about, (END,)]
    same: list[tuple[str, str]] = []
    for title, facts in (("params", _params(runs)), ("metrics", _metrics(metrics)), ("made from", _origins(runs))):
        differing = {key: texts for key, texts in facts.items() if len(set(texts)) > 1 or len(texts) == 1}
        same += [(key, texts[0]) for key, texts in facts.items() if key not in differing]
        if differing:
            lines.append((Cell(title, "title"),))
            lines += [_row(key, texts[part]) for key, texts in differing.items()]
            lines.append((END,))
    return [*lines, *_equal(same, unfolded)]


def _params(runs: Sequence[Run]) -> Facts:
    keys = dict.fromkeys(key for run in runs for key in run.ask.params)
    return {key: [param(run.ask.params[key]) if key in run.ask.params else "" for run in runs] for key in keys}


def _metrics(metrics: Mapping[str, Sequence[float | None]]) -> Facts:
    return {key: ["" if one is None else metric(one) for one in values] for key, values in metrics.items()}


def _origins(runs: Sequence[Run]) -> Facts:
    return {
        "command": [" ".join(clean(word) for word in run.ask.command) for run in runs],
        "code": [_code(run) for run in runs],
        "environment": [run.environment.id[:12] or "none" for run in runs],
        "project": [clean(run.project) for run in runs],
    }


def _code(run: Run) -> str:
    """`41ab7c2 +3`: commit, and how many files differed from it."""
    if not run.code.commit:
        return run.code.snapshot[:8]
    return run.code.commit[:8] + (f" +{run.code.changes}" if run.code.changes else "")


def _row(key: str, texts: Sequence[str]) -> Row:
    return (Cell("  " + clean(key), "dim"), *(Cell(text or "–", "" if text else "dim") for text in texts), END)


def _equal(same: Sequence[tuple[str, str]], unfolded: bool) -> list[Row]:
    if not same:
        return []
    if not unfolded:
        return [(Cell(f"▸ {len(same)} equal", "dim"), Cell(", ".join(clean(key) for key, _ in same), "dim"))]
    lines: list[Row] = [(Cell(f"▾ {len(same)} equal", "dim"),)]
    return lines + [(Cell("  " + clean(key), "dim"), Cell(text, "dim")) for key, text in same]
