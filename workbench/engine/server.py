"""The socket: who may speak, in which version, how much, and what becomes of those who do not listen.

One line a message, JSON-RPC 2.0. The Unix socket lies 0600 in a directory of ours that is 0700, and the kernel
tells whose process is at the other end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import pwd
import socket
import struct
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from workbench import paths
from workbench.errors import EngineError, UsageError, VersionMismatch, WorkbenchError
from workbench.protocol import MAX_FRAME, VERSION, messages

log = logging.getLogger(__name__)

BACKLOG = 8 * 1024 * 1024
"""Bytes that may wait for a subscriber to read them."""

Handler = Callable[["Peer", dict[str, Any]], Awaitable[dict[str, Any]]]


@dataclass(slots=True, eq=False)
class Peer:
    """One connection. `user` is the kernel's word, never the client's."""

    uid: int
    user: str
    writer: asyncio.StreamWriter
    greeted: bool = False
    topics: frozenset[str] = frozenset()
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def send(self, line: bytes) -> None:
        if not self.writer.is_closing():
            self.writer.write(line)

    def notify(self, line: bytes) -> None:
        """A subscriber that does not keep up is told so and let go, whatever it was owed."""
        if self.writer.is_closing():
            return
        if self.writer.transport.get_write_buffer_size() > BACKLOG:
            reason = f"more than {BACKLOG} bytes waited to be read; connect again for the present state"
            log.warning("dropped a slow subscriber of %s", self.user)
            self.topics = frozenset()
            self.writer.write(messages.notification("dropped", {"reason": reason}))
            self.writer.close()
            return
        self.writer.write(line)


class Server:
    """verbs: name -> handler. hello: what the handshake answers. topics: called when subscriptions change."""

    def __init__(self, verbs: dict[str, Handler], hello: dict[str, Any], topics: Callable[[], None]) -> None:
        self._verbs = verbs
        self._hello = hello
        self._topics = topics
        self._server: asyncio.Server | None = None
        self.peers: set[Peer] = set()

    async def open(self) -> str:
        """Bind and listen; the socket's path. The caller holds the engine's lock: a socket that lies there is dead."""
        path = paths.socket()
        paths.private(os.path.dirname(path))
        if len(os.fsencode(path)) > paths.SOCKET_LIMIT:
            raise EngineError(
                f"the socket's path is longer than {paths.SOCKET_LIMIT} bytes: {path}",
                hint="set XDG_RUNTIME_DIR or WORKBENCH_HOME to a shorter directory",
            )
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mask = os.umask(0o177)
        try:
            listener.bind(path)
        finally:
            os.umask(mask)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=MAX_FRAME)
        return path

    def subscribed(self, topic: str) -> bool:
        return any(topic in peer.topics for peer in self.peers)

    def publish(self, topic: str, method: str, params: dict[str, Any]) -> None:
        """One encoding, however many listen."""
        listeners = [peer for peer in self.peers if topic in peer.topics]
        if listeners:
            line = messages.notification(method, params)
            for peer in listeners:
                peer.notify(line)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        with contextlib.suppress(FileNotFoundError):
            os.unlink(paths.socket())
        farewell = messages.notification("dropped", {"reason": "the engine was stopped; what runs goes on"})
        for peer in list(self.peers):
            for task in list(peer.tasks):
                task.cancel()
            peer.send(farewell)
            with contextlib.suppress(OSError):
                await asyncio.wait_for(peer.writer.drain(), 0.5)
            peer.writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        uid = _peer_uid(writer.get_extra_info("socket"))
        if uid != os.geteuid():
            log.warning("refused a connection of uid %s", uid)
            writer.close()
            return
        peer = Peer(uid, _user_name(uid), writer)
        self.peers.add(peer)
        try:
            await self._converse(peer, reader)
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.peers.discard(peer)
            for task in list(peer.tasks):
                task.cancel()
            if peer.topics:
                self._topics()
            writer.close()

    async def _converse(self, peer: Peer, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                raw = await reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return
            except asyncio.LimitOverrunError:
                too_long = EngineError(f"a message is over the limit of {MAX_FRAME} bytes")
                peer.send(messages.error(None, too_long, messages.INVALID_REQUEST))
                return
            try:
                message = messages.parse(raw)
            except EngineError as problem:
                peer.send(messages.error(None, problem, messages.PARSE_ERROR))
                return
            task = asyncio.create_task(self._answer(peer, message))
            peer.tasks.add(task)
            task.add_done_callback(peer.tasks.discard)
            if not peer.greeted:
                await task
            else:
                await peer.writer.drain()

    async def _answer(self, peer: Peer, message: dict[str, Any]) -> None:
        id, method, params = message.get("id"), message.get("method"), message.get("params", {})
        try:
            if not isinstance(method, str) or not isinstance(params, dict):
                raise UsageError("a request has a method and an object of params")
            value = await self._dispatch(peer, method, params)
        except WorkbenchError as problem:
            peer.send(messages.error(id, problem))
        except asyncio.CancelledError:
            raise
        except Exception as problem:
            log.exception("%s failed", method)
            hint = f"the engine's log says more: {paths.engine_log()}"
            failure = EngineError(f"the engine stumbled over {method}: {problem!r}", hint=hint)
            peer.send(messages.error(id, failure, messages.INTERNAL))
        else:
            line = messages.result(id, value)
            if len(line) > MAX_FRAME:
                failure = EngineError("the answer is too large", hint="ask for less: a filter, or a limit")
                line = messages.error(id, failure)
            peer.send(line)

    async def _dispatch(self, peer: Peer, method: str, params: dict[str, Any]) -> dict[str, Any]:
        if method == "hello":
            theirs = params.get("protocol")
            if theirs != VERSION:
                raise _mismatch(theirs, self._hello)
            peer.greeted = True
            return self._hello
        if not peer.greeted:
            raise VersionMismatch("the first request on a connection is hello", hint="upgrade the client")
        if method == "subscribe":
            topics = params.get("topics", [])
            peer.topics = frozenset(str(topic) for topic in topics)
            self._topics()
            return {}
        handler = self._verbs.get(method)
        if handler is None:
            raise UsageError(f"this engine ({self._hello['version']}) has no verb {method!r}", hint=_RESTART)
        return await handler(peer, params)


_RESTART = "if you upgraded workbench: workbench engine stop, and the next command starts the new one"


def _mismatch(theirs: object, hello: dict[str, Any]) -> VersionMismatch:
    ours = f"the engine {hello['version']} speaks protocol {VERSION}"
    if isinstance(theirs, int) and theirs > VERSION:
        hint = (
            "the engine is the older one: workbench engine stop; what runs goes on, and the next command starts a new"
        )
    else:
        hint = "the client is the older one: upgrade it, or use the workbench that the engine was started from"
    return VersionMismatch(f"this client speaks protocol {theirs}, {ours}", hint=hint, engine=VERSION, client=theirs)


def _peer_uid(sock: socket.socket) -> int:
    """From the kernel (SO_PEERCRED)."""
    credentials = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return int(struct.unpack("3i", credentials)[1])


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
