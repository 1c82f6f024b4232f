"""An SSH connection to a machine. The SSH library's errors end here: what leaves is ours.

The user's ssh config, keys and agent are honoured. The host's key is verified at every hop, whatever the config
says, and the agent is never forwarded. One channel on it carries everything.
"""

from __future__ import annotations

import asyncio
import logging
import os
import random
import re
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import asyncssh

from workbench.errors import HostKeyChanged, LoginRefused, MachineError, Unreachable, UsageError
from workbench.remote import hostkeys

_CONNECT = 15.0  # seconds until something listens at the other end
_LOGIN = 30.0  # seconds that keys and logins may take from then on
_ALIVE_COUNT = 3
_GOODBYE = 5.0  # seconds for a polite end
_HANDSHAKES = 8  # at once: sshd drops what exceeds its MaxStartups, and key exchange is work for our own CPU
_JITTER = 0.2  # seconds over which those that had to wait are spread
_HOPS = 8
_LAST_PORT = 65535

# Whom we reach, and by which commands, is nobody else's business, and every connection would tell it to the log.
logging.getLogger("asyncssh").setLevel(logging.WARNING)

_ADDRESS = re.compile(
    r"(?:(?P<user>[\w][^@\s]*)@)?(?:\[(?P<six>[\w:.%]+)\]|(?P<host>\w[\w.-]*))(?::(?P<port>\d{1,5}))?", re.ASCII
)


@dataclass(frozen=True, slots=True)
class Destination:
    """Where a machine is, and how closely the road to it is watched."""

    address: str
    """[user@]host[:port], or an alias of the user's ssh config; `parse` takes it."""
    root: str = ""
    """Where its agent keeps things there; "" for ~/.local/state/workbench/machine."""
    keepalive: float = 5.0
    """Seconds between signs of life; after three that stay unanswered the road is broken."""
    patience: float = 60.0
    """Seconds after which its agent, which does not see these signs, takes our silence for the end of the road."""


@dataclass(frozen=True, slots=True)
class HostKey:
    type: str
    fingerprint: str


class Pipe:
    """The standard streams of a command there. Each call raises OSError when the road breaks."""

    def __init__(self, process: asyncssh.SSHClientProcess[bytes]) -> None:
        self._process = process
        self._put_back = b""

    async def read(self, limit: int, /) -> bytes:
        """What came, at most `limit` bytes; b"" at the end."""
        if self._put_back:
            data, self._put_back = self._put_back[:limit], self._put_back[limit:]
            return data
        try:
            return await self._process.stdout.read(limit)
        except asyncssh.Error as error:
            raise ConnectionResetError(error.reason) from error

    def put_back(self, data: bytes) -> None:
        """Have it read again, before all else."""
        self._put_back = data + self._put_back

    async def complaint(self, limit: int) -> str:
        """What the command has said on stderr."""
        try:
            async with asyncio.timeout(_GOODBYE):
                return (await self._process.stderr.read(limit)).decode("utf-8", "replace").strip()
        except (asyncssh.Error, OSError):
            return ""

    def write(self, data: bytes, /) -> None:
        self._process.stdin.write(data)

    async def drain(self) -> None:
        try:
            await self._process.stdin.drain()
        except asyncssh.Error as error:
            raise ConnectionResetError(error.reason) from error

    def close(self) -> None:
        try:
            self._process.stdin.write_eof()
        except OSError:
            pass  # it is closed already


class Connection:
    """Made by `open`."""

    def __init__(self, address: str, hops: list[asyncssh.SSHClientConnection]) -> None:
        self._address = address
        self._hops = hops

    @classmethod
    async def open(cls, to: Destination) -> Connection:
        """Raises Unreachable (as for an ssh config that makes no sense), HostKeyUnknown, HostKeyChanged, LoginRefused;
        UsageError where the address is none."""
        parse(to.address)
        hops: list[asyncssh.SSHClientConnection] = []
        try:
            await _go(hops, to.address, to.keepalive)
        except BaseException:
            await _leave(hops)
            raise
        return cls(to.address, hops)

    @property
    def host_key(self) -> HostKey:
        key = self._hops[-1].get_server_host_key()
        assert key is not None  # it was verified
        return HostKey(key.get_algorithm(), hostkeys.fingerprint(key))

    async def start(self, command: str) -> Pipe:
        """Have the login shell there run it. Raises Unreachable."""
        try:
            process = await self._hops[-1].create_process(command, encoding=None, request_pty=False)
        except (asyncssh.Error, OSError) as error:
            if isinstance(error, asyncssh.ChannelOpenError) and not self._hops[-1].is_closed():
                raise Unreachable(
                    f"{self._address} opens no session: {error.reason}", hint="is MaxSessions of its sshd at least 1?"
                ) from error
            raise Unreachable(f"the road to {self._address} broke: {error}") from error
        return Pipe(process)

    async def close(self) -> None:
        await _leave(self._hops)


class _Shown(NamedTuple):
    """A host key that no record vouches for, and where it was seen."""

    key: asyncssh.SSHKey
    host: str
    address: str
    port: int


class _Doorman(asyncssh.SSHClient):
    """Notes a host key that no record vouches for, and lets nobody in."""

    def __init__(self, limit: asyncio.Timeout, shown: list[_Shown]) -> None:
        self._limit = limit
        self._shown = shown

    def connection_made(self, conn: asyncssh.SSHClientConnection) -> None:
        self._limit.reschedule(asyncio.get_running_loop().time() + _LOGIN)

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self._shown.append(_Shown(key, host, addr, port))
        return False


async def _go(hops: list[asyncssh.SSHClientConnection], address: str, keepalive: float, trail: int = 0) -> None:
    """Reach `address` from the last hop, or through the jump hosts of its own that the ssh config names."""
    if trail > _HOPS:
        raise Unreachable(f"more than {_HOPS} jump hosts lead to {address}", hint="see ProxyJump in ~/.ssh/config")
    try:
        wanted: dict[str, Any] = {
            **parse(address),
            "config": (),  # where ssh looks for it
            "agent_forwarding": False,
            "x11_forwarding": False,
            "keepalive_interval": keepalive,
            "keepalive_count_max": _ALIVE_COUNT,
            "connect_timeout": None,
            "login_timeout": 0,
        }
        # No keys yet: this is to see what the config says.
        options = await asyncssh.SSHClientConnectionOptions.construct(**wanted, client_keys=None)
    except (UsageError, ValueError, OSError, asyncssh.Error) as error:
        raise Unreachable(f"the ssh config for {address} makes no sense: {error}", hint="see ~/.ssh/config") from error
    if options.tunnel and not hops:
        for jump in str(options.tunnel).split(","):
            await _go(hops, jump.strip().removeprefix("ssh://"), keepalive, trail + 1)
    named = options.config.get("IdentityFile", ())
    if named:
        # As ssh does: those that are not there are passed over, and so are those that ask for a passphrase.
        wanted["client_keys"] = [path for path in named if os.path.exists(os.path.expanduser(path))]
        wanted["ignore_encrypted"] = True
    record = hostkeys.known(options.config.get("UserKnownHostsFile", ()))
    if not options.config.get("HostKeyAlgorithms"):
        wanted["server_host_key_algs"] = hostkeys.algorithms(
            record, options.host_key_alias or options.host, options.port
        )
    await _shake_hands(hops, address, wanted, record)


async def _shake_hands(
    hops: list[asyncssh.SSHClientConnection],
    address: str,
    wanted: dict[str, Any],
    record: asyncssh.SSHKnownHosts,
) -> None:
    via = hops[-1] if hops else None
    shown: list[_Shown] = []
    try:
        async with _gate(), asyncio.timeout(_CONNECT) as limit:
            hops.append(
                await asyncssh.connect(
                    **wanted, tunnel=via, known_hosts=record, client_factory=lambda: _Doorman(limit, shown)
                )
            )
    except (asyncssh.Error, OSError, ValueError) as error:
        raise _ours(error, address, shown, record) from error


@asynccontextmanager
async def _gate() -> AsyncIterator[None]:
    """Wait for one of the few handshakes that may go on at once."""
    gate = _gates.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(_HANDSHAKES))
    crowded = gate.locked()
    async with gate:
        if crowded:
            await asyncio.sleep(random.uniform(0, _JITTER))  # noqa: S311 - no secret
        yield


_gates: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


def parse(address: str) -> dict[str, Any]:
    """`host`, and `username` and `port` where they are given: what is not, the ssh config says. Raises UsageError."""
    match = _ADDRESS.fullmatch(address)
    if not match or int(match["port"] or 0) > _LAST_PORT:
        raise UsageError(
            f"{address!r} is no address of a machine", hint="[user@]host[:port], or a Host of ~/.ssh/config"
        )
    parts: dict[str, Any] = {"host": match["host"] or match["six"]}
    if match["user"]:
        parts["username"] = match["user"]
    if match["port"]:
        parts["port"] = int(match["port"])
    return parts


def _ours(error: Exception, address: str, shown: Sequence[_Shown], record: asyncssh.SSHKnownHosts) -> MachineError:
    """What a failure to connect means."""
    match error:
        case asyncssh.HostKeyNotVerifiable() if shown:
            key, host, seen_at, port = shown[0]
            if hostkeys.keys_of(record, host, seen_at, port):
                return hostkeys.changed(host, port, key)
            return hostkeys.unknown(host, port, key)
        case asyncssh.HostKeyNotVerifiable():
            return HostKeyChanged(f"the host key of {address} is refused: {error.reason}")
        case asyncssh.PermissionDenied():
            return LoginRefused(
                f"{address} does not let us in: {error.reason}",
                hint="is your public key in ~/.ssh/authorized_keys there, and the private one in your ssh agent "
                "or named by IdentityFile?",
            )
        case TimeoutError():
            return Unreachable(f"{address} does not answer", hint="is it up, and is this network the right one?")
        case socket.gaierror():
            return Unreachable(f"{address} has no address: {error.strerror}", hint="see HostName in ~/.ssh/config")
        case asyncssh.Error():
            return Unreachable(f"no connection to {address}: {error.reason}")
        case OSError() if error.errno:
            return Unreachable(f"no connection to {address}: {os.strerror(error.errno)}")
        case _:
            return Unreachable(f"no connection to {address}: {error}")


async def _leave(hops: list[asyncssh.SSHClientConnection]) -> None:
    """From the far end back; what does not answer a goodbye is cut off."""
    for hop in reversed(hops):
        hop.close()
        try:
            async with asyncio.timeout(_GOODBYE):
                await hop.wait_closed()
        except TimeoutError:
            hop.abort()
    hops.clear()
