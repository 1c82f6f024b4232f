"""The wire, and the engine's end of it: what comes is read in any pieces, and what makes no sense ends the road."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from pathlib import Path

import pytest

from tests.remote.site import PATIENCE, Connect, Ear, FakeSite, LocalSite, spec
from workbench.errors import AgentError, Unreachable
from workbench.remote.agent import wire
from workbench.remote.machines import local
from workbench.remote.machines.base import Disconnected, Exited, Fenced, Started, Vanished
from workbench.remote.machines.channel import Channel

FRAMES: list[tuple[wire.Head, bytes]] = [
    ({"id": 1, "verb": "x"}, b""),
    ({"id": 2, "payload": 5}, b"a\nb\0\xff"),
    ({"id": 3, "payload": 0}, b""),
    ({"text": "\udcff ✓"}, b""),
    ({"id": 4, "payload": 100_000}, bytes(100_000)),
]


@pytest.mark.parametrize("seed", range(20))
def test_frames_arrive_in_any_pieces(seed: int) -> None:
    chance = random.Random(seed)
    stream = b"".join(wire.encode(head, payload if "payload" in head else None) for head, payload in FRAMES)
    frames, at = wire.Frames(), 0
    found: list[tuple[wire.Head, bytes]] = []
    while at < len(stream):
        size = chance.choice((1, 2, 7, 50, 5_000, 60_000))
        found += frames.feed(stream[at : at + size])
        at += size
    assert found == FRAMES


@pytest.mark.parametrize(
    "line",
    [b"\n", b"rubbish\n", b"[]\n", b'{"payload": -1}\n', b'{"payload": "5"}\n', b'{"payload": 1e99}\n', b"\xff\n"],
)
def test_what_is_no_frame(line: bytes) -> None:
    with pytest.raises(wire.WireError):
        list(wire.Frames().feed(line + b"\n"))


def test_a_line_without_end() -> None:
    frames = wire.Frames()
    with pytest.raises(wire.WireError):
        for _ in range(100):
            list(frames.feed(b"x" * 50_000))


HELLO = {
    **{"hostname": "h", "boot_id": "b", "user": "u", "python": "3", "kernel": "6", "root": "/r"},
    **{"cpus": 1, "memory": 1, "devices": [], "warnings": []},
}


class Script:
    """An agent's end of the wire: it says what it was told to, answers greetings, and after them says the rest."""

    def __init__(self, *before: bytes, after: bytes = b"", together: bool = False) -> None:
        """`together`: it answers no greeting before it has heard both."""
        self.heard: list[str] = []
        self.pinged = asyncio.Event()
        self._together = together
        self._answers = b""
        self._said: asyncio.Queue[bytes] = asyncio.Queue()
        for data in before:
            self._said.put_nowait(data)
        self._after = after
        self._frames = wire.Frames()

    async def read(self, limit: int, /) -> bytes:
        return await self._said.get()

    def write(self, data: bytes, /) -> None:
        for head, _ in self._frames.feed(data):
            self.heard.append(head["verb"])
            if self.heard.count("ping") > 2:
                self.pinged.set()
            if head["verb"] == "hello":
                self._answers += wire.encode({"id": head["id"], "result": HELLO})
            if head["verb"] in ("tracking", "ping"):
                self._answers += wire.encode({"id": head["id"], "result": None})
            if head["verb"] == "tracking":
                self._answers += self._after
            if not self._together or len(self.heard) > 1:
                self._said.put_nowait(self._answers)
                self._answers = b""

    async def drain(self) -> None:
        pass

    def close(self) -> None:
        self._said.put_nowait(b"")


async def opened(script: Script) -> Channel:
    async with asyncio.timeout(PATIENCE):
        return await Channel.open("m", script, script)


async def test_what_a_login_shell_prints_is_skipped() -> None:
    channel = await opened(Script(b"Welcome!\nLast login: today\nWORKBENCH-", b"AGENT 1\n"))
    assert channel.host.hostname == "h"
    await channel.close()


async def test_nobody_answers_as_an_agent_does() -> None:
    script = Script(b"sh: python3: not found\n", b"")
    with pytest.raises(Unreachable) as caught:
        await opened(script)
    assert caught.value.evidence["said"] == "sh: python3: not found"
    assert caught.value.message == "no agent answers on m: sh: python3: not found"
    with pytest.raises(Unreachable):
        await opened(Script(*[b"chatter" * 10_000] * 100))


@pytest.mark.parametrize(
    "rubbish", [b"rubbish\n", b'{"event": "surprise"}\n', b'{"event": "started"}\n', b'{"neither": 1}\n']
)
async def test_what_makes_no_sense_ends_the_road(rubbish: bytes) -> None:
    channel = await opened(Script(wire.MAGIC, after=rubbish))
    events = [event async for event in channel.events()]
    assert [type(event) for event in events] == [Disconnected]
    with pytest.raises(Unreachable):
        await channel.cancel("a.1")
    await channel.close()


async def test_a_call_that_waits_hears_that_the_road_broke() -> None:
    script = Script(wire.MAGIC)
    channel = await opened(script)
    call = asyncio.create_task(channel.cancel("a.1"))
    await asyncio.sleep(0)
    script.close()
    with pytest.raises(Unreachable):
        await call
    await channel.close()


async def test_the_agent_refuses_what_it_does_not_understand(here: LocalSite, connect: Connect) -> None:
    machine = (await connect()).machine
    assert isinstance(machine, Channel)
    for verb, attempt in (("dance", "a.1"), ("do", "a.1"), ("cancel", "../../etc"), ("read", "a.1"), ("has", "a.1")):
        with pytest.raises(AgentError):
            await machine._ask(verb, attempt=attempt)
    for line in (b"", b"[]", b"{}", b'{"attempt": "a.1"}'):
        with pytest.raises(AgentError):
            await machine._ask("start", payload=line)
    await machine.sample(0)


async def test_an_agent_ends_with_its_engine_and_leaves_what_runs(here: LocalSite, connect: Connect) -> None:
    ear = await connect()
    os.mkfifo(here.root / "go")
    await ear.machine.start([spec("a.1", ("sh", "-c", "read x < ../../../go; exit 6"))])
    await ear.hear(Started, "a.1")
    await ear.close()
    assert not here.agents()
    assert not list((here.root / "bells").iterdir())
    assert len(here.supervisors()) == 1
    await asyncio.to_thread((here.root / "go").write_text, "x\n")
    ear = await connect()
    await ear.machine.watch({"a.1": 0})
    end = await ear.end_of("a.1")
    assert isinstance(end, Exited)


async def test_a_killed_agent_leaves_a_bell_that_is_taken_down(here: LocalSite, connect: Connect) -> None:
    first = await connect()
    here.break_road()
    await first.until(lambda heard: bool(heard))
    second = await connect()
    assert len(list((here.root / "bells").iterdir())) == 2
    await second.machine.start([spec("a.1", ("true",))])
    await second.end_of("a.1")
    assert len(list((here.root / "bells").iterdir())) == 1


async def test_a_root_that_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unreachable):
        await local.connect(str(tmp_path / "link"))
    (tmp_path / "file").touch()
    with pytest.raises(Unreachable):
        await local.connect(str(tmp_path / "file"))


async def test_the_agent_runs_from_a_bare_directory_and_as_a_module(tmp_path: Path) -> None:
    agent = Path(wire.__file__).parent
    for command in ((sys.executable, "-I", str(agent)), (sys.executable, "-m", "workbench.remote.agent")):
        process = await asyncio.create_subprocess_exec(
            *command, str(tmp_path / "root"), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
        )
        out, _ = await process.communicate(wire.encode({"id": 1, "verb": "hello"}))
        magic, hello, *rest = out.split(b"\n")
        assert magic + b"\n" == wire.MAGIC
        assert json.loads(hello)["result"]["root"] == str(tmp_path / "root")
        assert rest == [b""]
        assert process.returncode == 0


async def agent_of(root: Path, *options: str) -> asyncio.subprocess.Process:
    """An agent that speaks to nobody yet."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(Path(wire.__file__).parent), *options, str(root)),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=1 << 10,
    )


async def test_an_agent_that_hears_nothing_goes(tmp_path: Path) -> None:
    process = await agent_of(tmp_path / "root", "--patience=0.2")
    async with asyncio.timeout(PATIENCE):
        assert await process.wait() == 0
    assert not list((tmp_path / "root" / "bells").iterdir())


async def test_an_agent_that_nobody_listens_to_goes_however_much_it_hears(tmp_path: Path) -> None:
    process = await agent_of(tmp_path / "root", "--patience=0.5")
    assert process.stdin
    process.stdin.write(wire.encode({"id": 1, "verb": "sample", "interval": 0.0001}))
    ping = wire.encode({"id": 2, "verb": "ping"})
    async with asyncio.timeout(PATIENCE):
        while process.returncode is None:
            process.stdin.write(ping)
            await asyncio.sleep(0.01)
        await process.communicate()
    assert process.returncode == 0


async def test_an_agent_that_is_not_told_to_waits_for_ever_and_another_option_is_none(tmp_path: Path) -> None:
    process = await agent_of(tmp_path / "root")
    assert (await process.communicate(b""))[0] == wire.MAGIC
    for options in (["--haste=1"], ["--patience=1", "--patience=2"]):
        process = await agent_of(tmp_path / "root", *options)
        assert await process.wait() == 2


async def test_an_agent_hears_of_us_while_there_is_nothing_to_say() -> None:
    script = Script(wire.MAGIC)
    async with asyncio.timeout(PATIENCE):
        channel = await Channel.open("m", script, script, ping=0.001)
        await script.pinged.wait()
    await channel.close()


async def test_greetings_take_one_round_trip() -> None:
    script = Script(wire.MAGIC, together=True)
    await (await opened(script)).close()
    assert script.heard == ["hello", "tracking"]


async def test_the_fakes_troubles() -> None:
    site = FakeSite()
    machine = await site.connect()
    ear = Ear(machine)
    site.host.lose_reply_to.add("start")
    lane = [spec("a.1", site.argv(("wait",))), spec("b.1", site.argv(("print", "b")))]
    with pytest.raises(Unreachable, match="the reply got lost"):
        await machine.start(lane)
    await ear.until(lambda heard: isinstance(heard[-1], Disconnected) if heard else False)
    ear = Ear(await site.connect())
    await ear.machine.start(lane)
    await ear.hear(Started, "a.1")
    boot = ear.machine.host.boot_id
    site.host.reboot()
    site.host.unreachable = True
    with pytest.raises(Unreachable):
        await site.connect()
    site.host.unreachable = False
    ear = Ear(await site.connect())
    assert ear.machine.host.boot_id != boot
    await ear.machine.watch({"a.1": 0})
    end = await ear.end_of("a.1")
    assert isinstance(end, Vanished)
    assert end.why == "the machine was rebooted"
    assert site.host.attempts["a.1"].executions == 1
    await ear.machine.cancel("b.1")
    assert await ear.end_of("b.1") == Fenced("b.1")
    await ear.close()
