"""Real machines behind real sshds, each with a home, a host key and a port of its own, and wires that can be cut.

No root is needed: an sshd of ours lets in nobody but us.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests import parts
from tests.remote import sshds
from tests.remote.site import EMPTY, LocalSite, eventually, no_blobs
from workbench.remote import hostkeys
from workbench.remote.agent import processes
from workbench.remote.connection import Destination
from workbench.remote.machines import ssh
from workbench.remote.machines.base import Machine

KEEPALIVE = 30.0
"""Longer than a test takes: who wants the road to be given up sets another."""


@dataclass
class Sshd:
    """One machine's sshd."""

    directory: Path
    authorized: Path
    settings: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    """What its sessions find in their environment."""
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    @property
    def home(self) -> Path:
        """What its sessions take for their home directory."""
        return self.directory / "home"

    @property
    def host_key(self) -> Path:
        return self.directory / "host_key"

    def new_host_key(self, kind: str = "ed25519") -> None:
        for path in (self.host_key, self.host_key.with_suffix(".pub")):
            path.unlink(missing_ok=True)
        sshds.keygen(self.host_key, kind)

    def start(self) -> None:
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.host_key.exists():
            self.new_host_key()
        self.port = self.port or _free_port()
        config = self.directory / "sshd_config"
        variables = {"HOME": str(self.home)} | self.variables
        place = {"Port": str(self.port), "ListenAddress": "127.0.0.1"}
        sshds.configure(config, self.host_key, self.authorized, variables, place | self.settings)
        with open(self.directory / "sshd.log", "ab") as log:
            self.process = subprocess.Popen(
                [sshds.program(), "-D", "-e", "-f", str(config)], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        eventually(self._listens)

    def _listens(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.directory / "sshd.log").read_text()
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def sessions(self) -> list[processes.Process]:
        """Its processes, one or two for each connection."""
        if self.process is None:
            return []
        found, parents = [], {self.process.pid}
        table = processes.everyone().values()
        while children := [p for p in table if p.parent in parents and p not in found and sshds.is_one(p.pid)]:
            found += children
            parents |= {child.pid for child in children}
        return found

    def kill_sessions(self) -> None:
        for process in self.sessions():
            processes.send(process.pid, process.tick, 9)

    def stop(self) -> None:
        """It and its sessions, without a word."""
        self.kill_sessions()
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class SshSite(LocalSite):
    """A machine behind its sshd; what lies there is looked at past it."""

    def __init__(self, sshd: Sshd) -> None:
        super().__init__(sshd.home / "m")
        self.sshd = sshd

    @property
    def destination(self) -> Destination:
        return Destination(f"127.0.0.1:{self.sshd.port}", str(self.root), KEEPALIVE)

    def vouch(self) -> None:
        """Trust its host key."""
        self.vouch_at(self.sshd.port)

    def vouch_at(self, port: int) -> None:
        """Trust its host key where another port leads to it."""
        hostkeys.trust("127.0.0.1", port, self.sshd.host_key.with_suffix(".pub").read_text())

    async def connect(self, destination: Destination | None = None) -> Machine:
        machine = await ssh.connect(destination or self.destination, "far")
        await machine.send(EMPTY, [], no_blobs)
        return machine

    def agents(self) -> list[processes.Process]:
        return [process for process in self._with_root() if sshds.is_one(process.parent)]

    def supervisors(self) -> list[processes.Process]:
        return [process for process in self._with_root() if not sshds.is_one(process.parent)]

    def break_road(self) -> None:
        self.sshd.kill_sessions()

    def close(self) -> None:
        self.sshd.stop()
        super().close()


class Fleet:
    """Makes machines, and is the user who may log in to them."""

    def __init__(self, directory: Path, cache: Path, patch: pytest.MonkeyPatch) -> None:
        sshds.program()
        self._directory = directory
        self._cache = cache
        self._sites: list[SshSite] = []
        self.home = directory / "user"
        self.key = sshds.user(self.home)
        patch.setenv("HOME", str(self.home))
        patch.setenv("WORKBENCH_HOME", str(directory / "wb"))
        patch.delenv("SSH_AUTH_SOCK", raising=False)

    def machine(self, *, vouched: bool = True, started: bool = True, shell: str = "", **settings: str) -> SshSite:
        """One more; `shell` is the login shell of its user, `settings` are lines of its sshd_config."""
        if shell:
            settings["ForceCommand"] = f'exec {parts.command(shell)} -c "$SSH_ORIGINAL_COMMAND"'
        sshd = Sshd(self._directory / f"h{len(self._sites)}", self.key.with_suffix(".pub"), settings)
        sshd.home.mkdir(parents=True)
        # What was sent once need not be sent for each test.
        (sshd.home / ".cache").symlink_to(self._cache)
        site = SshSite(sshd)
        self._sites.append(site)
        if started:
            sshd.start()
            if vouched:
                site.vouch()
        return site

    def config(self, text: str) -> None:
        """The user's ssh config."""
        (self.home / ".ssh" / "config").write_text(text)

    def close(self) -> None:
        for site in self._sites:
            site.close()


class Wire:
    """A TCP road to a port of this machine that can swallow everything, and give it back."""

    def __init__(self, to: int) -> None:
        self._to = to
        self._whole = asyncio.Event()
        self._whole.set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server
        self.port = 0

    async def __aenter__(self) -> Wire:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def partition(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self._whole.clear()

    def heal(self) -> None:
        """What was on its way arrives, as TCP has it."""
        self._whole.set()

    def cut(self) -> None:
        """Both ends are told that the other is gone."""
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        await self._whole.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._to)
        except OSError:  # nothing listens there just now
            writer.transport.abort()
            return
        self._writers.append(back)
        for source, sink in ((reader, back), (there, writer)):
            task = asyncio.create_task(self._pump(source, sink), name="wire")
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(1 << 16):
                await self._whole.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()
