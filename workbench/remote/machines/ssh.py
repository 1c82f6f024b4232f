"""A machine over SSH: the same agent as everywhere, at the far end of one channel."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from workbench import bootstrap
from workbench.errors import Unreachable
from workbench.remote import install
from workbench.remote.connection import Connection, Destination, HostKey
from workbench.remote.machines.base import Host, Machine
from workbench.remote.machines.channel import Channel
from workbench.remote.machines.local import tracking

_GREETING = 60.0  # seconds for the agent to start and say hello
_PINGS = 3  # to measure a round trip
_PINGS_MISSED = 4  # until its agent gives us up
_CLOCK_LIMIT = 2.0


@dataclass(frozen=True, slots=True)
class Probe:
    """What a look at a machine shows."""

    host: Host
    warnings: tuple[str, ...]
    """What would bite later, a sentence each with its remedy."""
    round_trip: float
    """Milliseconds from us to its agent and back."""
    clock: float
    """Seconds that its clock is ahead of ours."""
    scheduler: str
    """"slurm" where it has one."""
    host_key: HostKey


async def connect(destination: Destination, name: str) -> Machine:
    """Raises what Connection.open raises, and Unreachable where no agent can be started there."""
    return (await _arrive(destination, name))[0]


async def probe(destination: Destination, name: str) -> Probe:
    """Look at a machine, and leave it. Raises as `connect` does."""
    channel, arrival, host_key = await _arrive(destination, name)
    try:
        round_trip = min([await _ping(channel) for _ in range(_PINGS)])
    finally:
        await channel.close()
    clock = arrival.clock + round_trip / 2
    return Probe(
        host=channel.host,
        warnings=(*channel.host.warnings, *_warnings(arrival, clock)),
        round_trip=round_trip * 1000,
        clock=clock,
        scheduler=arrival.scheduler,
        host_key=host_key,
    )


async def _arrive(destination: Destination, name: str) -> tuple[Channel, install.Arrival, HostKey]:
    connection = await Connection.open(destination)
    try:
        pipe = await connection.start(bootstrap.COMMAND)
        arrival = await install.enter(pipe, destination.address, destination.root, destination.patience)
        async with asyncio.timeout(_GREETING):
            channel = await Channel.open(
                *(name, pipe, pipe),
                tracking=tracking(),
                uv=arrival.uv,
                ping=destination.patience / _PINGS_MISSED,
                end=connection.close,
            )
    except TimeoutError as error:
        await connection.close()
        raise Unreachable(f"the agent on {name} does not answer") from error
    except BaseException:
        await connection.close()
        raise
    return channel, arrival, connection.host_key


async def _ping(channel: Channel) -> float:
    """Seconds there and back."""
    sent = time.perf_counter()
    await channel.ping()
    return time.perf_counter() - sent


def _warnings(arrival: install.Arrival, clock: float) -> list[str]:
    found = []
    if abs(clock) > _CLOCK_LIMIT:
        direction = "ahead of" if clock > 0 else "behind"
        found.append(f"its clock is {abs(clock):.0f} s {direction} ours: start chrony or systemd-timesyncd there")
    if not arrival.uv:
        found.append(
            "no uv could be brought there, and environments need one: "
            "connect once with network here, or install uv on its PATH"
        )
    return found
