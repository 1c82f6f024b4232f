"""The socket, with a real one: handshake, limits, and listeners that do not listen."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from workbench import paths
from workbench.engine.server import BACKLOG, Peer, Server
from workbench.errors import NotFound
from workbench.protocol import MAX_FRAME, VERSION, messages

HELLO = {"protocol": VERSION, "version": "9.9", "pid": 1, "started": 0}


async def echo(peer: Peer, params: dict[str, Any]) -> dict[str, Any]:
    return {"user": peer.user, **params}


async def lost(peer: Peer, params: dict[str, Any]) -> dict[str, Any]:
    raise NotFound("no run is called x", hint="workbench runs", seen=["y"])


async def broken(peer: Peer, params: dict[str, Any]) -> dict[str, Any]:
    raise ZeroDivisionError("division by zero")


@pytest.fixture
async def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path))
    server = Server({"echo": echo, "lost": lost, "broken": broken}, HELLO, lambda: None)
    await server.open()
    yield server
    await server.close()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, id: int, method: str, **params: Any) -> None:
        self.writer.write(messages.request(id, method, params))

    async def answer(self) -> dict[str, Any]:
        raw = await asyncio.wait_for(self.reader.readline(), 10)
        return dict(json.loads(raw)) if raw else {}

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        self.send(1, method, **params)
        return await self.answer()

    async def close(self) -> None:
        self.writer.close()
        await self.writer.wait_closed()


async def connect(greet: bool = True) -> Client:
    client = Client(*await asyncio.open_unix_connection(paths.socket(), limit=MAX_FRAME))
    if greet:
        assert (await client.call("hello", protocol=VERSION, version="9.9"))["result"] == HELLO
    return client


async def test_the_socket_is_ours_alone(server: Server) -> None:
    assert stat.S_IMODE(os.stat(paths.socket()).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(paths.runtime()).st_mode) == 0o700


async def test_a_call_is_answered_and_the_caller_is_known(server: Server) -> None:
    client = await connect()
    reply = await client.call("echo", a=1)
    assert reply["id"] == 1 and reply["result"]["a"] == 1
    assert reply["result"]["user"]
    await client.close()


async def test_calls_may_be_sent_before_the_handshake_is_answered(server: Server) -> None:
    client = await connect(greet=False)
    client.send(1, "hello", protocol=VERSION)
    client.send(2, "echo", a=2)
    assert (await client.answer())["id"] == 1
    assert (await client.answer())["result"]["a"] == 2
    await client.close()


@pytest.mark.parametrize("theirs", [VERSION - 1, VERSION + 1, None, "x"])
async def test_another_version_is_told_what_to_do(server: Server, theirs: object) -> None:
    client = await connect(greet=False)
    error = (await client.call("hello", protocol=theirs))["error"]
    assert error["data"]["code"] == "version"
    assert error["data"]["hint"]
    assert (await client.call("echo"))["error"]["data"]["code"] == "version"
    await client.close()


async def test_errors_keep_class_hint_and_evidence(server: Server) -> None:
    client = await connect()
    body = (await client.call("lost"))["error"]
    with pytest.raises(NotFound) as caught:
        messages.raise_error(body)
    assert (caught.value.message, caught.value.hint) == ("no run is called x", "workbench runs")
    assert caught.value.evidence == {"seen": ["y"]}
    await client.close()


async def test_a_stumble_of_ours_is_an_answer_and_not_the_end(server: Server) -> None:
    client = await connect()
    error = (await client.call("broken"))["error"]
    assert error["code"] == messages.INTERNAL and "ZeroDivisionError" in error["message"]
    assert (await client.call("echo", a=3))["result"]["a"] == 3
    await client.close()


async def test_an_unknown_verb_is_named(server: Server) -> None:
    client = await connect()
    assert "fly" in (await client.call("fly"))["error"]["message"]
    await client.close()


@pytest.mark.parametrize("garbage", [b"hello\n", b"[]\n", b"\xff\xfe\n", b"[" * 100_000 + b"\n", b"\n"])
async def test_garbage_ends_the_connection_with_a_reason(server: Server, garbage: bytes) -> None:
    client = await connect()
    client.writer.write(garbage)
    assert (await client.answer())["error"]["code"] == messages.PARSE_ERROR
    assert await client.answer() == {}
    await client.close()


async def test_a_frame_over_the_limit_is_refused(server: Server) -> None:
    client = await connect()
    client.writer.write(b"x" * (MAX_FRAME + 10))
    assert "limit" in (await client.answer())["error"]["message"]
    await client.close()


async def test_only_subscribers_hear(server: Server) -> None:
    deaf, listening = await connect(), await connect()
    await listening.call("subscribe", topics=["runs"])
    server.publish("runs", "changed", {"changes": []})
    assert (await listening.answer())["method"] == "changed"
    assert (await deaf.call("echo"))["result"]
    await deaf.close()
    await listening.close()


async def test_a_subscriber_that_does_not_read_is_dropped_with_a_reason(server: Server) -> None:
    client = await connect()
    await client.call("subscribe", topics=["runs"])
    client.reader._transport.pause_reading()  # type: ignore[attr-defined]
    note = {"text": "x" * 1_000_000}
    for _ in range(BACKLOG // 1_000_000 + 3):
        server.publish("runs", "changed", note)
    assert not server.subscribed("runs"), "it costs the engine no more memory"
    client.reader._transport.resume_reading()  # type: ignore[attr-defined]
    lines = []
    while line := await client.answer():
        lines.append(line["method"])
    assert lines[-1] == "dropped"
    await client.close()


async def test_a_path_that_no_socket_can_have_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from workbench.errors import EngineError

    monkeypatch.setenv("WORKBENCH_HOME", str(tmp_path / ("x" * 120)))
    with pytest.raises(EngineError) as caught:
        await Server({}, HELLO, lambda: None).open()
    assert "XDG_RUNTIME_DIR" in caught.value.hint
