"""The engine's end of the wire: a Machine over any pair of streams that leads to an agent."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from workbench.domain.devices import DeviceSample, Lease, Process, Tolerance
from workbench.domain.progress import BYTES, Progress
from workbench.domain.resources import Capacity, Device
from workbench.domain.search import Found, Query
from workbench.errors import AgentError, BuildError, MachineError, MachineFull, NoIndex, Unreachable
from workbench.remote import transfer
from workbench.remote.agent import wire
from workbench.remote.machines.asking import asked, found
from workbench.remote.machines.base import (
    NOBODY,
    Absent,
    AttemptId,
    Build,
    Disconnected,
    Event,
    Exit,
    Exited,
    Fenced,
    Harvest,
    Host,
    Output,
    Sampled,
    Say,
    Spec,
    Started,
    Stream,
    Taken,
    TreeEntry,
    Vanished,
    Wheel,
    unheard,
)

Answer = tuple[Any, bytes]
"""What a reply says, and its payload."""

_CHUNK = 1 << 18
_CHATTER_LIMIT = 1 << 20  # bytes that a login shell may print before the agent speaks
_IN_FLIGHT = 8  # loads of blobs that travel before the first of them is confirmed


class Reader(Protocol):
    async def read(self, limit: int, /) -> bytes: ...


class Writer(Protocol):
    def write(self, data: bytes, /) -> None: ...
    async def drain(self) -> None: ...
    def close(self) -> None: ...


async def _nothing() -> None:
    pass


class Channel:
    """A connected agent. Made by `open`."""

    def __init__(self, name: str, reader: Reader, writer: Writer, uv: str, end: Callable[[], Awaitable[None]]) -> None:
        self._name = name
        self._reader = reader
        self._writer = writer
        self._uv = uv
        self._end = end
        self._frames = wire.Frames()
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Answer]] = {}
        self._progress: dict[int, Callable[[Any], None]] = {}
        self._events: asyncio.Queue[Event] = asyncio.Queue()
        self._sent: set[str] = set()
        self._supplying = asyncio.Lock()
        """Held by whoever sends wheels: two that lack the same one must not both send it."""
        self._broken = ""
        self._host: Host
        self._tasks: list[asyncio.Task[None]] = []

    @classmethod
    async def open(
        cls,
        name: str,
        reader: Reader,
        writer: Writer,
        *,
        tracking: bytes = b"",
        uv: str = "",
        ping: float = 0.0,
        end: Callable[[], Awaitable[None]] = _nothing,
    ) -> Channel:
        """Greet the agent at the other end. `tracking` is what `import workbench` finds in a run there, `uv` the
        path of uv there, "" to look on its PATH; `ping`: seconds between two words of ours, so that the agent knows
        that we are there, 0 for none; `end` is awaited when the channel is closed.

        Raises Unreachable where nobody answers as an agent does; `end` was awaited then."""
        channel = cls(name, reader, writer, uv, end)
        try:
            rest = await channel._skip_to_magic()
            channel._tasks.append(asyncio.create_task(channel._listen(rest), name=f"listen to {name}"))
        except BaseException:
            writer.close()
            await end()
            raise
        try:
            said, _ = await asyncio.gather(channel._ask("hello"), channel._ask("tracking", payload=tracking))
            channel._host = _host(said)
        except BaseException:
            await channel.close()
            raise
        if ping:
            channel._tasks.append(asyncio.create_task(channel._keep_pinging(ping), name=f"pings to {name}"))
        return channel

    @property
    def name(self) -> str:
        return self._name

    @property
    def host(self) -> Host:
        return self._host

    async def events(self) -> AsyncIterator[Event]:
        while True:
            event = await self._events.get()
            yield event
            if isinstance(event, Disconnected):
                return

    async def send(
        self,
        snapshot: str,
        tree: Sequence[TreeEntry],
        read: Callable[[str], Awaitable[bytes]],
        say: Say = unheard,
    ) -> None:
        if snapshot in self._sent:
            return
        contents = sorted({entry.content for entry in tree if entry.kind != "link"})
        answer = await self._ask("has", payload=_json(contents), snapshot=snapshot)
        if not answer["here"]:
            missing: list[str] = answer["missing"]
            sizes = {entry.content: entry.size for entry in tree}
            loads = transfer.loads(missing, sizes)
            done, total = 0, sum(sizes[blob] for blob in missing)
            for some in (loads[i : i + _IN_FLIGHT] for i in range(0, len(loads), _IN_FLIGHT)):
                say(Progress("sending the code", done, total, BYTES))
                await asyncio.gather(*(self._send_blobs(load, read) for load in some))
                done += sum(sizes[blob] for load in some for blob in load)
            entries = [{"path": entry.path, "kind": entry.kind, "content": entry.content} for entry in tree]
            await self._ask("tree", payload=_json(entries), snapshot=snapshot)
        self._sent.add(snapshot)

    async def _send_blobs(self, names: Sequence[str], read: Callable[[str], Awaitable[bytes]]) -> None:
        contents = [await read(name) for name in names]
        await self._ask("blobs", payload=b"".join(contents), blobs=[*zip(names, map(len, contents), strict=True)])

    async def build(self, build: Build, progress: Callable[[str], None]) -> str:
        path: str = await self._ask(
            "build",
            payload=build.lock.encode(),
            progress=progress,
            environment=build.id,
            python=build.python,
            uv=self._uv,
            wheels={wheel.file: wheel.sha256 for wheel in build.wheels},
        )
        return path

    async def supply(
        self,
        wheels: Sequence[Wheel],
        read: Callable[[str, int, int], Awaitable[bytes]],
        say: Say,
    ) -> None:
        sizes = {wheel.sha256: wheel.size for wheel in wheels}
        async with self._supplying:
            begun: dict[str, int] = await self._ask("parts", payload=_json(sorted(sizes)))
            if not begun:
                return
            done, total = sum(begun.values()), sum(sizes[blob] for blob in begun)

            def sent(size: int) -> None:
                nonlocal done
                done += size
                say(Progress("sending wheels", done, total, BYTES))

            sent(0)
            for blob, there in begun.items():
                await self._send_pieces(blob, there, sizes[blob], read, sent)
            await self._ask("settle", payload=_json(list(begun)))

    async def _send_pieces(
        self,
        blob: str,
        offset: int,
        size: int,
        read: Callable[[str, int, int], Awaitable[bytes]],
        sent: Callable[[int], None],
    ) -> None:
        piece = transfer.PIECE
        while offset < size and (data := await read(blob, offset, transfer.AHEAD * piece)):
            starts = range(0, len(data), piece)
            asked = (self._ask("piece", payload=data[at : at + piece], name=blob, offset=offset + at) for at in starts)
            await asyncio.gather(*asked)  # they leave in this order
            offset += len(data)
            sent(len(data))

    async def start(self, lane: Sequence[Spec], tolerance: Tolerance = NOBODY) -> None:
        idle = {device: sorted(pids) for device, pids in tolerance.idle.items() if pids}
        tolerated = {"ignored": tolerance.ignored, "idle": idle, "small": tolerance.small}
        await self._ask("start", payload=b"\n".join(_spec(spec) for spec in lane), tolerated=tolerated)

    async def cancel(self, attempt: AttemptId) -> None:
        await self._ask("cancel", attempt=attempt)

    async def fence(self, attempts: Sequence[AttemptId]) -> None:
        await self._ask("fence", payload=_json(list(attempts)))

    async def leftovers(self) -> list[AttemptId]:
        found: list[AttemptId] = await self._ask("leftovers")
        return found

    async def watch(self, offsets: Mapping[AttemptId, int]) -> None:
        await self._ask("watch", payload=_json(dict(offsets)))

    async def follow(self, attempt: AttemptId, offset: int) -> None:
        await self._ask("follow", attempt=attempt, offset=offset)

    async def unfollow(self, attempt: AttemptId) -> None:
        await self._ask("unfollow", attempt=attempt)

    async def read(self, attempt: AttemptId, stream: Stream, offset: int, limit: int) -> tuple[bytes, int]:
        answer, data = await self._exchange(
            "read", None, None, {"attempt": attempt, "stream": stream, "offset": offset, "limit": limit}
        )
        return data, answer["size"]

    async def find(self, attempt: AttemptId, query: Query, offset: int, back: bool, count: int) -> Found:
        question = _json(asked(query, offset, back, count))
        return found(await self._ask("find", payload=question, attempt=attempt))

    async def leaving(self, attempts: Sequence[AttemptId]) -> list[AttemptId]:
        found: list[AttemptId] = await self._ask("leaving", payload=_json(list(attempts)))
        return found

    async def harvest(self, attempt: AttemptId) -> Harvest:
        told: list[dict[str, Any]] = []
        answer = await self._ask("harvest", progress=told.append, attempt=attempt)
        files = tuple(transfer.leaving(self._name, file) for file in told)
        return Harvest(files, tuple(map(str, answer["left_out"])))

    async def fetch(self, attempt: AttemptId, path: str, offset: int, limit: int) -> bytes:
        arguments = {"attempt": attempt, "path": path, "offset": offset, "limit": limit}
        return (await self._exchange("fetch", None, None, arguments))[1]

    async def forget(self, attempts: Sequence[AttemptId]) -> None:
        await self._ask("forget", payload=_json(list(attempts)))

    async def sample(self, interval: float) -> None:
        await self._ask("sample", interval=interval)

    async def prune(self, keep: Sequence[str]) -> tuple[list[str], int]:
        gone, freed = await self._ask("prune", payload=_json(list(keep)))
        return gone, freed

    async def ping(self) -> None:
        """There and back. Raises Unreachable."""
        await self._ask("ping")

    async def close(self) -> None:
        self._break("it was closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._end()

    # the wire

    async def _ask(
        self,
        verb: str,
        *,
        payload: bytes | None = None,
        progress: Callable[[Any], None] | None = None,
        **arguments: Any,
    ) -> Any:
        return (await self._exchange(verb, payload, progress, arguments))[0]

    async def _exchange(
        self, verb: str, payload: bytes | None, progress: Callable[[Any], None] | None, arguments: dict[str, Any]
    ) -> Answer:
        if self._broken:
            raise self._unreachable()
        request = next(self._ids)
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting[request] = answer
        if progress:
            self._progress[request] = progress
        try:
            self._writer.write(wire.encode({"id": request, "verb": verb, **arguments}, payload))
            await self._writer.drain()
            return await answer
        except asyncio.CancelledError:
            if verb == "build" and not self._broken:  # nobody waits for it any more, and it may take long
                self._writer.write(wire.encode({"id": next(self._ids), "verb": "abandon", "request": request}))
            raise
        except OSError as error:
            self._break(str(error))
            raise self._unreachable() from error
        finally:
            self._waiting.pop(request, None)
            self._progress.pop(request, None)

    async def _skip_to_magic(self) -> bytes:
        """Read past what a login shell prints; what came after the magic line."""
        seen = b""
        while wire.MAGIC not in seen:
            try:
                data = await self._reader.read(_CHUNK)
            except OSError as error:
                raise Unreachable(f"the road to {self._name} broke: {error}") from error
            seen += data
            if not data or len(seen) > _CHATTER_LIMIT:
                said = seen.decode("utf-8", "replace").strip()[-2000:]
                last = f": {said.splitlines()[-1][-200:]}" if said else ""
                raise Unreachable(
                    f"no agent answers on {self._name}{last}",
                    hint="" if said else "is Python 3.8 or newer there?",
                    said=said,
                )
        return seen.partition(wire.MAGIC)[2]

    async def _keep_pinging(self, pause: float) -> None:
        with suppress(MachineError):
            while True:
                await asyncio.sleep(pause)
                await self.ping()

    async def _listen(self, rest: bytes) -> None:
        why = "the connection ended"
        try:
            data = rest
            while True:
                for head, payload in self._frames.feed(data):
                    self._take(head, payload)
                data = await self._reader.read(_CHUNK)
                if not data:
                    return
        except (OSError, wire.WireError) as error:
            why = str(error)
        except (KeyError, TypeError, ValueError) as error:
            why = f"the agent sent what makes no sense: {error!r}"
        finally:
            self._break(why)

    def _take(self, head: dict[str, Any], payload: bytes) -> None:
        if "event" in head:
            self._events.put_nowait(_event(head, payload))
            return
        request = head["id"]
        if "progress" in head:
            if request in self._progress:
                self._progress[request](head["progress"])
            return
        answer = self._waiting.get(request)
        if answer is None or answer.done():
            return
        if "error" in head:
            answer.set_exception(_error(self._name, head["error"]))
        else:
            answer.set_result((head["result"], payload))

    def _break(self, why: str) -> None:
        """The road ends here: whoever waits hears it, and so does the reader of events."""
        if self._broken:
            return
        self._broken = why
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(self._unreachable())
        self._writer.close()
        self._events.put_nowait(Disconnected(why))

    def _unreachable(self) -> Unreachable:
        return Unreachable(f"{self._name} can't be reached: {self._broken}")


def _spec(spec: Spec) -> bytes:
    """Its canonical form: equal specs, equal bytes."""
    return _json(
        {
            "attempt": spec.attempt,
            "argv": spec.argv,
            "snapshot": spec.snapshot,
            "workdir": spec.workdir,
            "environment": spec.environment,
            "params": dict(spec.params),
            "variables": dict(spec.variables),
            "links": dict(spec.links),
            "devices": spec.devices,
            "cpus": spec.cpus,
            "memory": spec.memory,
            "time_limit": spec.time_limit,
            "grace": spec.grace,
            "log_limit": spec.log_limit,
            "outputs": spec.outputs,
        }
    )


def _json(value: Any) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode("ascii")


def _host(said: dict[str, Any]) -> Host:
    devices = tuple(Device(d["uuid"], d["index"], d["name"], d["memory"], d["part"]) for d in said["devices"])
    return Host(
        capacity=Capacity(said["cpus"], said["memory"], devices),
        hostname=said["hostname"],
        boot_id=said["boot_id"],
        user=said["user"],
        python=said["python"],
        kernel=said["kernel"],
        root=said["root"],
        warnings=tuple(said["warnings"]),
    )


def _event(head: dict[str, Any], payload: bytes) -> Event:
    match head["event"]:
        case "started":
            return Started(head["attempt"], head["at"])
        case "output":
            return Output(head["attempt"], head["stream"], head["offset"], payload)
        case "exited":
            exit = Exit(
                code=head["code"],
                reason=head["reason"],
                started=head["started"],
                ended=head["ended"],
                cpu_seconds=head["cpu_seconds"],
                peak_memory=head["peak_memory"],
                words=head["words"],
            )
            return Exited(head["attempt"], exit, head["log_size"])
        case "fenced":
            return Fenced(head["attempt"], _taken(head["taken"]))
        case "absent":
            return Absent(head["attempt"])
        case "vanished":
            return Vanished(head["attempt"], head["why"], head["log_size"])
        case "sampled":
            return Sampled(
                at=head["at"],
                cpu=head["cpu"],
                memory=head["memory"],
                disk_free=head["disk_free"],
                network_in=head["network_in"],
                network_out=head["network_out"],
                load=head["load"],
                devices=tuple(map(_device, head["devices"])),
                attempts={name: (cores, resident) for name, (cores, resident) in head["attempts"].items()},
            )
        case other:
            raise ValueError(f"there is no event {other!r}")


def _taken(said: dict[str, Any] | None) -> Taken | None:
    if said is None:
        return None
    return Taken(**{**said, "process": Process(**said["process"]) if said["process"] else None})


def _device(said: dict[str, Any]) -> DeviceSample:
    processes = tuple(Process(**process) for process in said["processes"])
    lease = Lease(**said["lease"]) if said["lease"] else None
    return DeviceSample(**{**said, "processes": processes, "lease": lease})


def _error(name: str, said: dict[str, Any]) -> MachineError:
    if said["code"] == "no-index":
        return NoIndex(f"{said['message']} on {name}", words=said.get("words") or "", platform=said["platform"])
    if said["code"] == "build":
        return BuildError(f"{said['message']} on {name}", words=said.get("words") or "")
    kind = MachineFull if said["code"] == "full" else AgentError
    return kind(f"{name}: {said['message']}")
