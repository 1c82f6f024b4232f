"""What the engine is told of the attempts that it watches: each thing once, in the order in which it happened."""

from __future__ import annotations

import os
from typing import Any, Callable, Dict, Iterable, NamedTuple, Optional

from .attempt import STREAMS, Absent, Attempt, Carried, Ended, Fenced, Running, State, Vanished

WINDOW = 1 << 17
"""Bytes of a followed log that are told beyond what is known to have arrived: a torrent waits here, not on the road."""

_PIECE = 1 << 18

Tell = Callable[[Dict[str, Any], Optional[bytes]], None]


class Watch:
    """One attempt, and how much of it was told."""

    __slots__ = ("attempt", "offset", "started")

    def __init__(self, attempt: Attempt, offset: int) -> None:
        self.attempt = attempt
        self.offset = offset
        self.started = False


class Span(NamedTuple):
    """What may be told of a log."""

    offset: int
    until: int


class Watching:
    """All watched attempts, and the logs that are followed. Either lasts until the attempt's end was told."""

    def __init__(self, root: str, tell: Tell) -> None:
        self._root = root
        self._tell = tell
        self._watches: dict[str, Watch] = {}
        self._running: dict[str, Watch] = {}
        self._followed: dict[str, Span] = {}

    def add(self, name: str, offset: int | None = None) -> None:
        """Watch it from now on, its metrics from `offset` on; None: from where they end now."""
        attempt = Attempt(self._root, name)
        self._watches[name] = Watch(attempt, _size(attempt) if offset is None else offset)

    def __contains__(self, name: str) -> bool:
        return name in self._watches

    def names(self) -> list[str]:
        return list(self._watches)

    def running(self) -> list[str]:
        return list(self._running)

    def follow(self, name: str, offset: int) -> None:
        """Tell its log too, from now on: all before `offset` has arrived, and WINDOW bytes beyond may be told."""
        Attempt(self._root, name)
        known = self._followed.get(name)
        self._followed[name] = Span(max(offset, known.offset) if known else offset, offset + WINDOW)
        self.tail([name])

    def unfollow(self, name: str) -> None:
        self._followed.pop(name, None)

    def followed(self) -> list[str]:
        """Those of the running."""
        return [name for name in self._followed if name in self._running]

    def look(self, names: Iterable[str]) -> None:
        """Tell what is new of those among them that are watched."""
        for name in names:
            watch = self._watches.get(name)
            if watch is not None and self._look(watch):
                del self._watches[name]
                self._running.pop(name, None)
                self._followed.pop(name, None)

    def tail(self, names: Iterable[str]) -> None:
        """Tell what has come to the metrics, and to the logs that are followed, of those that run."""
        for name in names:
            watch = self._running.get(name)
            if watch is not None:
                self._drain(watch)

    def _look(self, watch: Watch) -> bool:
        """Whether that was all there will ever be to tell."""
        state = watch.attempt.state()
        if isinstance(state, Carried):
            return False
        if isinstance(state, (Running, Ended, Vanished)) and not watch.started:
            watch.started = True
            self._running[watch.attempt.id] = watch
            self._say("started", watch, at=state.start.at)
        if isinstance(state, Running):
            self._drain(watch)
            return False
        if isinstance(state, Vanished):
            watch.attempt.bury()
        self._drain(watch)
        self._conclude(watch, state)
        return True

    def _conclude(self, watch: Watch, state: State) -> None:
        if isinstance(state, Absent):
            self._say("absent", watch)
        elif isinstance(state, Fenced):
            self._say("fenced", watch, taken=state.taken._asdict() if state.taken else None)
        elif isinstance(state, Vanished):
            self._say("vanished", watch, why=state.why, log_size=_size(watch.attempt, "log"))
        elif isinstance(state, Ended):
            self._say("exited", watch, **state.exit)

    def _drain(self, watch: Watch) -> None:
        watch.offset = self._pour(watch.attempt, "metrics", watch.offset, None)
        span = self._followed.get(watch.attempt.id)
        if span is not None and span.offset < span.until:
            told = self._pour(watch.attempt, "log", span.offset, span.until)
            self._followed[watch.attempt.id] = span._replace(offset=told)

    def _pour(self, attempt: Attempt, stream: str, offset: int, until: int | None) -> int:
        """Tell what there is from `offset` on, not beyond `until`; where that ends."""
        try:
            fd = os.open(attempt.path(STREAMS[stream]), os.O_RDONLY)
        except FileNotFoundError:
            return offset
        try:
            while until is None or offset < until:
                data = os.pread(fd, _PIECE if until is None else until - offset, offset)
                if not data:
                    break
                self._tell({"event": "output", "attempt": attempt.id, "stream": stream, "offset": offset}, data)
                offset += len(data)
            return offset
        finally:
            os.close(fd)

    def _say(self, event: str, watch: Watch, **more: Any) -> None:
        self._tell(dict(more, event=event, attempt=watch.attempt.id), None)


def _size(attempt: Attempt, name: str = "metrics.jsonl") -> int:
    try:
        return os.stat(attempt.path(name)).st_size
    except FileNotFoundError:
        return 0
