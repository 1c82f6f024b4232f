"""The tabs of a screen. Each draws itself and fetches what it needs, once it is in front and for as long as it is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, cast

from textual.containers import Vertical
from textual.widget import Widget

from workbench.client.mirror import Row
from workbench.screens.base import Panel
from workbench.screens.desk import Desk
from workbench.widgets.lines import Lines


class Turning(Protocol):
    """What can be scrolled by keys."""

    def turn(self, lines: int) -> None: ...

    def turn_page(self, direction: int) -> None: ...

    def turn_to(self, end: int) -> None:
        """Its beginning (0) or its end (1)."""
        ...


class Tab(Vertical, can_focus=True):
    """TITLE: what it is called. SCOPE: of the keys that it has for itself, in commands.py."""

    TITLE: ClassVar[str] = ""
    SCOPE: ClassVar[str] = ""
    DEFAULT_CSS = "Tab { height: 1fr; padding: 0 1; } Tab:focus { border: none; }"

    @property
    def desk(self) -> Desk:
        return cast(Desk, self.app)

    @property
    def panel(self) -> Panel:
        return cast(Panel, self.screen)

    @property
    def scopes(self) -> tuple[str, ...]:
        """Of the keys that it has for itself."""
        return (self.SCOPE,) if self.SCOPE else ()

    @property
    def keyed(self) -> Widget:
        """What has the keys while it is in front: itself, or a part of it."""
        return self

    @property
    def scrolled(self) -> Lines:
        return self.query(Lines).first()

    @property
    def turning(self) -> Turning:
        """What j and k scroll."""
        return self.scrolled

    def step_back(self) -> bool:
        """Out of one thing that was opened or asked for within the pane; False where nothing was."""
        return False

    def prompted(self, kind: str, text: str) -> None:
        """A line was typed that the pane had asked for."""

    async def fetch(self, verb: str, **params: Any) -> dict[str, Any] | None:
        return await self.panel.fetch(verb, **params)


class Pane(Tab):
    """One tab of a run."""

    def draw(self, row: Row, shown: Mapping[str, Any]) -> None:
        """Show the run as it is now. shown: the engine's last `show` of it, empty before the first.

        Called whenever something may have changed, while the pane is in front.
        """
