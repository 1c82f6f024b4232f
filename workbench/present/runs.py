"""What there is to say of a run: a word of it for lists, and the paragraphs of its own page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from workbench.domain.progress import Progress
from workbench.domain.resources import format_size
from workbench.domain.run import Run, attempt_of, end_of, seconds_run
from workbench.domain.status import Held, Running
from workbench.domain.time import Micros, format_duration
from workbench.domain.use import Use
from workbench.present.cells import Cell, Line
from workbench.present.numbers import ago, clock, param
from workbench.present.progress import told
from workbench.present.sanitise import clean
from workbench.present.status import status


def waiting(run: Run, why: str) -> str:
    if isinstance(run.status, Held):
        return clean(run.status.reason) or "held"
    return clean(why) or "waits its turn"


def machine(run: Run) -> Cell:
    """Where it is or was, with how many GPUs: `gpu3 ×2`."""
    attempt = attempt_of(run.status)
    if attempt is None:
        return Cell("")
    devices = len(attempt.share.devices)
    return Cell(clean(attempt.machine) + (f" ×{devices}" if devices else ""), "" if run.live else "dim")


def time(run: Run, now: Micros) -> Cell:
    seconds = seconds_run(run, now)
    return Cell(clock(seconds) if seconds is not None else "", "" if run.live else "dim")


def params(run: Run, only: Sequence[str] | None = None) -> str:
    """`lr 0.01  depth 6`; only: those that are told of."""
    given = run.ask.params
    keys = given if only is None else [key for key in only if key in given]
    return "  ".join(f"{clean(key)} {param(given[key])}" for key in keys)


def favourite(rows: Iterable[Mapping[str, float]], wished: str = "") -> str:
    """The metric that a list shows: the project's own where any row has it, else the one that most rows have."""
    seen = Counter(key for metrics in rows for key in metrics)
    if wished and (wished in seen or not seen):
        return wished
    if not seen:
        return "metric"
    return min(seen, key=lambda key: (-seen[key], "loss" not in key, key))


def headline(run: Run, now: Micros, progress: Progress | None = None) -> Line:
    """Status and the sentence that goes with it. progress: of the preparing."""
    glyph = status(run)
    attempt, end = attempt_of(run.status), end_of(run.status)
    seconds = seconds_run(run, now)
    words: list[str] = []
    if seconds is not None:
        words.append(("for " if run.live else "after ") + format_duration(seconds))
    if attempt:
        words.append(f"on {clean(attempt.machine)}")
    if isinstance(run.status, Running) and run.status.cancelled_by:
        words.append(f" cancelled by {clean(run.status.cancelled_by)}")
    if end and end.usage:
        words.append(f" peak {format_size(end.usage.peak_memory)}")
    if progress and run.status.name == "preparing":
        words.append(f" {told(progress)}")
    return glyph, Cell(("  " + " ".join(words)) if words else "", "")


Fact = tuple[str, str]
"""A label and what it says; both clean."""


def facts(run: Run, now: Micros, names: Mapping[str, str] | None = None) -> list[Fact]:
    """What there is to say of a run, one line each, params apart. names: of the runs that it comes after, by id."""
    need, share = run.ask.need, getattr(attempt_of(run.status), "share", None)
    wants = [f"{need.cpus} cpu"]
    if need.memory:
        wants.append(format_size(need.memory))
    if need.gpus:
        size = f" of {format_size(need.gpu_memory)}" if need.gpu_memory else ""
        wants.append(f"{need.gpus} gpu{size}")
    if need.machine:
        wants.append(f"only on {clean(need.machine)}")
    wants += [f"label {clean(label)}" for label in need.labels]
    if run.ask.time_limit:
        wants.append(f"at most {format_duration(run.ask.time_limit)}")
    said: list[Fact] = [
        ("run", f"{clean(run.name)}  #{run.seq}  {run.id}"),
        ("project", f"{clean(run.project)}  by {clean(run.user)}, {ago(run.submitted, now)}"),
        ("command", " ".join(clean(word) for word in run.ask.command)),
        ("needs", ", ".join(wants)),
    ]
    if share and share.devices:
        said.append(("devices", ", ".join(clean(device) for device in share.devices)))
    if run.ask.priority:
        said.append(("priority", str(run.ask.priority)))
    if run.ask.tags:
        said.append(("tags", ", ".join(clean(tag) for tag in run.ask.tags)))
    if run.ask.after:
        said.append(("after", ", ".join(clean((names or {}).get(id, id)) for id in run.ask.after)))
    if run.rerun_of:
        said.append(("rerun of", run.rerun_of))
    if run.attempts > 1:
        said.append(("attempts", f"{run.attempts}, {run.retried} of them retries"))
    return said


def uses(use: Use) -> Fact:
    """What it takes at present: `1.9 cores, 3.1 GB, GPU 71% 31 GB`."""
    said = f"{use.cores:.1f} cores, {format_size(use.memory)}"
    if use.gpus or use.gpu_memory:
        said += f", GPU {use.gpus * 100:.0f}% {format_size(use.gpu_memory)}"
    return "uses", said


def origins(run: Run) -> list[Fact]:
    """What a run came from: code and environment, as frozen at submit."""
    code, environment = run.code, run.environment
    said: list[Fact] = [("snapshot", code.snapshot[:12])]
    if code.commit:
        branch = f" on {clean(code.branch)}" if code.branch else ""
        said.append(("commit", code.commit[:12] + branch))
        files = "1 file" if code.changes == 1 else f"{code.changes} files"
        said.append(("changes", f"{files} not committed" if code.changes else "none: the commit as it is"))
    else:
        said.append(("commit", "not a git repository"))
    if environment.id:
        python = f", Python {clean(environment.python)}" if environment.python else ""
        said.append(("environment", f"{environment.id[:8]} from {clean(environment.origin)}{python}"))
    else:
        said.append(("environment", "none: the machine's own PATH"))
    said.append(("directory", f"{clean(run.directory)} ({clean(run.workdir)})"))
    return said
