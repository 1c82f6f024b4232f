"""machines_add and machines_check: look at a machine, and take it on.

Whether it is the right machine is for a person to say: a host key that nobody has vouched for travels to the client
as an error with its fingerprint, and the client asks again with the fingerprints that were approved.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
from typing import TYPE_CHECKING, Any

from workbench.domain.machines import LOCAL, Enrolled, check_address, check_label, check_machine_name
from workbench.engine.engine import Engine
from workbench.engine.handlers.params import Params
from workbench.engine.server import Peer
from workbench.errors import HostKeyUnknown, Refused, UsageError

if TYPE_CHECKING:
    from workbench.remote.machines.ssh import Probe

KNOWN = frozenset(("name", "address", "root", "rate", "labels", "cpus", "memory", "fingerprints"))
ANSWER = 20.0
"""Seconds that a machine which has just been looked at may take to answer once more."""


async def machines_add(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    params.refuse_others(KNOWN)
    name = check_machine_name(params.text("name"))
    rate = params.number("rate", 0.0)
    if rate < 0 or not math.isfinite(rate):
        raise UsageError(f"rate is {rate}; an hour can't cost that")
    machine = Enrolled(
        name=name,
        address=check_address(params.text("address", name)),
        root=params.text("root", ""),
        rate=rate,
        labels=tuple(sorted({check_label(label) for label in params.texts("labels", [])})),
        cpus=params.whole("cpus", 0, least=0, most=100_000),
        memory=params.whole("memory", 0, least=0, most=10**18),
    )
    if name in engine.fleet:
        raise Refused(f"there is a machine {name} already", hint=f"workbench machines show {name}")
    probe = await _look(engine, machine, params.texts("fingerprints", []))
    await engine.fleet.add(machine)
    return await _report(engine, name, probe)


async def machines_check(engine: Engine, peer: Peer, params: Params) -> dict[str, Any]:
    """Look at it now, and try the road to it again if that is down."""
    machine = engine.fleet[params.text("name")]
    if machine.name == LOCAL:
        return await _report(engine, LOCAL, None)
    probe = await _look(engine, machine, params.texts("fingerprints", []))
    engine.dispatcher.retry(machine.name)
    return await _report(engine, machine.name, probe)


async def _look(engine: Engine, machine: Enrolled, approved: list[str]) -> Probe:
    """Raises HostKeyUnknown until the key of every host on the way is approved."""
    while True:
        try:
            return await engine.fleet.ways.probe(machine)
        except HostKeyUnknown as problem:
            shown = problem.evidence["fingerprint"]
            if not approved:
                raise
            if shown not in approved:
                raise UsageError(
                    f"{problem.evidence['host']} shows the key {shown}, which is not the one that was given",
                    hint="compare it with what its administrator says; somebody may be listening in",
                    fingerprint=shown,
                ) from None
            approved = [fingerprint for fingerprint in approved if fingerprint != shown]
            engine.fleet.ways.trust(problem.evidence["host"], problem.evidence["port"], problem.evidence["key"])


async def _report(engine: Engine, name: str, probe: Probe | None) -> dict[str, Any]:
    """The machine once it has answered on its road, and what the look at it has shown."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(ANSWER):
            await engine.dispatcher.tried(name)
    machine = engine.machine_view(name)
    warnings = dict.fromkeys([*(probe.warnings if probe else ()), *machine["warnings"]])
    return {"machine": machine, "probe": _probe_out(probe), "warnings": list(warnings)}


def _probe_out(probe: Probe | None) -> dict[str, Any] | None:
    if probe is None:
        return None
    return {
        "hostname": probe.host.hostname,
        "user": probe.host.user,
        "python": probe.host.python,
        "kernel": probe.host.kernel,
        "root": probe.host.root,
        "scheduler": probe.scheduler,
        "round_trip": probe.round_trip,
        "clock": probe.clock,
        "fingerprint": probe.host_key.fingerprint,
    }
