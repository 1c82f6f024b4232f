"""All that the mind knows of what is not over yet, and what one event brings."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field

from workbench.domain.events import Change
from workbench.domain.resources import Share
from workbench.domain.run import Run
from workbench.domain.time import SECOND, Micros
from workbench.engine import seam
from workbench.engine.board import Board
from workbench.engine.lines import Lines
from workbench.engine.seam import run_of
from workbench.engine.seats import Seat

LANE_PATIENCE = 1 * SECOND
"""A lane whose present run lasts longer gives back the others."""


@dataclass(slots=True)
class Lane:
    """A share of a machine, and the attempts that use it in turn."""

    machine: str
    share: Share
    attempts: list[str]
    """Those that are not over, in order: the first has started or is about to."""
    since: Micros
    """When the first was placed, or the one before it ended."""
    fenced: bool = False


@dataclass(slots=True)
class State:
    """All that the mind knows of what is not over yet."""

    board: Board = field(default_factory=Board)
    runs: dict[str, Run] = field(default_factory=dict)
    """Every run that is not over, by id."""
    lines: Lines = field(default_factory=Lines)
    """The queued ones that wait for nothing but their turn."""
    pending: dict[str, set[str]] = field(default_factory=dict)
    """run -> runs it comes after that are not over yet."""
    dependents: dict[str, set[str]] = field(default_factory=dict)
    delayed: list[tuple[Micros, str]] = field(default_factory=list)
    """A heap of retries that wait for their moment."""
    lanes: dict[str, Lane] = field(default_factory=dict)
    """attempt -> its lane."""
    pace: dict[str, float] = field(default_factory=dict)
    """sweep -> seconds that its runs take, lately."""

    @property
    def seats(self) -> dict[str, Seat]:
        return self.board.seats


@dataclass(slots=True)
class Outcome:
    changes: list[Change] = field(default_factory=list)
    effects: list[seam.Effect] = field(default_factory=list)
    asides: dict[str, str] = field(default_factory=dict)
    """Machine -> what is held against it from now on, "" where nothing is any more."""


def holders(state: State, machines: Collection[str]) -> list[str]:
    """Ids of the runs that have an attempt on one of these machines, or wait in a lane there."""
    return [run_of(attempt) for attempt, lane in state.lanes.items() if lane.machine in machines]
