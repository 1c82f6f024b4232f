"""What every screen has: a status line, a banner while the engine is away, a line to type in, a footer."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from typing import Any, ClassVar, cast

from textual.app import ComposeResult
from textual.screen import Screen
from textual.timer import Timer

from workbench.errors import EngineError, WorkbenchError
from workbench.messages import EngineConnected, EngineLost, SnapshotChanged
from workbench.present.cells import Cell
from workbench.screens.desk import Desk
from workbench.widgets.frugal import Frugal
from workbench.widgets.key_bar import KeyBar
from workbench.widgets.line import OneLine
from workbench.widgets.prompt import Prompt

WIDE, HUGE = 120, 160
REDRAW_SECONDS = 0.25
"""Between one picture and the next: no eye reads faster, and a slow line must carry it."""
CALM = 10
"""Seconds between two looks at a screen where nothing runs."""
SOON = 0.2
"""Seconds within which several reasons to fetch again become one."""


class Panel(Screen[None]):
    SCOPE: ClassVar[str] = ""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (WIDE, "-wide"), (HUGE, "-huge")]  # noqa: RUF012
    AUTO_FOCUS: ClassVar[str | None] = ".main"

    def __init__(self) -> None:
        super().__init__()
        self._compositor = Frugal()
        self._due: dict[str, Timer] = {}
        self._drawn_at = 0.0
        self._ticks = 0

    @property
    def desk(self) -> Desk:
        return cast(Desk, self.app)

    def compose(self) -> ComposeResult:
        yield OneLine(id="status")
        yield OneLine(id="banner")
        yield from self.body()
        yield Prompt()
        yield KeyBar()

    # What a screen fills in.

    def body(self) -> ComposeResult:
        yield from ()

    def redraw(self) -> None:
        """Show what the snapshot says now."""

    def refetch(self) -> None:
        """Ask the engine again for what the snapshot can't tell."""

    @property
    def title_text(self) -> str:
        return self.SCOPE

    @property
    def scopes(self) -> tuple[str, ...]:
        """Whose keys hold here besides the app's, the nearest first."""
        return self.SCOPE, "list"

    @property
    def idle(self) -> Collection[str]:
        """Ids of commands that have nothing to act on just now: the footer has room for others."""
        return ()

    def looked_at(self) -> Iterable[str]:
        """Ids of the runs that the snapshot should keep fresh."""
        return ()

    @property
    def run_here(self) -> str:
        """Id of the run under the cursor, "" where this screen has none."""
        return ""

    def prompted(self, kind: str, text: str) -> None:
        """A line was typed for this screen's own purpose."""

    # What they share.

    def soon(self, what: str, do: Callable[[], object], seconds: float = SOON) -> None:
        """Do it in a moment, once, however often it is asked for until then."""
        if what in self._due:
            return

        def due() -> None:
            self._due.pop(what, None)
            do()

        if seconds <= 0:
            due()
            return
        self._due[what] = self.set_timer(seconds, due)

    async def fetch(self, verb: str, **params: Any) -> dict[str, Any] | None:
        """The engine's answer; None where there is none, or nobody left here to show it to."""
        try:
            reply = await self.desk.ask(verb, **params)
        except WorkbenchError as problem:
            if self._here:
                self.refused(problem)
            return None
        return reply if self._here else None

    def refused(self, problem: WorkbenchError) -> None:
        """A fetch failed: the banner speaks for a lost engine, anything else is said once."""
        if not isinstance(problem, EngineError):
            self.desk.say(problem.message, trouble=True)

    @property
    def _here(self) -> bool:
        return self.is_attached and self.app.is_running

    def draw_status(self) -> None:
        self.query_one("#status", OneLine).show(self.desk.status_line(self.title_text, self.size.width))

    def draw_keys(self) -> None:
        self.query_one(KeyBar).offer(self.desk.footer(*self.scopes, idle=self.idle))

    def on_mount(self) -> None:
        self._clock = self.set_interval(1.0, self._tick, pause=True)

    def _tick(self) -> None:
        """Clocks of runs move each second; where none runs, only ages do."""
        self._ticks += 1
        if self._ticks % CALM == 0 or any(row.run.active for row in self.desk.snapshot.rows.values()):
            self._draw()

    def on_screen_suspend(self) -> None:
        """What lies under another screen stays still: Textual repaints the upper one for all that the lower is told."""
        self._clock.pause()

    def on_screen_resume(self) -> None:
        self._clock.resume()
        self._banner()
        self.draw_keys()
        self.draw_status()
        if self.desk.connected:
            self.refetch()
        self.redraw()

    def on_snapshot_changed(self, message: SnapshotChanged) -> None:
        """At once where it has been quiet, else with what else comes until then."""
        self.soon("redraw", self._draw, max(0.0, self._drawn_at + REDRAW_SECONDS - time.monotonic()))

    def _draw(self) -> None:
        if self.app.screen is not self:
            return
        self._drawn_at = time.monotonic()
        self.draw_status()
        self.redraw()

    def on_engine_connected(self, message: EngineConnected) -> None:
        self._banner()
        self.draw_status()
        self.refetch()

    def on_engine_lost(self, message: EngineLost) -> None:
        self._banner()

    def _banner(self) -> None:
        banner = self.query_one("#banner", OneLine)
        banner.display = bool(self.desk.trouble)
        banner.show((Cell(f" {self.desk.trouble}", "warn"),))

    async def action_back(self) -> None:
        if len(self.app.screen_stack) > 1:
            await self.app.pop_screen()

    # The line at the bottom.

    def on_prompt_submitted(self, message: Prompt.Submitted) -> None:
        message.stop()
        self.prompted(message.kind, message.text)

    def on_prompt_dismissed(self, message: Prompt.Dismissed) -> None:
        message.stop()
        self.close_prompt()

    def close_prompt(self) -> None:
        self.query_one(Prompt).close()
        self.set_focus(self.query(".main").first() if self.query(".main") else None)
