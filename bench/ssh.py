"""A machine over SSH: how long a start takes when the road is long, a thousand short runs, and bringing code there."""

from __future__ import annotations

import asyncio
import os
import statistics
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

from bench import peers
from bench.far import ROUND_TRIPS, fleet, long_road
from bench.figures import OURS, Table
from bench.home import home
from bench.peers import FAILURES
from tests.remote.fleet import Fleet, SshSite
from tests.remote.site import EMPTY, Ear, spec
from workbench.engine.blobs import Blobs
from workbench.remote.connection import Destination
from workbench.remote.machines import ssh
from workbench.remote.machines.base import Machine, Started, TreeEntry

STARTS = 20
RUNS = 1_000
FILES = 1_000
CHANGED = 10
FILE_BYTES = 4_000


def measure() -> Iterator[Table]:
    with fleet() as (directory, made):
        site = made.machine()
        yield asyncio.run(_starts(site))
        yield _runs(site)
        yield from asyncio.run(_sync(directory, made, site))


async def _starts(site: SshSite) -> Table:
    """On a road that is up: from the call until we hear that the command has started: that is on disk there then."""
    table = Table("start one run on a machine that we are connected to", "ms", goal="one round trip and 20 ms")
    for round_trip in ROUND_TRIPS:
        async with long_road(site.sshd.port, round_trip / 2000) as port:
            site.vouch_at(port)
            machine = await ssh.connect(Destination(f"127.0.0.1:{port}", str(site.root)), "far")
            await machine.send(EMPTY, [], _nothing)
            ear = Ear(machine)
            took = [await _start(ear, f"rtt{round_trip}-{number}.1") for number in range(STARTS)]
            await ear.close()
        median = statistics.median(took) * 1e3
        note = f"{median - round_trip:.1f} ms more than one round trip"
        table.add(f"{OURS}, {round_trip} ms there and back", median, note)
    return table


async def _start(ear: Ear, attempt: str) -> float:
    began = time.perf_counter()
    await ear.machine.start([spec(attempt, ("true",))])
    await ear.until(lambda heard: any(isinstance(event, Started) and event.attempt == attempt for event in heard))
    took = time.perf_counter() - began
    await ear.end_of(attempt)
    return took


def _runs(site: SshSite) -> Table:
    table = Table(f"{RUNS:,} runs on one machine over SSH, two at a time, as one sweep", "runs/s")
    with home() as place:
        site.vouch()
        address = f"127.0.0.1:{site.sshd.port}"
        place.engine.call("machines_add", {"name": "far", "address": address, "root": str(site.root), "cpus": 2})
        for number, name in enumerate(("far", "local"), 1):
            began = time.perf_counter()
            place.submit("true", machine=name, grid={"i": list(range(RUNS))})
            place.settled(number * RUNS)
            table.add(f"{OURS}, {'over SSH' if name == 'far' else name}", RUNS / (time.perf_counter() - began))
    return table


async def _sync(directory: Path, fleet: Fleet, site: SshSite) -> list[Table]:
    """The same files brought there by everybody, at first, once more, and with some of them changed."""
    tables = [
        Table(f"bring {FILES:,} files of {FILE_BYTES // 1000} kB to a machine over SSH, {what}", "s")
        for what in ("none of them there", "all of them there", f"{CHANGED} of them changed")
    ]
    source = directory / "source"
    source.mkdir()
    _write(source, range(FILES))
    blobs = Blobs(str(directory / "blobs"))
    machine = await ssh.connect(site.destination, "far")
    remote = _Remote(fleet, site)
    for number, table in enumerate(tables):
        if number == 2:
            _write(source, range(CHANGED))
        began = time.perf_counter()
        await _send(machine, blobs, source, f"{number}" * 64)
        table.add(OURS, time.perf_counter() - began)
        for who, bring in (("rsync", remote.rsync), ("tar", remote.tar)):
            try:
                began = time.perf_counter()
                bring(source)
                table.add(f"{who} over ssh", time.perf_counter() - began)
            except FAILURES as why:
                table.missing(f"{who} over ssh", why)
    await machine.close()
    return tables


def _write(source: Path, numbers: range) -> None:
    for number in numbers:
        (source / f"{number}.py").write_bytes(os.urandom(FILE_BYTES))


async def _send(machine: Machine, blobs: Blobs, source: Path, snapshot: str) -> None:
    """As the engine does it: put every file in store, then send what is missing."""
    tree = []
    for path in sorted(source.iterdir()):
        with path.open("rb") as file:
            content, size = blobs.put_file(file)
        tree.append(TreeEntry(path.name, "file", content, size))

    async def read(content: str) -> bytes:
        return blobs.get(content)

    await machine.send(snapshot, tree, read)


class _Remote:
    """How the peers get to the machine."""

    def __init__(self, fleet: Fleet, site: SshSite) -> None:
        key = site.sshd.host_key.with_suffix(".pub").read_text()
        known = fleet.home / "known_hosts"
        known.write_text(f"[127.0.0.1]:{site.sshd.port} {key}")
        options = ("-F", "none", "-p", str(site.sshd.port), "-i", str(fleet.key), "-o", f"UserKnownHostsFile={known}")
        self._ssh = [peers.tool("ssh", "openssh-client"), *options]
        self._home = site.sshd.home

    def rsync(self, source: Path) -> None:
        rsync = peers.tool("rsync", "rsync")
        command = [rsync, "-a", "-e", " ".join(self._ssh), f"{source}/", f"127.0.0.1:{self._home}/rsync/"]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def tar(self, source: Path) -> None:
        (self._home / "tar").mkdir(exist_ok=True)
        far = [*self._ssh, "127.0.0.1", f"tar -xf - -C {self._home}/tar"]
        near = [peers.tool("tar", "tar"), "-cf", "-", "-C", str(source), "."]
        with subprocess.Popen(near, stdout=subprocess.PIPE) as tar:
            subprocess.run(far, check=True, stdin=tar.stdout, capture_output=True)


async def _nothing(content: str) -> bytes:
    raise AssertionError(content)
