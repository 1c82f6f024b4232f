"""Where `:` leads: every place that there is, and those that fit what was typed. Pure.

machines            a screen, a machine, a run, a project: by some of its letters
machines gpu3       the same among machines; so for runs, run, projects
runs loss<0.3 @gpu3 the runs that fit a filter
compare a b         runs side by side
"""

from __future__ import annotations

import difflib
import heapq
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.client.mirror import Snapshot
from workbench.domain import fuzzy
from workbench.domain.view import View

Kind = Literal["screen", "view", "run", "machine", "project", "runs", "compare"]

SHOWN = 8
"""Places that are listed at once."""
RUNS = 1000
"""Runs among which letters are looked for; the engine knows the others by how their names begin."""
_ONE = {"run": "run", "show": "run", "machine": "machine", "machines": "machine", "project": "project"}
_ONE["projects"] = "project"
"""What narrows the search to one kind of place."""
_REFERENCE = re.compile(r"[\w.-]+")


@dataclass(frozen=True, slots=True)
class Place:
    kind: Kind
    name: str
    """What one types to come here."""
    about: str = ""
    target: str = ""
    """Of a screen its name, of a run its id, of others what the screen is to show."""
    number: int = 0
    """Of a run, by which it may be asked for, too."""


@dataclass(frozen=True, slots=True)
class Found:
    place: Place
    at: tuple[int, ...] = ()
    """Letters of its name that were asked for."""


SCREENS = (
    Place("screen", "queue", "every run", "queue"),
    Place("screen", "runs", "every run", "queue"),
    Place("screen", "machines", "load, GPUs and who holds them", "machines"),
    Place("screen", "projects", "goal, counts, best result", "projects"),
    Place("screen", "compare", "the marked runs side by side", "compare"),
    Place("screen", "keys", "the keys of this screen", "keys"),
    Place("screen", "commands", "the command lines that your keys stood for", "commands"),
    Place("screen", "quit", "leave; everything keeps running", "quit"),
)


def places(
    snapshot: Snapshot, projects: Iterable[Mapping[str, Any]] = (), views: Mapping[str, View] | None = None
) -> list[Place]:
    """All that is known here; of runs the newest that somebody looked at. views: those that have names."""
    named = [Place("view", name, view.filter or "every run", name) for name, view in (views or {}).items()]
    machines = [Place("machine", one["name"], one["status"], one["name"]) for one in snapshot.machines]
    known = [Place("project", one["name"], "its runs", one["name"]) for one in projects]
    runs = heapq.nlargest(RUNS, (row.run for row in snapshot.rows.values()), key=lambda run: run.seq)
    return [
        *SCREENS,
        *named,
        *machines,
        *known,
        *(Place("run", run.name, f"{run.status.name}  {run.project}", run.id, run.seq) for run in runs),
    ]


def find(text: str, known: Sequence[Place]) -> list[Found]:
    """What fits best, at most SHOWN."""
    text = text.strip().lstrip(":").strip()
    verb, _, rest = text.partition(" ")
    rest = rest.strip()
    if not text:
        return [Found(place) for place in known[:SHOWN]]
    if not rest:
        return _ranked(text, known)
    if verb in ("runs", "queue"):
        return [Found(Place("runs", f"runs {rest}", "the runs that fit", rest))]
    if verb == "compare":
        return _comparison(rest.split(), known)
    if kind := _ONE.get(verb):
        return _ranked(rest, [place for place in known if place.kind == kind])
    return _ranked(text, known)


def reference(text: str) -> str:
    """The beginning of a run's name that the engine may know and we don't, "" where nothing of the kind is typed."""
    words = text.strip().lstrip(":").split()
    if not words or words[0] in ("runs", "queue", "machine", "machines", "project", "projects"):
        return ""
    if len(words) > 1 and words[0] not in ("run", "show", "compare"):
        return ""
    return words[-1] if _REFERENCE.fullmatch(words[-1]) else ""


def _ranked(asked: str, known: Sequence[Place]) -> list[Found]:
    """By letters, before them the run of that number; where a letter was mistyped, by likeness."""
    names = [one.name for one in known]
    numbered = [Found(one) for one in known if one.kind == "run" and str(one.number) == asked]
    by_letters = [Found(known[index], way.at) for index, way in fuzzy.rank(asked, names, SHOWN)]
    if found := numbered + [one for one in by_letters if not numbered or one.place != numbered[0].place]:
        return found[:SHOWN]
    close = difflib.get_close_matches(asked, names, SHOWN)
    return [Found(next(one for one in known if one.name == name)) for name in dict.fromkeys(close)]


def _comparison(names: Sequence[str], known: Sequence[Place]) -> list[Found]:
    """The runs as typed; the last one, while it is being typed, as it may go on."""
    *before, last = names
    runs = {place.name: place for place in known if place.kind == "run"}
    whole = last in runs or last.isdecimal()
    ends = [last] if whole else [found.place.name for found in _ranked(last, list(runs.values()))] or [last]
    return [
        Found(Place("compare", " ".join(["compare", *before, end]), "side by side", " ".join([*before, end])))
        for end in ends
    ]
