"""The keys that do something to runs, for every screen that shows some."""

from __future__ import annotations

import shlex
from functools import partial

from workbench.domain.run import Run
from workbench.present.sanitise import clean
from workbench.screens import actions
from workbench.screens.base import Panel
from workbench.screens.errand import errand


class ActingPanel(Panel):
    @property
    def run(self) -> Run | None:
        """The run under the cursor."""
        return None

    async def chosen(self) -> list[Run]:
        """Those that a key is meant for: of one run's page that run, of a list the marked ones."""
        return [self.run] if self.run else []

    @property
    def run_here(self) -> str:
        return self.run.id if self.run else ""

    async def action_cancel(self) -> None:
        if runs := await self.chosen():
            errand(self, partial(actions.cancel, self, self.desk, runs))

    async def action_rerun(self) -> None:
        if runs := await self.chosen():
            errand(self, partial(actions.rerun, self, self.desk, runs))

    async def action_hold(self) -> None:
        if runs := await self.chosen():
            errand(self, partial(actions.hold_or_release, self, self.desk, runs))

    async def action_tell(self) -> None:
        if runs := await self.chosen():
            errand(self, partial(actions.notify, self.desk, runs))

    def action_undo(self) -> None:
        errand(self, self.desk.undo)

    async def action_edit(self) -> None:
        if self.run:
            await actions.edit(self.desk, self.run)

    async def action_copy(self) -> None:
        if self.run:
            await self.desk.copy(self.run.id)

    async def action_copy_rerun(self) -> None:
        if self.run:
            await self.desk.copy(f"workbench rerun {shlex.quote(clean(self.run.name))}")
