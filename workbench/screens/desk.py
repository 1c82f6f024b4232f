"""What a screen may ask of the app. Screens know this and nothing else of it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Protocol

from workbench.client.mirror import Snapshot
from workbench.commands import Command
from workbench.domain.run import Run
from workbench.domain.time import Micros
from workbench.domain.view import View
from workbench.keymap import Keymap
from workbench.left import Left
from workbench.present.cells import Line
from workbench.screens.undo import Step


class Desk(Protocol):
    snapshot: Snapshot
    marks: dict[str, str]
    """Marked runs: id -> name."""
    numbers: dict[str, int]
    """status -> how many runs there are."""

    @property
    def keys(self) -> Keymap: ...

    def footer(self, *scopes: str, idle: Collection[str] = ()) -> tuple[Command, ...]:
        """What a footer shows where these scopes hold, the nearest first; without the commands of these ids."""
        ...

    @property
    def no_runs(self) -> Sequence[str]:
        """What a list says that has none: a heading, and what to do next."""
        ...

    user: str
    """Who sits here."""
    left: Left
    """Where opening again leads."""

    @property
    def views(self) -> Mapping[str, View]:
        """Those that have names."""
        ...

    @property
    def trouble(self) -> str:
        """What keeps us from the engine, a sentence; "" while nothing does."""
        ...

    @property
    def connected(self) -> bool: ...

    def now(self) -> Micros: ...

    def status_line(self, title: str, columns: int) -> Line: ...

    async def ask(self, verb: str, **params: Any) -> dict[str, Any]:
        """The engine's answer. Raises WorkbenchError."""
        ...

    async def act(self, cli: str, verb: str, **params: Any) -> dict[str, Any] | None:
        """Do what a key stands for: noted in the log of commands, refusals shown. None where it was refused."""
        ...

    def did(self, step: Step) -> None:
        """Something that may be taken back, or not."""
        ...

    async def undo(self) -> None: ...

    def note_command(self, cli: str) -> None: ...

    def learn(self, page: Mapping[str, Any]) -> None:
        """Rows of a `runs` reply, for the snapshot."""
        ...

    def learn_trends(self, reply: Mapping[str, Any]) -> None: ...

    def learn_reasons(self, reasons: Mapping[str, str]) -> None:
        """Why runs wait: id -> text."""
        ...

    def learn_wish(self, runs: Iterable[str], wanted: bool) -> None:
        """Whether somebody wants to be told of the ends of these runs."""
        ...

    def say(self, text: str, trouble: bool = False) -> None:
        """A passing word to the person."""
        ...

    def show_run(self, run: str) -> None:
        """Open a run's page, once the engine knows it by this name."""
        ...

    async def show_runs(self, filter: str = "", project: str = "") -> None: ...

    async def show_comparison(self, runs: list[str]) -> None: ...

    async def edit(self, run: str) -> None: ...

    async def open_file(self, run: Run, name: str, text: bool) -> None:
        """An artifact, with whatever shows its kind. text: a pager does."""
        ...

    async def copy(self, text: str, called: str = "") -> None:
        """Into the clipboard. called: what to say was copied, where the text itself is too long for that."""
        ...
