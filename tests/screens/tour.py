"""Every screen and every tab, and which keys lead a person there from the queue."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen
from textual.widgets import ContentSwitcher

from tests.screens.driver import Person
from tests.screens.made_up import World, a_team, many
from workbench import screens
from workbench.screens.base import Panel
from workbench.screens.compare import CompareScreen
from workbench.screens.machines import MachinesScreen
from workbench.screens.panes.overview import OverviewPane
from workbench.screens.panes.pane import Pane
from workbench.screens.projects import ProjectsScreen
from workbench.screens.queue import QueueScreen
from workbench.screens.run import PANES, RunScreen

Size = tuple[int, int]
SIZES: tuple[Size, ...] = ((80, 24), (120, 36), (200, 50))


@dataclass(frozen=True)
class Stop:
    name: str
    shows: type[Screen[Any]] | type[Pane]
    keys: tuple[str, ...] = ()
    world: Callable[[], World] = a_team
    sizes: tuple[Size, ...] = SIZES


def _one_run() -> World:
    """The first one that somebody ever submitted."""
    world = a_team()
    world.runs = dict([world.runs.popitem()])
    world.put(next(iter(world.runs.values())))
    return world


TOUR = (
    Stop("queue", QueueScreen),
    Stop("queue-empty", QueueScreen, world=World, sizes=SIZES[:1]),
    Stop("queue-of-one", QueueScreen, world=_one_run, sizes=SIZES[:2]),
    Stop("queue-of-10000", QueueScreen, ("G",), lambda: many(10_000), SIZES[1:2]),
    Stop("queue-marked", QueueScreen, (" ", " ", "v", "j", "j")),
    Stop("filter", QueueScreen, ("/", "s"), sizes=SIZES[:2]),
    Stop("projects", ProjectsScreen, ("1",)),
    Stop("machines", MachinesScreen, ("3", "j")),
    *(
        Stop(f"run-{pane.TITLE}", pane, ("enter",), sizes=SIZES[:1] if pane is OverviewPane else SIZES)
        for pane in PANES
    ),
    Stop("compare", CompareScreen, (" ", " ", " ", "G", "k", " ", "=")),
)


async def go(person: Person, stop: Stop) -> None:
    """There, from where the app opens."""
    for key in stop.keys:
        await person.settle()
        await person.press(key)
    if issubclass(stop.shows, Pane):
        await person.until(lambda: isinstance(person.app.screen, RunScreen), "the run")
        await person.settle()
        for _ in PANES:
            if person.app.screen.query_one(ContentSwitcher).current == stop.shows.TITLE:
                return
            await person.press("]")
        raise AssertionError(f"no tab is {stop.shows.TITLE}")
    await person.until(lambda: isinstance(person.app.screen, stop.shows), stop.name)


def kinds() -> set[type[Any]]:
    """Everything that fills a screen or a tab of one, by their classes."""
    for module in pkgutil.walk_packages(screens.__path__, f"{screens.__name__}."):
        importlib.import_module(module.name)
    return {kind for base in (Panel, Pane) for kind in _below(base) if kind.__module__.startswith("workbench.")}


def _below(kind: type[Any]) -> Iterator[type[Any]]:
    """Those that nothing is derived from: what is shown."""
    for below in kind.__subclasses__():
        if below.__subclasses__():
            yield from _below(below)
        else:
            yield below
