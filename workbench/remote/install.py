"""Gets the agent into a machine: without root, and without network there.

One constant command (bootstrap.py) finds a Python there and has it read the porter (porter.py) from its input; the
porter takes in what is missing and becomes the agent, on the same channel. Where nothing is missing this costs no
round trip of its own. What travels: the agent as it is with nvidia-ml-py beside it, and a uv that runs there, each
under a name that changes with its content.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import tempfile
import time
import zlib
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, util
from pathlib import Path
from typing import Any

from uv import find_uv_bin

from workbench import bootstrap, paths
from workbench.errors import BuildError, Unreachable
from workbench.remote import agent, porter
from workbench.remote.connection import Pipe

_MACHINES = ("x86_64", "aarch64")
_WHEEL_TAG = re.compile(rf"^Tag: .*-((manylinux|musllinux)_(\d+)_(\d+)_({'|'.join(_MACHINES)}))$", re.MULTILINE)
_CHATTER_LIMIT = 1 << 20  # bytes that a login shell may print before the porter speaks
_REPLY_LIMIT = 1 << 20
_CHUNK = 1 << 16
_PATIENCE = 30.0  # seconds for a login shell and a Python to start


@dataclass(frozen=True, slots=True)
class Parcel:
    """Files that travel together."""

    files: tuple[tuple[str, int, bytes], ...]
    """Path, permissions, content."""

    @property
    def hash(self) -> str:
        digest = hashlib.sha256()
        for path, mode, content in self.files:
            digest.update(f"{path}\0{mode}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Arrival:
    """What the porter said; the agent comes after it on the same pipe."""

    uv: str
    """Its path there, "" where none could be brought."""
    clock: float
    """Seconds that the machine's clock is ahead of ours, as far as one answer can tell."""
    scheduler: str
    """"slurm" where it has one."""


async def enter(pipe: Pipe, address: str, root: str, patience: float) -> Arrival:
    """Speak to what bootstrap.COMMAND started, until the agent is about to start. `patience`: seconds of silence after
    which the agent takes us for gone.

    Raises Unreachable, with what was said instead, where no porter answers."""
    bundle = await asyncio.to_thread(agent_parcel)
    files = [path for path, _, _ in bundle.files]
    agent_name = f"agent/{bundle.hash}"
    wanted = {"root": root, "patience": patience, "agent": agent_name, "files": files, "uv": uv_offers()}
    source = Path(porter.__file__).read_text(encoding="utf-8")
    with suppress(OSError):  # what has ended already may have said why
        pipe.write(bootstrap.line(source) + json.dumps(wanted).encode() + b"\n")
    try:
        async with asyncio.timeout(_PATIENCE):
            said = await _hear(pipe, address)
        clock = said["now"] - time.time()
        uv = said["uv"]
        for name in said["missing"]:
            parcel = bundle if name == agent_name else await uv_parcel(name)
            if parcel is None:
                uv = ""
            await _hand_over(pipe, parcel)
    except TimeoutError as error:
        raise Unreachable(
            f"the login shell of {address} answers nothing", hint="does its start-up file wait for something?"
        ) from error
    except OSError as error:
        raise Unreachable(f"the road to {address} broke: {error}") from error
    return Arrival(uv, clock, said["scheduler"])


async def _hear(pipe: Pipe, address: str) -> dict[str, Any]:
    """The porter's reply; what a login shell prints before it is skipped."""
    magic = porter.MAGIC.encode()
    seen = b""
    while not (found := seen.partition(magic))[1] or b"\n" not in found[2]:
        data = await pipe.read(_CHUNK)
        seen += data
        if not data or len(seen) > _CHATTER_LIMIT + _REPLY_LIMIT:
            said = seen.decode("utf-8", "replace").strip()[-2000:] or await pipe.complaint(2000)
            last = said.splitlines()[-1][-200:] if said else "it said nothing"
            raise Unreachable(f"{address} lets us in, but no agent can be started there: {last}", said=said)
    line, _, rest = found[2].partition(b"\n")
    pipe.put_back(rest)
    reply: dict[str, Any] = json.loads(line)
    return reply


async def _hand_over(pipe: Pipe, parcel: Parcel | None) -> None:
    head: dict[str, Any] = {}
    content = b""
    if parcel:
        content = await asyncio.to_thread(zlib.compress, b"".join(content for _, _, content in parcel.files), 1)
        head = {"size": len(content), "files": [(path, mode, len(data)) for path, mode, data in parcel.files]}
    with suppress(OSError):  # a porter that gives up says why, to whoever waits for the agent
        pipe.write(json.dumps(head).encode() + b"\n")
        for at in range(0, len(content), _CHUNK):
            pipe.write(content[at : at + _CHUNK])
            await pipe.drain()


def agent_parcel() -> Parcel:
    """The agent as it is, and what it may use where it is there: nvidia-ml-py is one file."""
    here = Path(agent.__file__).parent
    files = [(path.name, 0o600, path.read_bytes()) for path in sorted(here.glob("*.py"))]
    pynvml = util.find_spec("pynvml")
    if pynvml and pynvml.origin:
        files.append(("beside/pynvml.py", 0o600, Path(pynvml.origin).read_bytes()))
    return Parcel(tuple(files))


def uv_offers() -> list[tuple[str, list[int] | None, str]]:
    """Processor, oldest glibc (None: any C library) and name of each uv that we have or can get, the first first."""
    version = metadata.version("uv")
    ours = [(machine, oldest, f"uv/{version}-{tag}") for tag, machine, oldest in _wheel_tags()]
    return [*ours, *((machine, None, f"uv/{version}-{machine}-static") for machine in _MACHINES)]


async def uv_parcel(name: str) -> Parcel | None:
    """The uv of that name; None where it can't be had, as without network."""
    for machine in _MACHINES:
        if name.endswith(f"-{machine}-static"):
            try:
                path = await _static_uv(machine)
            except (BuildError, OSError):
                return None
            return await asyncio.to_thread(_one_program, path)
    return await asyncio.to_thread(_one_program, find_uv_bin())


def _one_program(path: str) -> Parcel:
    return Parcel((("uv", 0o700, Path(path).read_bytes()),))


def _wheel_tags() -> list[tuple[str, str, list[int] | None]]:
    """What the uv beside us was built for, as far as it may be given to others: tag, processor, oldest glibc."""
    found = _WHEEL_TAG.findall(metadata.distribution("uv").read_text("WHEEL") or "")
    # A musl build of uv is linked statically: it asks for no C library at all.
    return [
        (tag, machine, [int(major), int(minor)] if kind == "manylinux" else None)
        for tag, kind, major, minor, machine in found
    ]


async def _static_uv(machine: str) -> str:
    """Where a uv lies that runs on any Linux of that processor; fetched once. Raises BuildError with uv's words."""
    place = os.path.join(paths.private(paths.cache()), f"uv-{metadata.version('uv')}-{machine}-static")
    if not os.path.isdir(place):
        with tempfile.TemporaryDirectory(dir=os.path.dirname(place)) as scratch:
            target = os.path.join(scratch, "uv")
            process = await asyncio.create_subprocess_exec(
                *(find_uv_bin(), "pip", "install", "--quiet", "--no-deps", "--target", target),
                *("--python-platform", f"{machine}-unknown-linux-musl", "--only-binary", "uv"),
                f"uv=={metadata.version('uv')}",
                stdin=asyncio.subprocess.DEVNULL,
                stderr=asyncio.subprocess.PIPE,
            )
            words = (await process.communicate())[1].decode("utf-8", "replace")
            if process.returncode:
                raise BuildError(f"no uv could be fetched for {machine}", words=words)
            try:
                os.rename(target, place)
            except OSError:
                if not os.path.isdir(place):
                    raise
    return os.path.join(place, "bin", "uv")
