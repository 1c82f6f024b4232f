"""The blocking client, for a prompt: requests out, replies in, one at a time. Imports no asyncio."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable, Iterable

from workbench import paths
from workbench.errors import Dropped, EngineError, EngineUnreachable, UsageError, VersionMismatch
from workbench.protocol import MAX_FRAME, VERSION, messages
from workbench.version import __version__

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any

GREETING = 30.0
"""Seconds until an engine that took the connection must have said hello."""

SLOW = 0.3
"""Seconds after which a person wants to know what takes so long."""

TRIES = 5
"""How often a question that changes nothing is asked of engines that go away."""

_CHUNK = 1 << 18
_CREDENTIALS = struct.Struct("3i")


class Absent(EngineUnreachable):
    """Nobody listens: no engine runs, or it went away before it said hello."""


class Engine:
    """A connection to the engine, dialled at the first call, the greeting and the call in one write.

    start: whether an engine is started where none answers; else Absent is raised.
    """

    def __init__(self, *, start: bool = True) -> None:
        self._start = start
        self._socket: socket.socket | None = None
        self._received = bytearray()
        self._last = 0
        self.pid = 0
        """Whose socket it is, by the kernel's word; 0 before the first call."""

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None
        self._received.clear()

    def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        *,
        slow: Callable[[], None] | None = None,
        again: bool = False,
    ) -> Any:
        """The engine's answer, however long it takes.

        slow: called once if there is none after SLOW seconds. again: ask a new connection where the old one
        breaks, for questions that change nothing. Raises the engine's own errors as the classes they were there.
        """
        self._last += 1
        frame = messages.request(self._last, method, params or {})
        if len(frame) > MAX_FRAME:
            raise UsageError(f"this asks for {len(frame)} bytes in one message, and {MAX_FRAME} is the most")
        for tries_left in reversed(range(TRIES if again else 1)):
            try:
                reply = self._ask(frame, slow)
                break
            except _Broken:
                self.close()
                if not tries_left:
                    raise EngineUnreachable(
                        f"the engine went away before it answered `{method}`",
                        hint="`workbench runs` starts it again and shows what it had taken",
                    ) from None
            except BaseException:
                self.close()  # what comes next on this connection would answer another question
                raise
        if "error" in reply:
            messages.raise_error(reply["error"])
        return reply.get("result")

    def begin(self, questions: Iterable[tuple[str, dict[str, Any]]]) -> range:
        """Ask all of them of a new connection, and wait for none. Their ids. Raises Absent, EngineUnreachable, ..."""
        frames = [messages.request(id, *question) for id, question in enumerate(questions, self._last + 1)]
        ids = range(self._last + 1, self._last + 1 + len(frames))
        self._last += len(frames)
        self.greet(b"".join(frames))
        return ids

    def finish(self, ids: range) -> dict[int, Any]:
        """Wait for the answers to what was begun: by id, without those that were errors. Raises EngineError."""
        answered: dict[int, dict[str, Any]] = {}
        try:
            while len(answered) < len(ids):
                message = _understood(self._line())
                if message.get("id") in ids:
                    answered[message["id"]] = message
        except (_Broken, TimeoutError):
            raise EngineUnreachable("the engine went away before it had answered everything") from None
        return {id: message["result"] for id, message in answered.items() if "result" in message}

    def greet(self, frame: bytes = b"") -> None:
        """Connect, send the greeting and `frame` behind it, and read the answer to the greeting."""
        self._socket = dial(paths.socket())
        self.pid, _ = peer(self._socket)
        try:
            self._socket.settimeout(GREETING)
            self._send(messages.request(0, "hello", {"protocol": VERSION, "version": __version__}) + frame)
            reply = self._reply(0)
        except _Broken:
            self.close()
            raise Absent("the engine closed the connection before it said hello") from None
        except TimeoutError:
            self.close()
            raise EngineUnreachable(
                f"the engine (pid {self.pid}) has not said hello for {GREETING:.0f} s",
                hint=f"if it stays silent: `kill {self.pid}`; runs go on, and the next command starts it again",
                pid=self.pid,
            ) from None
        _check(reply, self.pid)

    def _ask(self, frame: bytes, slow: Callable[[], None] | None) -> dict[str, Any]:
        if self._socket is not None:
            self._send(frame)
        else:
            try:
                self.greet(frame)
            except Absent:
                if not self._start:
                    raise
                from workbench.client.start import ensure_engine

                ensure_engine()
                self.greet(frame)
        assert self._socket is not None
        if slow is not None:
            self._socket.settimeout(SLOW)
            try:
                return self._reply(self._last)
            except TimeoutError:
                slow()
        self._socket.settimeout(None)
        return self._reply(self._last)

    def _send(self, data: bytes) -> None:
        assert self._socket is not None
        try:
            self._socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            # It may have said why before it hung up: what it sent is still there to be read.
            pass

    def _reply(self, id: int) -> dict[str, Any]:
        while True:
            message = _understood(self._line())
            if message.get("method") == "dropped":
                raise Dropped(f"the engine hung up: {message.get('params', {}).get('reason', 'no reason given')}")
            if message.get("id") == id or ("error" in message and message.get("id") is None):
                return message

    def _line(self) -> bytes:
        assert self._socket is not None
        searched = 0
        while (end := self._received.find(b"\n", searched)) < 0:
            searched = len(self._received)
            if searched > MAX_FRAME:
                raise EngineError(f"the engine sent a line of more than {MAX_FRAME} bytes")
            try:
                data = self._socket.recv(_CHUNK)
            except ConnectionResetError:
                data = b""
            if not data:
                raise _Broken
            self._received += data
        line = bytes(self._received[:end])
        del self._received[: end + 1]
        return line


class _Broken(Exception):
    """The connection ended where an answer was due."""


def _understood(line: bytes) -> dict[str, Any]:
    try:
        return messages.parse(line)
    except EngineError as problem:
        raise EngineError(
            f"what answers at {paths.socket()} makes no sense: {problem.message}",
            hint="`workbench doctor` says who listens there",
        ) from None


def dial(path: str) -> socket.socket:
    """A connection to the socket at `path`, which must be ours.

    Raises Absent where nobody listens, EngineUnreachable where the path can't be used or isn't ours.
    """
    if len(os.fsencode(path)) > paths.SOCKET_LIMIT:
        raise EngineUnreachable(
            f"the path of the engine's socket has {len(os.fsencode(path))} bytes, "
            f"and the kernel takes {paths.SOCKET_LIMIT}: {path}",
            hint="set WORKBENCH_HOME to a directory with a shorter name",
        )
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
        owner = peer(connection)[1]
        if owner != os.geteuid():
            raise EngineUnreachable(
                f"{path} is held by another user (uid {owner}), not by you (uid {os.geteuid()})",
                hint="remove it, or set WORKBENCH_HOME to a directory of yours",
            )
    except (FileNotFoundError, ConnectionRefusedError, NotADirectoryError):
        connection.close()
        raise Absent("no engine is running", hint="`workbench engine start` starts it") from None
    except OSError as problem:
        connection.close()
        raise EngineUnreachable(f"can't reach the engine at {path}: {problem.strerror}") from None
    except EngineUnreachable:
        connection.close()
        raise
    return connection


def peer(connection: socket.socket) -> tuple[int, int]:
    """(pid, uid) of the process that listens at the other end."""
    raw = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(raw)
    return pid, uid


def _check(reply: dict[str, Any], pid: int) -> None:
    """Raises VersionMismatch, saying which side is older, unless the greeting was answered in our protocol."""
    if "error" in reply:
        messages.raise_error(reply["error"])
    answer = reply.get("result")
    answer = answer if isinstance(answer, dict) else {}
    theirs = answer.get("protocol")
    if theirs == VERSION:
        return
    engine = f"the engine (version {answer.get('version', 'unknown')}, pid {pid}, protocol {theirs})"
    command = f"this command (version {__version__}, protocol {VERSION})"
    if isinstance(theirs, int) and theirs > VERSION:
        raise VersionMismatch(
            f"{command} is older than {engine}",
            hint="upgrade this workbench, or use the one that the engine was started from",
            protocol=theirs,
        )
    raise VersionMismatch(
        f"{engine} is older than {command}",
        hint="`workbench engine stop`, then try again: a new engine takes over, and runs go on meanwhile",
        protocol=theirs,
    )
