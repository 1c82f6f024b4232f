"""What an attempt appends to its metrics file, read as it comes. Pure: bytes in, readings out.

One line is one JSON object. Its members are metrics, except

    step         a whole number; without it, one more than on the line before
    time         seconds since 1970 UTC; without it, the moment it was read
    @metrics     an object of metrics, where their names are taken above
    @config      an object of settings that the script adds to its params
    @artifact    {name, path, size, sha256}: a file that it kept

A metric is a number; true and false are 1 and 0; NaN and the infinities come bare, as Python writes them, or as
the strings "NaN", "Infinity", "-Infinity", and null is NaN, as JavaScript writes it. An object stands for its
members: {"train": {"loss": 1}} is train/loss. Whatever else comes, nothing here raises: a line that makes no sense
is counted, the first of them kept, and of one that makes sense in part that part is taken.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from workbench.domain.time import SECOND, Micros
from workbench.engine.store.interface import Artifact, Reading
from workbench.protocol.messages import number_out

MAX_LINE = 1 << 20
"""Bytes. A longer line is dropped while it comes in."""
MAX_KEY = 200
"""Characters of a name."""

_SHOWN = 200  # bytes of a malformed line
_STEPS = range(-(2**62), 2**62)  # what history's 64 bits hold, and room to count on from there
_YEAR_10000 = 253_402_300_800  # seconds: what lies beyond was meant in another unit
_KINDS = frozenset({"@metrics", "@config", "@artifact"})
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}
_SHA256 = re.compile("[0-9a-f]{64}")
_decode = json.JSONDecoder().raw_decode


class Parser:
    """Reads one attempt's metrics file, in whatever pieces it comes.

    offset: where to begin, the start of a line. step: what a line without one gets.
    """

    def __init__(self, run: str, attempt: int, offset: int = 0, step: int = 0) -> None:
        self._run = run
        self._attempt = attempt
        self._offset = offset  # where the last whole line ended
        self._begun = bytearray()  # what has come of the line after it
        self._dropped = 0  # and how many bytes of it were too many to keep
        self._step = step

    @property
    def expected(self) -> int:
        """Offset of the first byte that was not fed yet."""
        return self._offset + len(self._begun) + self._dropped

    def feed(self, data: bytes, offset: int, now: Micros) -> Reading | None:
        """Take the bytes at `offset`: what the lines say that end in them, None where none does.

        Its offset is always the end of a line. Bytes that were fed before are skipped.
        Raises ValueError where bytes in between were never fed.
        """
        if offset > self.expected:
            raise ValueError(f"metrics of {self._run}.{self._attempt}: fed at {offset}, not at {self.expected}")
        data = data[self.expected - offset :]
        end = data.rfind(b"\n") + 1
        reading = self._read(data[: end - 1].split(b"\n"), self.expected + end, now) if end else None
        self._carry(data[end:])
        return reading

    def finish(self, now: Micros) -> Reading | None:
        """The file is complete: what its last line says, where that has no end."""
        return self._read([b""], self.expected, now) if self.expected > self._offset else None

    def _carry(self, data: bytes) -> None:
        self._begun += data
        if self._dropped or len(self._begun) > MAX_LINE:
            self._dropped += len(self._begun) - _SHOWN
            del self._begun[_SHOWN:]

    def _read(self, lines: Sequence[bytes], end: int, now: Micros) -> Reading:
        page = _Page(self._step, now)
        if self._dropped:
            page.refuse(self._begun)
        else:
            page.read(bytes(self._begun) + lines[0])
        for line in lines[1:]:
            page.read(line)
        self._begun.clear()
        self._dropped = 0
        self._offset = end
        self._step = page.step
        return Reading(
            run=self._run,
            attempt=self._attempt,
            offset=end,
            points=page.points,
            config=page.config,
            artifacts=page.artifacts,
            malformed=page.malformed,
            first_malformed=page.first_malformed,
            step=page.step,
        )


class _Page:
    """Some lines in a row, and what they say."""

    def __init__(self, step: int, now: Micros) -> None:
        self.step = step
        self.points: list[tuple[str, int, Micros, float]] = []
        self.config: dict[str, Any] = {}
        self.artifacts: list[Artifact] = []
        self.malformed = 0
        self.first_malformed = ""
        self._now = now
        self._names: set[str] = set()  # that were looked at and are good: most lines repeat them

    def refuse(self, line: bytes | bytearray) -> None:
        self.malformed += 1
        if self.malformed == 1:
            text = line[:_SHOWN].strip().decode(errors="replace")
            self.first_malformed = "".join(c if c.isprintable() else "\ufffd" for c in text)

    def read(self, line: bytes) -> None:
        if len(line) > MAX_LINE or not self._take(line.strip()):
            self.refuse(line)

    def _take(self, line: bytes) -> bool:
        try:
            return not line or self._record(_object(line))
        except (ValueError, RecursionError):  # not JSON, not a step, nested too deep, a number of 5,000 digits
            return False

    def _record(self, record: dict[str, Any]) -> bool:
        """Take what a line says; whether all of it made sense. Raises ValueError where its step makes none."""
        step = _step(record.pop("step", self.step))
        self.step = step + 1
        time = record.pop("time", None)
        at = _micros(time)
        sound = at is not None or time is None
        at = self._now if at is None else at
        for kind in _KINDS & record.keys():
            body = record.pop(kind)
            if not isinstance(body, dict):
                sound = False
            elif kind == "@config":
                sound &= self._settings(body)
            elif kind == "@artifact":
                sound &= self._artifact(body)
            else:
                sound &= self._metrics(body, step, at)
        return self._metrics(record, step, at) and sound

    def _metrics(self, metrics: Mapping[str, Any], step: int, at: Micros, above: str = "") -> bool:
        sound = True
        for key, value in metrics.items():
            name = above + key
            if name not in self._names and not self._learn(name):
                sound = False
            elif type(value) is float:
                self.points.append((name, step, at, value))
            elif isinstance(value, dict):
                sound &= self._metrics(value, step, at, name + "/")
            elif (number := _number(value)) is not None:
                self.points.append((name, step, at, number))
            else:
                sound = False
        return sound

    def _learn(self, name: str) -> bool:
        good = _nameable(name)
        if good:
            self._names.add(name)
        return good

    def _settings(self, body: Mapping[str, Any]) -> bool:
        good = {key: _storable(value) for key, value in body.items() if _nameable(key)}
        self.config |= good
        return len(good) == len(body)

    def _artifact(self, body: Mapping[str, Any]) -> bool:
        match body:
            case {"name": str(name), "path": str(path), "size": int(size), "sha256": str(digest)} if (
                _is_path(name)
                and _is_path(path.removeprefix("/"))
                and size in _STEPS
                and size >= 0
                and _SHA256.fullmatch(digest)
            ):
                self.artifacts.append(Artifact(name, path, size, digest))
                return True
            case _:
                return False


def _object(line: bytes) -> dict[str, Any]:
    """The line as a JSON object. Of a name that comes twice the last stands. Raises ValueError, RecursionError."""
    text = line.decode()
    value, end = _decode(text)
    if end != len(text) or not isinstance(value, dict):
        raise ValueError("not one JSON object")
    return value


def _nameable(name: str) -> bool:
    """Neither empty nor long, and nothing in it moves a cursor, turns the writing round or is half a character."""
    return 0 < len(name) <= MAX_KEY and name.isprintable()


def _is_path(path: str) -> bool:
    return len(path) <= 4096 and path.isprintable() and not {"", ".", ".."} & set(path.split("/"))


def _step(value: Any) -> int:
    match value:
        case float() if value.is_integer():
            return _step(int(value))
        case int() if value in _STEPS:
            return value
        case _:
            raise ValueError("not a step")


def _micros(seconds: Any) -> Micros | None:
    match seconds:
        case float() | int() if 0 <= seconds < _YEAR_10000:
            return round(seconds * SECOND)
        case _:
            return None


def _number(value: Any) -> float | None:
    match value:
        case float() | int():
            try:
                return float(value)
            except OverflowError:
                return math.inf if value > 0 else -math.inf
        case None:
            return math.nan
        case str():
            return _NUMBERS.get(value)
        case _:
            return None


def _storable(value: Any) -> Any:
    """A value of JSON without what only Python reads: bare NaN, and halves of characters."""
    match value:
        case float():
            return number_out(value)
        case str():
            return value.encode(errors="replace").decode()
        case list():
            return [_storable(item) for item in value]
        case dict():
            return {_storable(key): _storable(item) for key, item in value.items()}
        case _:
            return value
