"""What takes long is done by a child, which writes its frames into a pipe: the agent's loop never waits."""

from __future__ import annotations

import errno
import os
import signal
from typing import Any, Callable, Dict

from . import wire
from .descriptors import let_go

LATER = object()
"""The result of a verb whose reply a child will give."""

Tell = Callable[[Dict[str, Any]], None]
"""Takes what a frame says besides the request's id: `progress`, `result` or `error`."""


class Errand:
    """A child that does `work`; `pipe` holds its frames, and at their end it is done."""

    def __init__(self, request: Any, work: Callable[[Tell], Any]) -> None:
        self.request = request
        self.answered = request is None
        self.pipe, writing = os.pipe2(os.O_CLOEXEC)
        self._begun = b""
        self.pid = os.fork()
        if self.pid:
            os.close(writing)
            return
        try:
            # The agent may end before us: what we do is worth finishing, and telling it may fail.
            signal.signal(signal.SIGPIPE, signal.SIG_IGN)
            os.setsid()
            let_go({writing})

            def tell(content: dict[str, Any]) -> None:
                if request is not None:
                    _write(writing, wire.encode(dict(content, id=request)))

            tell(outcome(lambda: work(tell)))
        finally:
            os._exit(0)

    def stop(self) -> None:
        for kill in (os.killpg, os.kill):  # before it leads its group it is alone
            try:
                kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def read(self) -> bytes | None:
        """Whole frames that came; None once there will be no more."""
        data = os.read(self.pipe, 1 << 16)
        if not data:
            return None
        whole, newline, self._begun = (self._begun + data).rpartition(b"\n")
        for line in whole.splitlines():
            self.answered = self.answered or "progress" not in wire.parse(line)[0]
        return whole + newline


class Complaint(Exception):
    """Something that the engine gets to hear, with a code and evidence of its own."""

    def __init__(self, code: str, message: str, words: str | None = None, **more: Any) -> None:
        super().__init__(message)
        self.code = code
        self.words = words
        self.more = more


def outcome(work: Callable[[], Any]) -> dict[str, Any]:
    """What came of it, as a reply says it."""
    try:
        return {"result": work()}
    except Complaint as error:
        return {"error": dict(error.more, code=error.code, message=str(error), words=error.words)}
    except Exception as error:  # noqa: BLE001 - one request that goes wrong is no reason to leave the others
        full = isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT)
        code = "full" if full else "agent"
        return {"error": {"code": code, "message": "{}: {}".format(type(error).__name__, error)}}


def _write(fd: int, data: bytes) -> None:
    try:
        while data:
            data = data[os.write(fd, data) :]
    except OSError:
        pass  # nobody listens any more
