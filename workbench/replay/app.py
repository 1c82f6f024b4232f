"""The terminal interface over a past night: the same screens, a clock that one sets, and nothing that acts."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from typing import ClassVar

from workbench import commands, personal
from workbench.app import Workbench
from workbench.link import Link
from workbench.personal import Personal
from workbench.present.cells import Cell, Line
from workbench.present.past import playing
from workbench.replay.night import Night
from workbench.replay.pace import Pace
from workbench.replay.road import PAST, Replay
from workbench.settings import load_user


class ReplayApp(Workbench):
    CSS_PATH = "../screens/base.tcss"
    BINDINGS = commands.bindings("replay")
    EVERYWHERE: ClassVar[tuple[str, ...]] = ("replay", "app")

    def __init__(
        self,
        night: Night,
        speed: int,
        *,
        screen: str = "queue",
        socket: str | None = None,
        mine: Personal | None = None,
    ) -> None:
        """speed: so much quicker than it was. socket: of the engine that remembers it, else the user's own."""
        self.replay = Replay(night, Link(socket), speed)
        super().__init__(screen, mine=mine, road=self.replay, clock=self.replay.now)

    @property
    def no_runs(self) -> Sequence[str]:
        soon, later = (self.keys.command(f"replay.{id}").shown for id in ("on", "hour_on"))
        return "No runs at this moment.", "", f"{soon}  goes on ten minutes", f"{later}  goes on an hour"

    @property
    def badge(self) -> Line:
        return (Cell(f" {playing(self.now(), self.replay.pace.speed, self._stands)} ", "marked"),)

    @property
    def _stands(self) -> str:
        """Why the clock does not go, "" where it does."""
        return "over" if self.replay.over else "paused" if self.replay.pace.paused else ""

    def footer(self, *scopes: str, idle: Collection[str] = ()) -> tuple[commands.Command, ...]:
        """The clock's keys first: most others would act."""
        return self.keys.footer("replay", *scopes, idle=idle)

    async def edit(self, run: str) -> None:
        self.say(PAST, trouble=True)

    def action_pause(self) -> None:
        self._set(Pace.toggled)

    def action_faster(self) -> None:
        self._set(Pace.faster)

    def action_slower(self) -> None:
        self._set(Pace.slower)

    def action_skip(self, minutes: int) -> None:
        self.replay.jump(minutes * 60)
        self._show()

    def _set(self, change: Callable[[Pace, float], Pace]) -> None:
        self.replay.pace = change(self.replay.pace, time.monotonic())
        self._show()

    def _show(self) -> None:
        for panel in self._panels()[-1:]:
            panel.draw_status()


def run_replay(night: Night, speed: int) -> int:
    """Play a night; the exit code when it is left. Raises ConfigError where config.toml is wrong."""
    load_user()
    return ReplayApp(night, speed, mine=personal.read()).run() or 0
