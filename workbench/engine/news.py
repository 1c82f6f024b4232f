"""What subscribers hear: changes of runs, metrics, why runs wait, what machines do. What nobody hears is not made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any

from workbench.domain.events import Change
from workbench.domain.notice import Notice
from workbench.domain.progress import Progress
from workbench.engine.server import Server
from workbench.engine.store.interface import Reading
from workbench.protocol.messages import number_out
from workbench.protocol.runs import run_out

TOGETHER = 500
"""Changes in one notification at most: it has to fit a frame."""
WAITS_EVERY = 0.5
"""Seconds between tellings of why runs wait, while that changes."""
PROGRESS_EVERY = 0.25
"""Seconds between tellings of how far the preparing of runs has come."""
WAITS_SHARE = 20
"""With very many machines this is rarer: one part in so many of our time goes into it."""


class News:
    """reasons: run -> why it waits, of those at the head of the queue. machine: one as protocol.shapes.MachineView."""

    def __init__(
        self, server: Server, reasons: Callable[[], dict[str, str]], machine: Callable[[str], dict[str, Any]]
    ) -> None:
        self._server = server
        self._reasons = reasons
        self._machine = machine
        self.under_way: dict[str, Progress] = {}
        """Of runs that are being prepared."""
        self._untold: set[str] = set()
        self._progress_due: asyncio.TimerHandle | None = None
        self._waits_due: asyncio.TimerHandle | None = None
        self._waits_every = WAITS_EVERY

    def happened(self, changes: Sequence[Change]) -> None:
        for change in changes:
            if change.run.status.name != "preparing":
                self.under_way.pop(change.run.id, None)
        if changes and self._server.subscribed("runs"):
            for start in range(0, len(changes), TOGETHER):
                told = [
                    {"kind": change.kind.value, "at": change.at, "by": change.by, "run": run_out(change.run)}
                    for change in changes[start : start + TOGETHER]
                ]
                self._server.publish("runs", "changed", {"changes": told})
        if changes and self._server.subscribed("waits") and self._waits_due is None:
            self._waits_due = asyncio.get_running_loop().call_later(self._waits_every, self._waits)

    def measured(self, readings: Sequence[Reading]) -> None:
        """The last values of these."""
        if readings and self._server.subscribed("metrics"):
            last: dict[str, dict[str, float | str]] = {}
            for reading in readings:
                values = last.setdefault(reading.run, {})
                values.update((key, number_out(value)) for key, _, _, value in reading.points)
            self._server.publish("metrics", "metrics", {"runs": last})

    def progress(self, runs: Iterable[str], progress: Progress) -> None:
        """How far it has come with what these need."""
        self.under_way.update(dict.fromkeys(runs, progress))
        self._untold.update(runs)
        if self._untold and self._progress_due is None:
            self._progress_due = asyncio.get_running_loop().call_later(PROGRESS_EVERY, self._progress)

    def _progress(self) -> None:
        self._progress_due = None
        told = {run: asdict(self.under_way[run]) for run in self._untold if run in self.under_way}
        self._untold.clear()
        if told and self._server.subscribed("runs"):
            self._server.publish("runs", "progress", {"runs": told})

    def machine(self, name: str) -> None:
        """It is not as it was."""
        if self._server.subscribed("machines"):
            self._server.publish("machines", "machines", {"machines": [self._machine(name)]})

    def notice(self, notice: Notice) -> None:
        self._server.publish("notices", "notice", {**asdict(notice), "text": notice.text})

    def _waits(self) -> None:
        begun = time.perf_counter()
        self._server.publish("waits", "waits", {"runs": self._reasons()})
        self._waits_due = None
        self._waits_every = max(WAITS_EVERY, WAITS_SHARE * (time.perf_counter() - begun))
