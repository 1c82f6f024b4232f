"""Keys in their turn: those right behind an enter wait until the line that it closes is closed.

Textual hands a key to the line where somebody types, and looks at the next one at once: in the same packet they would
all be for that line.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Sequence

from textual import events
from textual.app import App
from textual.dom import DOMNode
from textual.widgets import Input

LONGEST = 0.5
"""Seconds that keys wait at most: a line may be gone before it has told us."""


class Turns:
    def __init__(self, app: App[int], deal: Callable[[events.Event], Awaitable[None]]) -> None:
        """deal: what is done with a key whose turn it is."""
        self._app, self._deal = app, deal
        self._waiting: deque[events.Key] = deque()
        self._turn = 0
        self._busy = False

    def keeps(self, key: events.Key) -> bool:
        """Whether it has to wait. It comes back when its turn has come."""
        if self._busy:
            self._waiting.append(key)
        return self._busy

    def begin(self, line: Input) -> None:
        """The line was handed a key that may close it. Twice through all that hold it: the key comes up to the app,
        and what is made of it goes the same way."""
        self._busy = True
        self._turn += 1
        way = line.ancestors_with_self
        self._pass(self._turn, (*way, *way))
        self._app.set_timer(LONGEST, lambda turn=self._turn: self._end(turn))

    def _pass(self, turn: int, way: Sequence[DOMNode]) -> None:
        """Behind all that each of them has been told until then."""
        for index, node in enumerate(way):
            if node.call_later(self._pass, turn, way[index + 1 :]):
                return
        self._app.call_later(self._end, turn)

    async def _end(self, turn: int) -> None:
        if turn != self._turn:
            return
        self._busy = False
        while self._waiting and not self._busy:
            await self._deal(self._waiting.popleft())
