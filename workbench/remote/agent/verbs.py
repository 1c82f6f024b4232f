"""What the engine may ask: one method a verb, named as on the wire. The reply is what it returns."""

from __future__ import annotations

import hashlib
import json
import os
from typing import Any, Callable, Protocol

from . import attic, builder, collect, crash, fate, find, host, pieces, record, strangers, tree
from .attempt import STREAMS, Absent, Attempt, Carried, Running
from .crew import LANE_LIMIT
from .errand import LATER, Complaint, Tell
from .installer import Wanted
from .supervisor import Job

_SPEC = {
    "attempt": str,
    "argv": list,
    "snapshot": str,
    "workdir": str,
    "environment": str,
    "params": dict,
    "variables": dict,
    "links": dict,
    "devices": list,
    "cpus": int,
    "memory": int,
    "time_limit": (int, float, type(None)),
    "grace": (int, float),
    "log_limit": int,
}
_READ_LIMIT = 1 << 24
_LEFTOVERS_LIMIT = 10_000

VERBS = frozenset(
    {
        *("hello", "ping", "sample", "tracking", "has", "blobs", "tree", "parts", "piece", "settle"),
        *("build", "abandon", "prune"),
        *("start", "cancel", "fence", "watch", "follow", "unfollow", "read", "find", "leftovers", "forget"),
        *("leaving", "harvest", "fetch"),
    }
)


class Loop(Protocol):
    """What verbs want of the agent's loop."""

    def watch(self, attempt: str, offset: int | None = None) -> None:
        """Tell of it from now on, its metrics from `offset` on; None: from where they end now."""

    def watches(self, attempt: str) -> bool: ...

    def follow(self, attempt: str, offset: int) -> None:
        """Tell its log from `offset` on too, as far as the window goes."""

    def unfollow(self, attempt: str) -> None: ...

    def look(self, attempt: str) -> None:
        """Tell what is new of it."""

    def give(self, lane: list[Job]) -> None:
        """Have a supervisor carry it. Raises OSError."""

    def sample(self, interval: float) -> None: ...

    def send(self, request: int, work: Callable[[Tell], Any]) -> None:
        """Have a child do it, and reply when it has."""

    def abandon(self, request: int) -> None:
        """Stop the child that does it."""


class Verbs:
    def __init__(self, root: str, agent: Loop) -> None:
        self._root = root
        self._agent = agent

    def do(self, head: dict[str, Any], payload: bytes) -> Any:
        verb = head.get("verb")
        if verb not in VERBS:
            raise ValueError("there is no verb {!r}".format(verb))
        return getattr(self, verb)(head, payload)

    # about the machine

    def hello(self, head: dict[str, Any], payload: bytes) -> Any:
        return host.describe(self._root)

    def ping(self, head: dict[str, Any], payload: bytes) -> Any:
        """The engine is there."""

    def sample(self, head: dict[str, Any], payload: bytes) -> Any:
        self._agent.sample(float(head["interval"]))

    # what attempts need

    def tracking(self, head: dict[str, Any], payload: bytes) -> Any:
        """What `import workbench` finds in a run: the payload."""
        package = os.path.join(self._root, "tracking", "workbench")
        os.makedirs(package, mode=0o700, exist_ok=True)
        path = os.path.join(package, "__init__.py")
        if _content(path) != payload:
            draft = "{}.{}".format(path, os.getpid())
            with open(draft, "wb") as file:
                file.write(payload)
            os.rename(draft, path)

    def has(self, head: dict[str, Any], payload: bytes) -> Any:
        """Whether the snapshot is here; else, which of the payload's blobs are missing."""
        if os.path.isdir(tree.named(self._root, "snapshots", head["snapshot"])):
            return {"here": True, "missing": []}
        return {"here": False, "missing": tree.missing(self._root, json.loads(payload))}

    def blobs(self, head: dict[str, Any], payload: bytes) -> Any:
        """The payload is the contents of these, one behind the other."""
        at = 0
        for name, size in head["blobs"]:
            tree.keep_blob(self._root, name, payload[at : at + size])
            at += size

    def tree(self, head: dict[str, Any], payload: bytes) -> Any:
        entries = json.loads(payload)
        if entries:
            self._agent.send(head["id"], lambda tell: tree.plant(self._root, head["snapshot"], entries))
            return LATER
        tree.plant(self._root, head["snapshot"], entries)
        return None

    def parts(self, head: dict[str, Any], payload: bytes) -> Any:
        """Of the payload's blobs, those that are not here whole, and how many bytes of each are."""
        return pieces.begun(self._root, json.loads(payload))

    def piece(self, head: dict[str, Any], payload: bytes) -> Any:
        pieces.add(self._root, head["name"], int(head["offset"]), payload)

    def settle(self, head: dict[str, Any], payload: bytes) -> Any:
        """All has come of the payload's blobs."""
        self._agent.send(head["id"], lambda tell: pieces.settle(self._root, json.loads(payload)))
        return LATER

    def build(self, head: dict[str, Any], payload: bytes) -> Any:
        wanted = Wanted(head["environment"], head["python"], payload.decode(), head["uv"], dict(head["wheels"]))

        def work(tell: Tell) -> str:
            return builder.build(self._root, wanted, tell)

        self._agent.send(head["id"], work)
        return LATER

    def abandon(self, head: dict[str, Any], payload: bytes) -> Any:
        """What a child does for that request is wanted by nobody any more."""
        self._agent.abandon(int(head["request"]))

    def prune(self, head: dict[str, Any], payload: bytes) -> Any:
        self._agent.send(head["id"], lambda tell: builder.prune(self._root, json.loads(payload)))
        return LATER

    # attempts

    def start(self, head: dict[str, Any], payload: bytes) -> Any:
        """The payload: a lane, one spec a line. Whatever has a fate, or a supervisor, keeps it. Those whose GPUs are
        not free by now are void."""
        lines = payload.split(b"\n")
        if len(lines) > LANE_LIMIT:
            raise ValueError("a lane of more than {} attempts".format(LANE_LIMIT))
        prepared: list[Job] = []
        known: list[str] = []
        try:
            for line in lines:
                spec = _checked(json.loads(line))
                job = self._prepare(spec, line)
                if job is None:
                    known.append(spec["attempt"])
                else:
                    prepared.append(job)
            crash.here("before-hand-over")
            lane = _free(prepared, head.get("tolerated", {}))
            if lane:
                self._agent.give(lane)
            crash.here("after-hand-over")
        finally:
            for job in prepared:
                for lock in job.locks:
                    os.close(lock)
        for name in [job.attempt.id for job in prepared] + known:
            if not self._agent.watches(name):
                self._agent.watch(name, 0)
        for name in [job.attempt.id for job in prepared if job not in lane] + known:
            self._agent.look(name)

    def cancel(self, head: dict[str, Any], payload: bytes) -> Any:
        attempt = Attempt(self._root, head["attempt"])
        attempt.void()
        state = attempt.state()
        if isinstance(state, Running):
            attempt.ask_to_end(state.start)
        self._tell_outcome(attempt)

    def fence(self, head: dict[str, Any], payload: bytes) -> Any:
        for name in json.loads(payload):
            attempt = Attempt(self._root, name)
            if attempt.void():
                self._tell_outcome(attempt)

    def leftovers(self, head: dict[str, Any], payload: bytes) -> Any:
        """Of attempts that are over, those that were never to be forgotten; not more than fit in one answer."""
        self._agent.send(head["id"], lambda tell: attic.leftovers(self._root, _LEFTOVERS_LIMIT))
        return LATER

    def _tell_outcome(self, attempt: Attempt) -> None:
        if not self._agent.watches(attempt.id):
            self._agent.watch(attempt.id)
        self._agent.look(attempt.id)

    def watch(self, head: dict[str, Any], payload: bytes) -> Any:
        for name, offset in json.loads(payload).items():
            self._agent.watch(name, int(offset))
            self._agent.look(name)

    def follow(self, head: dict[str, Any], payload: bytes) -> Any:
        self._agent.follow(head["attempt"], int(head["offset"]))

    def unfollow(self, head: dict[str, Any], payload: bytes) -> Any:
        self._agent.unfollow(head["attempt"])

    def read(self, head: dict[str, Any], payload: bytes) -> Any:
        path = Attempt(self._root, head["attempt"]).path(STREAMS[head["stream"]])
        try:
            fd = os.open(path, os.O_RDONLY)
        except FileNotFoundError:
            return {"size": 0, "bytes": b""}
        try:
            data = os.pread(fd, min(int(head["limit"]), _READ_LIMIT), int(head["offset"]))
            return {"size": os.fstat(fd).st_size, "bytes": data}
        finally:
            os.close(fd)

    def find(self, head: dict[str, Any], payload: bytes) -> Any:
        """The payload: what to look for in its log, as find.find takes it."""
        path = Attempt(self._root, head["attempt"]).path(STREAMS["log"])
        self._agent.send(head["id"], lambda tell: find.look(path, json.loads(payload)))
        return LATER

    def leaving(self, head: dict[str, Any], payload: bytes) -> Any:
        """Of the payload's attempts, those that may have left files to be kept."""
        return [name for name in json.loads(payload) if collect.leaves(Attempt(self._root, name))]

    def harvest(self, head: dict[str, Any], payload: bytes) -> Any:
        attempt = Attempt(self._root, head["attempt"])
        self._agent.send(head["id"], lambda tell: collect.harvest(self._root, attempt, tell))
        return LATER

    def fetch(self, head: dict[str, Any], payload: bytes) -> Any:
        limit = min(int(head["limit"]), _READ_LIMIT)
        return {"bytes": collect.read(Attempt(self._root, head["attempt"]), head["path"], int(head["offset"]), limit)}

    def forget(self, head: dict[str, Any], payload: bytes) -> Any:
        attempts = [Attempt(self._root, name) for name in json.loads(payload)]
        for attempt in attempts:
            if isinstance(attempt.state(), (Carried, Running)):
                raise ValueError("{} has not ended".format(attempt.id))
        # Most leave nothing in their work directory: only the others are worth a child.
        full = [attempt for attempt in attempts if _is_full(attempt.path("work"))]
        for attempt in attempts:
            if attempt not in full:
                attempt.forget(self._root)
        if not full:
            return None

        def work(tell: Tell) -> None:
            for attempt in full:
                attempt.forget(self._root)

        self._agent.send(head["id"], work)
        return LATER

    def _prepare(self, spec: dict[str, Any], line: bytes) -> Job | None:
        """Make its directory and take its locks; None where it has a fate or a supervisor."""
        attempt = Attempt(self._root, spec["attempt"])
        attempt.make()
        if not isinstance(attempt.state(), Absent):
            return None
        lock = attempt.lock()
        if lock is None:
            return None
        locks = [lock]
        try:
            # Somebody may have come and gone while we took the lock.
            if fate.read(attempt.directory) is not None:
                os.close(lock)
                return None
            if not os.path.isdir(tree.named(self._root, "snapshots", spec["snapshot"])):
                raise Complaint("agent", "the snapshot {} was never sent".format(spec["snapshot"]))
            if spec["environment"]:
                locks.append(builder.use(self._root, spec["environment"]))
            _write(attempt.path("spec.json"), line)
            record.reserve(attempt.directory)
        except BaseException:
            for fd in locks:
                os.close(fd)
            raise
        return Job(attempt, spec, hashlib.sha256(line).hexdigest(), tuple(locks))


def _free(lane: list[Job], tolerated: dict[str, Any]) -> list[Job]:
    """Those of them whose GPUs nobody uses who matters; the others are void from now on. Raises OSError."""
    found = strangers.in_the_way({device for job in lane for device in job.spec["devices"]}, tolerated)
    free = []
    for job in lane:
        taken = next((found[device] for device in job.spec["devices"] if device in found), None)
        if taken:
            job.attempt.void(taken)
        else:
            free.append(job)
    return free


def _checked(spec: Any) -> dict[str, Any]:
    """The spec, if it has what a supervisor relies on. Raises ValueError."""
    if not isinstance(spec, dict):
        raise ValueError("a spec that is no object")
    for key, kind in _SPEC.items():
        if not isinstance(spec.get(key), kind):  # type: ignore[arg-type]
            raise ValueError("a spec without a fitting {!r}".format(key))
    if not spec["argv"]:
        raise ValueError("a spec without a command")
    if spec["workdir"] not in ("", "."):
        tree.inside(spec["workdir"])
    return dict(spec)


def _content(path: str) -> bytes | None:
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        return None


def _is_full(directory: str) -> bool:
    try:
        with os.scandir(directory) as entries:
            return next(entries, None) is not None
    except FileNotFoundError:
        return False


def _write(path: str, content: bytes) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, content)
    finally:
        os.close(fd)
