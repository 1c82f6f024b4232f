"""The engine: one TaskGroup that owns everything, and what the verbs stand on."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from workbench.domain.devices import USUAL, Rule, Standing
from workbench.domain.events import Change
from workbench.domain.notice import Notice
from workbench.domain.resources import Device
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
from workbench.engine.notices import Notices
from workbench.engine.outbox import Outbox
from workbench.engine.pasts import Pasts
from workbench.engine.recovery import Recovery
from workbench.engine.road import Road
from workbench.engine.seam import attempt_id, run_of
from workbench.engine.seats import Seat
from workbench.engine.server import Handler, Server
from workbench.engine.snapshots import Snapshots
from workbench.engine.store.interface import History, Reading
from workbench.engine.supplies import Supplies
from workbench.engine.telling import tell
from workbench.engine.waiting import Why
from workbench.engine.wheels import Wheels
from workbench.errors import ConfigError
from workbench.protocol.messages import number_out
from workbench.protocol.runs import run_out
from workbench.settings import load_user

log = logging.getLogger(__name__)

WAITS_EVERY = 0.5
"""Seconds between tellings of why runs wait, while that changes."""
WAITS_SHARE = 20
"""With very many machines this is rarer: one part in so many of our time goes into it."""
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
            self._tell_machine,
        )
        self.fleet = Fleet(ways, self.outbox, self.mind, self.dispatcher, rule)
        self.server: Server
        self.next_seq = 1
        self._stopping = asyncio.Event()
        self._over: dict[str, list[asyncio.Future[Run]]] = {}
        self._waits_due: asyncio.TimerHandle | None = None
        self._waits_every = WAITS_EVERY

    async def run(self, verbs: dict[str, Handler]) -> None:
        """Until `stop`. What runs on the machines goes on without us."""
        self.next_seq = await self.history.last_seq() + 1
        await self.recovery.adopt()
        self.server = Server(verbs, self.hello, self._topics_changed)
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

    # What subscribers hear

    def _perform(self, effect: Any) -> None:
        self.dispatcher.perform(effect)

    def _publish(self, changes: Sequence[Change], readings: Sequence[Reading]) -> None:
        for change in changes:
            self.dispatcher.tails.settle(change.run)
            if not change.run.live:
                for future in self._over.get(change.run.id, []):
                    if not future.done():
                        future.set_result(change.run)
        self.notices.heard(changes)
        if changes and self.server.subscribed("runs"):
            for start in range(0, len(changes), 500):
                told = [
                    {"kind": change.kind.value, "at": change.at, "by": change.by, "run": run_out(change.run)}
                    for change in changes[start : start + 500]
                ]
                self.server.publish("runs", "changed", {"changes": told})
        if readings and self.server.subscribed("metrics"):
            last: dict[str, dict[str, float | str]] = {}
            for reading in readings:
                values = last.setdefault(reading.run, {})
                values.update((key, number_out(value)) for key, _, _, value in reading.points)
            self.server.publish("metrics", "metrics", {"runs": last})
        if changes and self.server.subscribed("waits") and self._waits_due is None:
            self._waits_due = asyncio.get_running_loop().call_later(self._waits_every, self._tell_waits)

    def _tell_waits(self) -> None:
        begun = time.perf_counter()
        state = self.mind.state
        ids = [*state.lines.first(WAITS_SHOWN), *list(state.pending)[:WAITS_SHOWN]]
        reasons = self.mind.reasons([state.runs[id] for id in ids], self.pasts.took)
        self.server.publish("waits", "waits", {"runs": {id: why.text for id, why in zip(ids, reasons, strict=True)}})
        self._waits_due = None
        self._waits_every = max(WAITS_EVERY, WAITS_SHARE * (time.perf_counter() - begun))

    def _progress(self, runs: Iterable[str], text: str) -> None:
        if self.server.subscribed("runs"):
            for run in runs:
                self.server.publish("runs", "progress", {"run": run, "text": text})

    def _tell_machine(self, name: str) -> None:
        if self.server.subscribed("machines"):
            self.server.publish("machines", "machines", {"machines": [self.machine_view(name, with_history=False)]})

    async def _recall_notices(self) -> None:
        wanted = await self.history.notices()
        self.notices.recall(wanted, [await self.history.find(id) for id in wanted if self.mind.live(id) is None])

    async def _tell(self, notice: Notice) -> None:
        """Clients at once, then by the ways that config.toml names just now."""
        self.server.publish("notices", "notice", {**asdict(notice), "text": notice.text})
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
        machine, road, seat = self.fleet[name], self.dispatcher.roads[name], self.mind.state.seats[name]
        host = road.machine.host if road.machine else None
        lanes = {id(lane): lane for lane in self.mind.state.lanes.values() if lane.machine == name}
        holders = [(run_of(lane.attempts[0]), lane.share) for lane in lanes.values() if lane.attempts]
        held = {uuid: run for run, share in holders for uuid in share.devices}
        devices = seat.capacity.devices
        status, reason = _standing(road, seat)
        return {
            "name": name,
            "status": status,
            "reason": reason,
            "since": seat.since,
            "address": machine.address,
            "rate": machine.rate,
            "labels": list(machine.labels),
            "hostname": host.hostname if host else "",
            "cpus": seat.capacity.cpus,
            "memory": seat.capacity.memory,
            "devices": [_device(device, road.gpus.stand(device.uuid, device.uuid in held)) for device in devices],
            "cpus_held": seat.cpus,
            "memory_held": seat.memory,
            "devices_held": held,
            "devices_used": dict(seat.used),
            "running": [run for run, _ in holders],
            "warnings": [*host.warnings, *_lost(devices, road.gpus.lost())] if host else [],
            "sample": self.telemetry.last(name),
            "history": self.telemetry.history(name) if with_history else [],
        }

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


def _standing(road: Road, seat: Seat) -> tuple[str, str]:
    """How a machine is, and why it is not ok."""
    if road.machine is None:
        return ("connecting", "") if not road.tried.is_set() else ("unreachable", road.reason)
    if seat.aside:
        return "set aside", seat.aside
    return ("draining", "") if seat.draining else ("ok", "")


def _device(device: Device, standing: Standing) -> dict[str, Any]:
    return {
        "uuid": device.uuid,
        "index": device.index,
        "label": device.label,
        "name": device.name,
        "memory": device.memory,
        "state": standing.state,
        "strangers": [asdict(process) for process in standing.strangers],
    }


def _lost(devices: Iterable[Device], lost: Mapping[str, str]) -> list[str]:
    """A warning of each device that the driver has lost."""
    return [
        f"GPU {device.label} is lost ({lost[device.uuid]}) and is given to nobody: see the kernel's log for its Xid, "
        "and have it reset or the machine rebooted"
        for device in devices
        if device.uuid in lost
    ]


class Stopped(Exception):
    """Somebody asked the engine to stop."""
