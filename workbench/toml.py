"""A TOML file whose values know the line that they stand on.

The standard library's parser checks the file and gives the values; `_lines` then only has to walk over text
that is known to be valid.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from workbench.errors import ConfigError

Path = tuple[str, ...]
"""The keys that lead to a value: ("run", "variables", "SEED")."""


@dataclass(frozen=True, slots=True)
class Document:
    file: str
    data: dict[str, Any]
    lines: dict[Path, int]
    """Where each key and table header stands, counted from 1."""

    def wrong(self, path: Path, what: str, hint: str = "") -> ConfigError:
        """The error to raise about the value at `path`: `FILE:LINE: what`."""
        while path and path not in self.lines:
            path = path[:-1]
        return _wrong(self.file, self.lines.get(path, 1), what, hint)


def read(file: str) -> Document:
    """Raises ConfigError where the file can't be read or is not TOML, FileNotFoundError where it is not there."""
    try:
        with open(file, "rb") as stream:
            raw = stream.read()
    except FileNotFoundError:
        raise
    except OSError as problem:
        raise ConfigError(f"{file} can't be read: {problem.strerror}", file=file) from None
    try:
        text = raw.decode()
    except UnicodeDecodeError as problem:
        raise _wrong(file, raw.count(b"\n", 0, problem.start) + 1, "not UTF-8 text") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        words, _, where = str(problem).rpartition(" (at ")
        line = re.match(r"line (\d+)", where)
        raise _wrong(file, int(line[1]) if line else text.count("\n") + 1, words) from None
    return Document(file, data, dict(_lines(text.replace("\r\n", "\n"))))


def _wrong(file: str, line: int, what: str, hint: str = "") -> ConfigError:
    return ConfigError(f"{file}:{line}: {what}", hint=hint, file=file, line=line)


_TOKEN = re.compile(
    r'''"""(?:\\.|[^\\])*?"{3,5}|\'\'\'.*?\'{3,5}'''  # a string over many lines
    r"""|"(?:\\.|[^"\\\n])*"|'[^'\n]*\'"""  # a string on one
    r"""|\#[^\n]*|[\[\]{}=,.\n]|[^\s\[\]{}=,.\#"']+""",
    re.DOTALL,
)


class _Tokens:
    """What is left of a valid document, comments dropped."""

    def __init__(self, text: str) -> None:
        self._found = [(m[0], m.start()) for m in _TOKEN.finditer(text) if not m[0].startswith("#")]
        self._text = text
        self._next = 0
        self._line, self._counted = 1, 0

    @property
    def head(self) -> str:
        """The next token, "" at the end."""
        return self._found[self._next][0] if self._next < len(self._found) else ""

    @property
    def line(self) -> int:
        at = self._found[self._next][1]
        self._line, self._counted = self._line + self._text.count("\n", self._counted, at), at
        return self._line

    def take(self) -> str:
        token = self.head
        self._next += 1
        return token

    def key(self, end: str) -> Path:
        """A dotted key, and the token that ends it."""
        parts = []
        while (word := self.take()) != end:
            if word != ".":
                parts.append(next(iter(tomllib.loads(f"{word} = 0"))))
        return tuple(parts)


def _lines(text: str) -> Iterator[tuple[Path, int]]:
    tokens = _Tokens(text)
    table: Path = ()
    while tokens.head:
        if tokens.head == "\n":
            tokens.take()
        elif tokens.head == "[":
            line = tokens.line
            double = tokens.take() == "[" and tokens.head == "[" and bool(tokens.take())
            table = tokens.key("]")
            if double:
                tokens.take()
            yield table, line
        else:
            yield from _pair(tokens, table)


def _pair(tokens: _Tokens, table: Path) -> Iterator[tuple[Path, int]]:
    line = tokens.line
    path = table + tokens.key("=")
    yield path, line
    yield from _value(tokens, path)


def _value(tokens: _Tokens, path: Path) -> Iterator[tuple[Path, int]]:
    """Walk over a value. Keys of inline tables have their own place; elements of an array share the array's."""
    if tokens.head == "{":
        tokens.take()
        while tokens.head != "}":
            if tokens.head in (",", "\n"):
                tokens.take()
            else:
                yield from _pair(tokens, path)
        tokens.take()
    elif tokens.head == "[":
        depth = 0
        while True:
            depth += {"[": 1, "]": -1}.get(tokens.take(), 0)
            if depth == 0:
                break
    else:
        while tokens.head not in ("\n", ",", "}", ""):
            tokens.take()
