"""Environments on machines that reach no package index: the wheels that a lock names are found for the machine's
platform, fetched here once each, and sent.

uv says which wheels fit: it is asked to write the lock as it is for that platform (pylock.toml, PEP 751), whose list
has the address, size and sha256 of each. All that fit are taken, so that uv there chooses as it would have from the
index. What has no wheel can't be built there: compiling it takes an index too.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit

from workbench.domain.progress import Progress
from workbench.engine import download, uv
from workbench.engine.blobs import Blobs
from workbench.engine.building import Building
from workbench.errors import BuildError, NoIndex
from workbench.remote.machines.base import Build, Machine, Platform, Say, Wheel

AT_ONCE = 4
"""Wheels that are fetched at the same time."""

_GLIBC = (17, 28, *range(31, 41))
"""The minor versions of glibc 2 for which uv has a name."""
_MACHINES = ("x86_64", "aarch64")

Key = tuple[str, Platform]


@dataclass(frozen=True, slots=True)
class Offer:
    """A wheel, and where it lies."""

    wheel: Wheel
    """Its size is 0 where the index does not tell."""
    source: str
    """Where it can be had: a URL, or a path here."""


class Wheels:
    """Keeps wheels in `directory`, which may be cleared while no engine runs."""

    def __init__(self, directory: str) -> None:
        self._blobs = Blobs(directory)
        self._offers: dict[Key, asyncio.Task[tuple[Offer, ...]]] = {}
        """By lock and platform; what failed is asked again."""
        self._fetching: dict[str, asyncio.Task[None]] = {}
        """By sha256."""
        self._gate = asyncio.Semaphore(AT_ONCE)

    async def build(self, machine: Machine, build: Build, say: Say) -> None:
        """Have the environment on the machine: from its own index, or where none answers, from wheels sent there.

        Raises BuildError, and what `Machine.supply` raises."""
        building = Building()

        def heard(line: str) -> None:
            if building.hear(line):
                say(building.progress)

        say(building.progress)
        try:
            await machine.build(build, heard)
        except NoIndex as problem:
            platform = Platform(**problem.evidence["platform"])
            say(Progress(f"{machine.name} reaches no package index: looking for wheels here"))
            offers = await self._find(build.lock, platform, machine.name)
            await self._fetch(offers, say, build.lock)
            wheels = tuple(replace(it.wheel, size=self._blobs.size(it.wheel.sha256)) for it in offers)
            await machine.supply(wheels, self._read, say)
            await machine.build(replace(build, wheels=wheels), heard)

    async def close(self) -> None:
        """Stop whatever uv is working on, and fetch nothing more."""
        tasks = [*self._offers.values(), *self._fetching.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _find(self, lock: str, platform: Platform, machine: str) -> tuple[Offer, ...]:
        key = hashlib.sha256(lock.encode()).hexdigest(), platform
        task = self._offers.get(key)
        if task is None:
            task = self._offers[key] = asyncio.create_task(_find(lock, platform), name=f"wheels for {machine}")
            task.add_done_callback(lambda done: _failed(done) and self._offers.pop(key))
        return await asyncio.shield(task)

    async def _fetch(self, offers: tuple[Offer, ...], say: Say, lock: str) -> None:
        missing = [offer for offer in offers if not self._blobs.has(offer.wheel.sha256)]
        if not missing:
            return
        for offer in missing:
            blob = offer.wheel.sha256
            if blob not in self._fetching:
                task = asyncio.create_task(self._fetch_one(offer, lock), name=f"fetch {offer.wheel.file}")
                self._fetching[blob] = task
                task.add_done_callback(lambda _, blob=blob: self._fetching.pop(blob))  # type: ignore[misc]
        fetching = [asyncio.shield(self._fetching[offer.wheel.sha256]) for offer in missing]
        say(Progress("fetching wheels", 0, len(missing), "wheels"))
        for number, one in enumerate(asyncio.as_completed(fetching), 1):
            await one
            say(Progress("fetching wheels", number, len(missing), "wheels"))

    async def _fetch_one(self, offer: Offer, lock: str) -> None:
        async with self._gate:
            wheel = offer.wheel
            await asyncio.to_thread(download.fetch, offer.source, wheel.sha256, wheel.size, self._blobs, lock)

    async def _read(self, blob: str, offset: int, limit: int) -> bytes:
        return await asyncio.to_thread(self._blobs.read, blob, offset, limit)


def _failed(task: asyncio.Task[Any]) -> bool:
    return task.cancelled() or task.exception() is not None


async def _find(lock: str, platform: Platform) -> tuple[Offer, ...]:
    """The wheels that the lock names for that platform. Raises BuildError."""
    exact = ("--no-deps", "--generate-hashes", "--no-header", "--no-annotate", "--quiet", "--no-python-downloads")
    target = ("--python-version", platform.python, "--python-platform", _target(platform))
    try:
        said = await uv.says(
            ("pip", "compile", "--format", "pylock.toml", *exact, *target, "-"), directory="/", stdin=lock
        )
    except uv.Failed as problem:
        reach = "the package index can't be reached from here either"
        raise _hopeless(reach if problem.by_network else problem.reason, problem.words) from None
    offers: list[Offer] = []
    without: list[str] = []
    for package in tomllib.loads(said).get("packages", ()):
        fitting = list(_offers(package, lock))
        offers += fitting
        if not fitting:
            without.append(f"{package['name']} {package.get('version', 'from a URL or a repository')}")
    if without:
        what = f"no wheel for {_told(platform)} of {', '.join(without)}"
        hint = "pin versions that have one, put wheels that you build into an index, or have it run where network is"
        raise _hopeless(what, hint)
    return tuple(offers)


def _offers(package: Mapping[str, Any], lock: str) -> Iterator[Offer]:
    """The package's wheels, as far as the lock vouches for them."""
    for wheel in package.get("wheels", ()):
        source = wheel.get("url") or os.path.join("/", wheel["path"])
        digest = wheel.get("hashes", {}).get("sha256", "")
        if digest and ("--hash=" not in lock or digest in lock):
            name = wheel.get("name") or unquote(os.path.basename(urlsplit(source).path))
            yield Offer(Wheel(name, digest, wheel.get("size", 0)), source)


def _target(platform: Platform) -> str:
    """uv's name for the platform: that of the newest C library that is not newer. Raises BuildError."""
    if platform.machine in _MACHINES and not platform.glibc:
        return f"{platform.machine}-unknown-linux-musl"
    major, _, minor = platform.glibc.partition(".")
    known = [old for old in _GLIBC if major == "2" and minor.isdigit() and old <= int(minor)]
    if platform.machine not in _MACHINES or not known:
        raise _hopeless(f"wheels can't be chosen for {_told(platform)}", "have it run on another machine")
    return f"{platform.machine}-manylinux_2_{known[-1]}"


def _told(platform: Platform) -> str:
    libc = f"glibc {platform.glibc}" if platform.glibc else "musl"
    return f"Python {platform.python} on {platform.machine} with {libc}"


def _hopeless(reason: str, words: str) -> BuildError:
    message = f"the machine reaches no package index, and {reason}"
    return BuildError(message, words=f"{message}\n\n{words}")
