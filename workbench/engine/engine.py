"""The engine: one TaskGroup that owns everything, and what the verbs stand on."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from workbench.domain.devices import USUAL, Rule
from workbench.domain.events import Change
from workbench.domain.notice import Notice
from workbench.domain.progress import Progress
from workbench.domain.run import Run, attempt_of
from workbench.domain.use import Use, use_of
from workbench.engine import seam, telemetry
from workbench.engine.artifacts import Artifacts
from workbench.engine.blobs import Blobs
from workbench.engine.dispatcher import Dispatcher
from workbench.engine.environments import Environments
from workbench.engine.fleet import Fleet, Ways
from workbench.engine.forecast import FORESEEN
from workbench.engine.logs import Logs
from workbench.engine.mind import Mind, Seen
from workbench.engine.news import News
from workbench.engine.notices import Notices
from workbench.engine.outbox import Outbox
from workbench.engine.pasts import Pasts
from workbench.engine.recovery import Recovery
from workbench.engine.seam import attempt_id, run_of
from workbench.engine.server import Handler, Server
from workbench.engine.snapshots import Snapshots
from workbench.engine.store.interface import History, Reading
from workbench.engine.supplies import Supplies
from workbench.engine.telling import tell
from workbench.engine.views import machine_view
from workbench.engine.waiting import Why
from workbench.engine.wheels import Wheels
from workbench.errors import ConfigError
from workbench.settings import load_user

log = logging.getLogger(__name__)

WAITS_SHOWN = 200
"""Runs at the head of the queue whose reasons are told to subscribers."""


class Engine:
    """history, blobs, snapshots, environments, wheels, logs: what is kept. ways: to the machines.

    notes: what a person should hear of, such as a history that had to be set aside. rule: which GPUs are free.
    """

    def __init__(
        self,
        history: History,
        history_path: str,
        blobs: Blobs,
        snapshots: Snapshots,
        environments: Environments,
        wheels: Wheels,
        logs: Logs,
        ways: Ways,
        hello: dict[str, Any],
        notes: Sequence[str] = (),
        rule: Rule = USUAL,
    ) -> None:
        self.history = history
        self.history_path = history_path
        self.blobs = blobs
        self.snapshots = snapshots
        self.environments = environments
        self.wheels = wheels
        self.hello = hello
        self.notes = notes
        self.telemetry = telemetry.Telemetry()
        self.outbox = Outbox(history)
        self.artifacts = Artifacts(blobs, self.outbox.write)
        self.mind = Mind(self.outbox, self._perform, self._publish)
        self.notices = Notices(self.outbox.write, self._tell)
        self.pasts = Pasts(history)
        self.recovery = Recovery(self.mind.state, history)
        self.dispatcher = Dispatcher(
            Supplies(blobs, snapshots, wheels, self._progress),
            logs,
            self.artifacts,
            self.telemetry,
            self.recovery,
            self.mind.absorb,
            self._progress,
            self._sampled,
        )
        self.fleet = Fleet(ways, self.outbox, self.mind, self.dispatcher, rule)
        self.server: Server
        self.news: News
        self.next_seq = 1
        self._stopping = asyncio.Event()
        self._over: dict[str, list[asyncio.Future[Run]]] = {}

    async def run(self, verbs: dict[str, Handler]) -> None:
        """Until `stop`. What runs on the machines goes on without us."""
        self.next_seq = await self.history.last_seq() + 1
        await self.recovery.adopt()
        self.server = Server(verbs, self.hello, self._topics_changed)
        self.news = News(self.server, self._reasons, lambda name: self.machine_view(name, with_history=False))
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self.outbox.run(), name="outbox")
                await self.fleet.open(group, await self.history.machines(), await self.history.asides())
                await self.mind.absorb(Seen(list(self.recovery.orphans(self.fleet))))
                await self._recall_notices()
                group.create_task(self.notices.run(), name="notices")
                path = await self.server.open()
                log.info("listening on %s", path)
                await self.mind.absorb(Seen([seam.Tick()]))  # retries that waited for their moment go on waiting
                group.create_task(self._until_stopped(), name="stop")
        except* Stopped:
            pass
        finally:
            await self.server.close()
            await self.environments.close()
            await self.dispatcher.close()
            await self.wheels.close()
            await self.outbox.drain()
            await self.history.close()

    def stop(self) -> None:
        self._stopping.set()

    async def _until_stopped(self) -> None:
        await self._stopping.wait()
        raise Stopped

    async def ended(self, id: str) -> Run:
        """The run, once it is over."""
        future: asyncio.Future[Run] = asyncio.get_running_loop().create_future()
        waiting = self._over.setdefault(id, [])
        waiting.append(future)
        try:
            if self.mind.live(id) is None:  # it has ended: that is on disk, or will be told to the future
                run = await self.history.find(id)
                if not run.live:
                    return run
            return await future
        finally:
            waiting.remove(future)
            if not waiting:
                self._over.pop(id, None)

    async def find(self, reference: str) -> Run:
        """By id, name, number or unambiguous prefix; as the mind knows it, which may be ahead of history."""
        run = self.mind.live(reference) or await self.history.find(reference)
        return self.mind.live(run.id) or run

    async def reasons(self, runs: Sequence[Run]) -> list[Why]:
        """Why each of them waits, and when it is likely to start. Raises HistoryError."""
        if not runs:
            return []
        state = self.mind.state
        others = {*map(run_of, state.lanes), *state.lines.first(FORESEEN)}
        await self.pasts.learn({run.project for run in (*runs, *(state.runs[id] for id in others))})
        return self.mind.reasons(runs, self.pasts.took)

    # What the hands say goes to whoever listens; they are made before anybody can

    def _perform(self, effect: seam.Effect) -> None:
        self.dispatcher.perform(effect)

    def _progress(self, runs: Iterable[str], progress: Progress) -> None:
        self.news.progress(runs, progress)

    def progress(self, run: str) -> dict[str, Any] | None:
        """How far the preparing of it has come, as the notification tells it."""
        progress = self.news.under_way.get(run)
        return asdict(progress) if progress else None

    def _sampled(self, machine: str) -> None:
        self.news.machine(machine)

    def _publish(self, changes: Sequence[Change], readings: Sequence[Reading]) -> None:
        for change in changes:
            self.dispatcher.tails.settle(change.run)
            if not change.run.live:
                for future in self._over.get(change.run.id, []):
                    if not future.done():
                        future.set_result(change.run)
        self.notices.heard(changes)
        self.news.happened(changes)
        self.news.measured(readings)

    def _reasons(self) -> dict[str, str]:
        """Why the first of the queue wait."""
        state = self.mind.state
        ids = [*state.lines.first(WAITS_SHOWN), *list(state.pending)[:WAITS_SHOWN]]
        reasons = self.mind.reasons([state.runs[id] for id in ids], self.pasts.took)
        return {id: why.text for id, why in zip(ids, reasons, strict=True)}

    async def _recall_notices(self) -> None:
        wanted = await self.history.notices()
        self.notices.recall(wanted, [await self.history.find(id) for id in wanted if self.mind.live(id) is None])

    async def _tell(self, notice: Notice) -> None:
        """Clients at once, then by the ways that config.toml names just now."""
        self.news.notice(notice)
        try:
            how = await asyncio.to_thread(load_user)
        except ConfigError as problem:
            log.warning("told nobody of %s: %s", notice.run, problem.message)
            return
        await tell(notice, how.notify)

    def _topics_changed(self) -> None:
        """Machines tell what they do often while somebody looks, and now and then otherwise."""
        watched = self.server.subscribed("machines")
        interval = telemetry.WATCHED if watched else telemetry.UNWATCHED
        self.dispatcher.sample(interval)

    # Machines

    def machine_view(self, name: str, *, with_history: bool = True) -> dict[str, Any]:
        """One machine as protocol.shapes.MachineView. Raises NotFound."""
        return machine_view(
            self.fleet[name], self.dispatcher.roads, self.mind.state, self.telemetry, with_history=with_history
        )

    def use(self, run: Run) -> Use | None:
        """What it takes at present; None where it does not run, or nobody can see it."""
        attempt = attempt_of(run.status)
        road = self.dispatcher.roads.get(attempt.machine) if attempt else None
        if attempt is None or not run.active or road is None or road.machine is None:
            return None
        return use_of(self.telemetry.last(attempt.machine), attempt_id(run.id, attempt.number), attempt.share.devices)

    def mint_seqs(self, count: int) -> range:
        """Numbers for new runs, never given twice."""
        first = self.next_seq
        self.next_seq += count
        return range(first, first + count)

    def health(self) -> str:
        """`ok`, or what is wrong, in words."""
        return self.outbox.stalled or "; ".join(self.notes) or "ok"

    def history_bytes(self) -> int:
        try:
            return os.stat(self.history_path).st_size
        except OSError:
            return 0


class Stopped(Exception):
    """Somebody asked the engine to stop."""
