"""A person at the keyboard: presses keys, waits until the screen says something, reads it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.keys import _character_to_key
from textual.pilot import Pilot
from textual.strip import Strip

from tests.screens.fake_engine import FakeEngine, serving
from tests.screens.made_up import NOW, World
from workbench.app import Workbench

PATIENCE = 10.0
"""Seconds until a test gives up waiting."""
REST = 3.0
"""Seconds for all that is under way to come to its end; news that never ends is not waited out."""
ENDLESS = ("link", "files", "log", "hunt", "default")
"""Groups of errands that wait for a person, for a clock or for the engine's next word."""


class Person:
    def __init__(self, app: Workbench, pilot: Pilot[Any]) -> None:
        self.app, self.pilot = app, pilot

    async def press(self, *keys: str) -> None:
        """Keys as they are written on the keyboard: j, /, G, enter, ctrl+d. Each is dealt with before the next."""
        driver = self.app._driver
        assert driver is not None
        for key in keys:
            driver.send_message(_event(key))
            handed_on = asyncio.Event()
            self.app.call_later(handed_on.set)
            await handed_on.wait()
            await self.pilot._wait_for_screen()
            await self.rest(due=False)
        await self.rest()

    async def burst(self, keys: Iterable[str]) -> None:
        """All of it in one packet, as tmux, a paste or a slow line brings it: nobody waits between the keys."""
        driver = self.app._driver
        assert driver is not None
        for key in keys:
            driver.send_message(_event(key))
        await self.pilot._wait_for_screen()
        await self.rest()

    async def paste(self, text: str) -> None:
        """As terminals do it that say what is pasted."""
        driver = self.app._driver
        assert driver is not None
        driver.send_message(events.Paste(text))
        await self.pilot._wait_for_screen()

    async def type(self, text: str) -> None:
        await self.press(*text)

    def strips(self) -> list[Strip]:
        """The screen as it would be written to the terminal."""
        size = self.app.size
        return self.app.screen._compositor.render_strips(size) if size else []

    def text(self) -> str:
        return "\n".join(strip.text.rstrip() for strip in self.strips())

    def line(self, words: str) -> str:
        """The first line that has these words."""
        return next((line for line in self.text().splitlines() if words in line), "")

    async def sees(self, *words: str) -> str:
        """Wait until all of it is on screen; the screen then."""
        await self.until(lambda: all(word in self.text() for word in words), f"{words} on screen")
        return self.text()

    async def hears(self, words: str) -> None:
        """Wait until a passing message says it: on screen its words are wrapped."""
        await self.until(lambda: any(words in note.message for note in self.app._notifications), f"{words!r}")

    async def loses(self, words: str) -> None:
        await self.until(lambda: words not in self.text(), f"{words!r} gone from screen")

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"waited for {what} in vain:\n{self.text()}"
            await asyncio.sleep(0.02)
        await self.rest()

    async def rest(self, due: bool = True) -> None:
        """Until nothing is asked, handed on or to be drawn, twice in a row: then what is on screen is all there is.

        due: nor put off for a moment.
        """
        deadline, still = time.monotonic() + (REST if due else REST / 10), 0
        while still < 2 and time.monotonic() < deadline:
            still = 0 if self._under_way(due) else still + 1
            await asyncio.sleep(0 if still else 0.005)

    def _under_way(self, due: bool) -> bool:
        screen = self.app.screen
        nodes = [self.app, *screen.walk_children(with_self=True)]
        return (
            bool(getattr(getattr(self.app._link, "_engine", None), "_waiting", ()))
            or any(not worker.is_finished and worker.group not in ENDLESS for worker in self.app.workers)
            or any(not node._message_queue.empty() for node in nodes)
            or bool(screen._callbacks or screen._dirty_widgets or screen._layout_required)
            or (due and any(timer._interval < 1 for timer in getattr(screen, "_due", {}).values()))
        )

    async def settle(self, seconds: float = 0.24) -> None:
        """Until the screen has said the same thing for so long."""
        before, same = "", 0
        while same * 0.04 < seconds:
            await asyncio.sleep(0.04)
            now = self.text()
            same = same + 1 if now == before else 0
            before = now


def _event(key: str) -> events.Key:
    if len(key) > 1:
        return events.Key(key, None)
    return events.Key(key if key.isalnum() else _character_to_key(key), key)


@asynccontextmanager
async def open_app(
    world: World,
    home: str | os.PathLike[str],
    size: tuple[int, int] = (80, 24),
    screen: str = "",
    run: str = "",
    memory: str = "",
    messages: bool = False,
) -> AsyncIterator[tuple[Person, FakeEngine]]:
    """messages: whether those that pass are drawn, over what one looks at."""
    path = os.path.join(home, "engine.sock")
    async with serving(world, path) as engine:
        app = Workbench(screen, run, socket=path, clock=lambda: NOW, user="alice", memory=memory)
        async with app.run_test(size=size, notifications=messages) as pilot:
            yield Person(app, pilot), engine
