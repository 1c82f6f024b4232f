"""What a command's environment is made from: which file says it, and everything that its lock depends on."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from workbench.errors import Unresolvable
from workbench.settings import EnvironmentSettings


@dataclass(frozen=True, slots=True)
class Requirements:
    kind: Literal["lock", "file", "packages"]
    """`uv.lock` beside a pyproject.toml, one file that uv can compile, or packages alone."""
    directory: str
    """Where uv works: the project."""
    source: str
    """The file, relative to the directory; "" for packages alone."""
    files: Mapping[str, str]
    """Every file that the lock depends on, by its path, with its content."""
    python: str
    """A version request, "" to let uv choose."""
    packages: tuple[str, ...]
    """More requirements, for one run."""
    indexes: tuple[str, ...] = ()
    """Lines for the head of the lock: the package indexes that the files themselves name."""

    @property
    def origin(self) -> str:
        """In the words of domain.run.Environment."""
        base = f"script {self.source}" if self.source.endswith(".py") else self.source
        if self.kind == "lock":
            base = os.path.join(os.path.dirname(base), "uv.lock")
        return " + ".join(filter(None, (base, f"with {', '.join(self.packages)}" if self.packages else "")))


def find(
    directory: str,
    settings: EnvironmentSettings,
    command: Sequence[str],
    where: str,
    packages: Sequence[str] = (),
) -> Requirements | None:
    """What `command`, typed in `where`, needs in the project at `directory`; None where nothing says so.

    Raises Unresolvable where a file is missing or makes no sense.
    """
    for package in packages:
        if package.lstrip().startswith("-") or not package.isprintable():
            hint = "write --with NAME, --with 'NAME>=1.2' or --with 'NAME @ URL'"
            raise Unresolvable(f"--with {package!r} is not a requirement", hint=hint)
    source = settings.source
    if not source:
        source = _script(command, where, directory) or _usual(directory)
    elif source == "uv.lock":
        source = "pyproject.toml"
    if source in ("", "none"):
        if not packages:
            return None
        return Requirements("packages", directory, "", {}, _python(directory, settings), tuple(packages))
    text = _read(directory, source)
    files = {source: text}
    kind: Literal["lock", "file"] = "file"
    python = _python(directory, settings)
    indexes: tuple[str, ...] = ()
    if source.endswith(".py"):
        metadata = _metadata(text)
        if metadata is None:
            hint = "begin it with `# /// script`, as PEP 723 says"
            raise Unresolvable(f"{source}, which [environment] from names, declares no requirements", hint=hint)
        declared = _toml(metadata, source)
        python = settings.python or str(declared.get("requires-python", "")) or python
        indexes = _declared_indexes(declared)
    elif source.endswith(".toml"):
        indexes = _declared_indexes(_toml(text, source))
        lock = os.path.join(os.path.dirname(source), "uv.lock")
        if os.path.exists(os.path.join(directory, lock)):
            kind = "lock"
            files[lock] = _read(directory, lock)
    else:
        files |= _included(directory, source, text)
        indexes = tuple(line.strip() for text in files.values() for line in _INDEX.findall(text))
    return Requirements(kind, directory, source, files, python, tuple(packages), indexes)


def _script(command: Sequence[str], where: str, directory: str) -> str:
    """The script with PEP 723 metadata that the command starts, relative to the project, "" if it starts none."""
    words = list(command)
    program = os.path.basename(words[0]) if words else ""
    if program == "uv" and words[1:2] == ["run"]:
        words = words[2:]
    elif re.fullmatch(r"python[\d.]*", program):
        words = words[1:]
    while words and words[0].startswith("-"):
        if words[0] in ("-c", "-m"):
            return ""
        words = words[2:] if words[0] in ("-W", "-X") else words[1:]
    if not words or not words[0].endswith(".py"):
        return ""
    path = os.path.relpath(os.path.join(where, words[0]), directory)
    if not os.path.isfile(os.path.join(directory, path)) or _metadata(_read(directory, path)) is None:
        return ""
    return path


_BLOCK = re.compile(r"^# /// script[ \t]*\n((?:#(?: .*)?\n)+?)# ///[ \t]*$", re.MULTILINE)


def _metadata(script: str) -> str | None:
    """The TOML in a script's `# /// script` block."""
    block = _BLOCK.search(script.replace("\r\n", "\n"))
    return block and "".join(line[2:] or "\n" for line in block[1].splitlines(keepends=True))


def _usual(directory: str) -> str:
    """The file that a project without [environment] from is meant by."""
    here = {name for name in ("pyproject.toml", "uv.lock", "requirements.txt") if os.path.isfile(f"{directory}/{name}")}
    if {"pyproject.toml", "uv.lock"} <= here:
        return "pyproject.toml"
    if "pyproject.toml" in here:
        project = _toml(_read(directory, "pyproject.toml"), "pyproject.toml").get("project", {})
        if project.get("dependencies") or "dependencies" in project.get("dynamic", ()):
            return "pyproject.toml"
    return "requirements.txt" if "requirements.txt" in here else ""


def _python(directory: str, settings: EnvironmentSettings) -> str:
    """What the project says outright; requires-python is uv's to read."""
    if settings.python:
        return settings.python
    try:
        lines = _read(directory, ".python-version").split()
    except Unresolvable:
        return ""
    return lines[0] if lines else ""


_INCLUDE = re.compile(r"^\s*(?:-r|-c|--requirements?|--constraints?)(?:\s+|=)([^\s#]+)", re.MULTILINE)
_INDEX = re.compile(r"^\s*(?:-i|--index-url|--extra-index-url|-f|--find-links)(?:\s+|=)\S+", re.MULTILINE)


def _included(directory: str, source: str, text: str, seen: frozenset[str] = frozenset()) -> dict[str, str]:
    files: dict[str, str] = {}
    for name in _INCLUDE.findall(text):
        path = os.path.normpath(os.path.join(os.path.dirname(source), name))
        if "://" in name or path in seen:
            continue
        files[path] = _read(directory, path)
        files |= _included(directory, path, files[path], seen | {source, path})
    return files


def _declared_indexes(document: Mapping[str, Any]) -> tuple[str, ...]:
    declared = document.get("tool", {}).get("uv", {}).get("index", ())
    return tuple(
        f"--{'index-url' if index.get('default') else 'extra-index-url'} {index['url']}"
        for index in declared
        if isinstance(index, dict) and isinstance(index.get("url"), str)
    )


def _toml(text: str, source: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise Unresolvable(f"{source} is not TOML: {problem}") from None


def _read(directory: str, path: str) -> str:
    try:
        with open(os.path.join(directory, path), encoding="utf-8") as stream:
            return stream.read()
    except (OSError, UnicodeDecodeError) as problem:
        reason = problem.strerror if isinstance(problem, OSError) else "not UTF-8 text"
        raise Unresolvable(f"{path} in {directory} can't be read: {reason}", words=str(problem)) from None
