"""A machine as people see it: what it is, what runs of it hold, what others use, and how it stands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from workbench.domain.devices import Standing
from workbench.domain.machines import Enrolled
from workbench.domain.resources import Device
from workbench.engine.road import Road
from workbench.engine.scheduler import State
from workbench.engine.seam import run_of
from workbench.engine.seats import Seat
from workbench.engine.telemetry import Telemetry


def machine_view(
    machine: Enrolled, roads: Mapping[str, Road], state: State, telemetry: Telemetry, *, with_history: bool
) -> dict[str, Any]:
    """As protocol.shapes.MachineView. roads: to all machines."""
    road = roads[machine.name]
    name, seat = machine.name, state.seats[machine.name]
    host = road.machine.host if road.machine else None
    lanes = {id(lane): lane for lane in state.lanes.values() if lane.machine == name}
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
        "warnings": [*host.warnings, *_lost(devices, road.gpus.lost()), *_twins(road, roads.values())] if host else [],
        "sample": telemetry.last(name),
        "history": telemetry.history(name) if with_history else [],
    }


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


def _twins(road: Road, others: Iterable[Road]) -> list[str]:
    """A warning of each other name that leads to the same machine."""

    def identity(of: Road) -> tuple[str, str] | None:
        return (of.machine.host.hostname, of.machine.host.boot_id) if of.machine else None

    return [
        f"it is the same machine as {other.name}, so its cores and memory count twice: "
        f"remove one of them, or give each its part with --cpus and --memory"
        for other in others
        if other is not road and identity(other) == identity(road)
    ]
