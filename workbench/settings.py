"""workbench.toml (a project's) and config.toml (a user's) as frozen settings.

Every key is listed once, in `PROJECT` and `USER`, with the reader that checks its value. What is wrong is a
ConfigError that begins with FILE:LINE.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from workbench import paths, toml
from workbench.domain.devices import USUAL, Rule
from workbench.domain.machines import check_label
from workbench.domain.resources import PRIORITY, RETRIES, Need, parse_size
from workbench.domain.time import SECOND, Micros, parse_duration
from workbench.errors import ConfigError, UsageError

FILE = "workbench.toml"


@dataclass(frozen=True, slots=True)
class Metric:
    """What decides which run is best."""

    name: str = ""
    """"" where the project names none."""
    goal: Literal["max", "min"] = "max"


@dataclass(frozen=True, slots=True)
class RunDefaults:
    """What a run asks for where its submit does not say."""

    need: Need = Need()
    time_limit: float | None = None
    """Seconds."""
    priority: int = 0
    retries: int = 0
    tags: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    """Patterns of files, relative to where the command starts, that are kept when a run is over."""


@dataclass(frozen=True, slots=True)
class EnvironmentSettings:
    python: str = ""
    """A version request as uv takes it, "" to let the project's files decide."""
    source: str = ""
    """A file relative to the project, `none`, or "" for what is found: uv.lock, pyproject.toml, requirements.txt."""


@dataclass(frozen=True, slots=True)
class SnapshotSettings:
    max_size: int = 100_000_000
    """Bytes."""
    exclude: tuple[str, ...] = ()
    """Patterns as in .gitignore, without `!`."""
    link: tuple[str, ...] = ()
    """Paths relative to the project, which runs use in place."""


@dataclass(frozen=True, slots=True)
class Project:
    directory: str
    """Absolute."""
    name: str
    goal: str = ""
    """What the project is after, in words."""
    metric: Metric = Metric()
    run: RunDefaults = RunDefaults()
    environment: EnvironmentSettings = EnvironmentSettings()
    snapshot: SnapshotSettings = SnapshotSettings()


@dataclass(frozen=True, slots=True)
class Notify:
    """How one is told of runs that one asked to hear of."""

    how: tuple[str, ...] = ("app", "bell")
    """In an open workbench: `app` a passing message, `bell` the terminal's bell, `osc9` a message of the terminal's."""
    command: tuple[str, ...] = ()
    """Program and arguments."""
    webhook_file: str = ""
    """Absolute path of a file that holds the address, and that nobody else may read."""
    webhook_variable: str = ""
    """A variable in the engine's environment that holds it."""


@dataclass(frozen=True, slots=True)
class User:
    history: str = ""
    """Directory of the history, "" for the usual place."""
    cpus: int = 0
    """How many of this machine's cores runs may hold; 0: all."""
    memory: int = 0
    """How many bytes of this machine's memory runs may hold; 0: all."""
    theme: str = ""
    gpus: Rule = USUAL
    """When a GPU that somebody else is on is free all the same."""
    notify: Notify = Notify()


def find_project(directory: str) -> Project:
    """The project that `directory` lies in: that of the nearest workbench.toml above it.

    Without one: the git repository, or else the directory itself, with defaults. Raises ConfigError.
    """
    start = os.path.abspath(directory)
    try:
        top = _above(start, FILE)
        if top:
            return load_project(top)
    except FileNotFoundError:  # removed since it was seen
        pass
    # A home kept under git is no project, though everything in it has the repository above it.
    top = _above(start, ".git")
    if not top or os.path.samefile(top, os.path.expanduser("~")):
        top = start
    return Project(top, _project_name(top))


def load_project(directory: str) -> Project:
    """The project whose workbench.toml lies in `directory`. Raises ConfigError, FileNotFoundError."""
    values = _read(os.path.join(directory, FILE), PROJECT)
    project, run, environment, snapshot = (values(name) for name in ("project", "run", "environment", "snapshot"))
    need = Need(**{key: run.pop(key) for key in NEED if key in run})
    return Project(
        directory=directory,
        name=project.pop("name", _project_name(directory)),
        metric=Metric(**values("project", "metric")),
        **project,
        run=RunDefaults(need=need, variables=values("run", "variables"), **run),
        environment=EnvironmentSettings(**environment),
        snapshot=SnapshotSettings(**snapshot),
    )


def load_user(directory: str | None = None) -> User:
    """The user's own settings, defaults where there is no config.toml. Raises ConfigError."""
    try:
        values = _read(os.path.join(directory or paths.config(), "config.toml"), USER)
    except FileNotFoundError:
        return User()
    gpus = Rule(**values("gpus"))
    notify = Notify(**values("notify"))
    return User(**values("engine"), **values("machine", "local"), **values("screen"), gpus=gpus, notify=notify)


def _above(directory: str, name: str) -> str:
    """The nearest directory at or above `directory` that holds `name`, "" where none does."""
    while not os.path.exists(os.path.join(directory, name)):
        parent = os.path.dirname(directory)
        if parent == directory:
            return ""
        directory = parent
    return directory


def _project_name(directory: str) -> str:
    return os.path.basename(directory) or "root"


COMM = 15
"""Bytes that the kernel keeps of a process's name (proc(5), /proc/PID/comm)."""

# Readers: each checks one value and gives it as the settings keep it. ValueError says what is wrong with it.

Reader = Callable[[Any], Any]


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise ValueError("must be a text of printable characters")
    return value.strip()


def _whole(least: int, most: int) -> Reader:
    def read(value: Any) -> int:
        if type(value) is not int or not least <= value <= most:
            raise ValueError(f"must be a whole number from {least} to {most}")
        return value

    return read


def _one_of(*choices: str) -> Reader:
    def read(value: Any) -> str:
        if value not in choices:
            raise ValueError(f"must be {' or '.join(map(repr, choices))}")
        return str(value)

    return read


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError('must be a list of texts, such as ["a", "b"]')
    return tuple(_text(item) for item in value)


def _ways(value: Any) -> tuple[str, ...]:
    ways = _texts(value)
    if unknown := [way for way in ways if way not in ("app", "bell", "osc9")]:
        raise ValueError(f"can be app, bell and osc9, and {unknown[0]!r} is none of them")
    return ways


def _name(value: Any) -> str:
    if not isinstance(value, str) or not ANY_VARIABLE.fullmatch(value):
        raise ValueError("must be the name of an environment variable")
    return value


def _labels(value: Any) -> tuple[str, ...]:
    return tuple(sorted({check_label(label) for label in _texts(value)}))


def _size(value: Any) -> int:
    if type(value) is int and value > 0:
        return value
    if not isinstance(value, str):
        raise ValueError('must be a size, such as "8GB" or "512MB"')
    return parse_size(value)


def _duration(value: Any) -> float:
    if type(value) in (int, float) and value > 0:
        return parse_duration(str(value))
    if not isinstance(value, str):
        raise ValueError('must be a duration, such as "2h", "1h30m" or a number of seconds')
    return parse_duration(value)


def _micros(value: Any) -> Micros:
    return int(_duration(value) * SECOND)


def _processes(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    for name in names:
        if len(name.encode()) > COMM:
            raise ValueError(f"must be names as `ps -o comm` shows them, of at most {COMM} characters")
    return names


def _inside(value: Any) -> str:
    path = os.path.normpath(_text(value))
    if os.path.isabs(path) or path.split(os.sep)[0] == ".." or path == ".":
        raise ValueError("must be a path inside the project, relative to it")
    return path


def _insides(value: Any) -> tuple[str, ...]:
    return tuple(_inside(item) for item in _texts(value))


def _patterns(value: Any) -> tuple[str, ...]:
    patterns = _texts(value)
    if any(pattern.startswith("!") for pattern in patterns):
        raise ValueError("can't take a file back in with '!': name only what stays out")
    return patterns


def _outputs(value: Any) -> tuple[str, ...]:
    patterns = tuple(pattern.removesuffix("/") for pattern in _texts(value))
    for pattern in patterns:
        if pattern.startswith("/") or {"", ".", ".."} & set(pattern.split("/")):
            raise ValueError("must be patterns below where the command starts, such as model.pt or plots/*.png")
    return patterns


def _directory(value: Any) -> str:
    path = os.path.expanduser(_text(value))
    if not os.path.isabs(path):
        raise ValueError("must be an absolute path, or begin with ~")
    return path


def _variable(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("must be a text or a number")
    if "\0" in str(value):
        raise ValueError("can't hold a NUL")
    return str(value)


ANY_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
"""In place of a list of keys: any name that fits, each value by the one reader under ``*``."""

Table = Mapping[str, "Reader | Table"]

PROJECT: Table = {
    "project": {
        "name": _text,
        "goal": _text,
        "metric": {"name": _text, "goal": _one_of("max", "min")},
    },
    "run": {
        "cpus": _whole(1, 100_000),
        "memory": _size,
        "gpus": _whole(0, 1000),
        "gpu-memory": _size,
        "machine": _text,
        "labels": _labels,
        "time-limit": _duration,
        "priority": _whole(-PRIORITY, PRIORITY),
        "retries": _whole(0, RETRIES),
        "tags": _texts,
        "variables": {"*": _variable},
        "outputs": _outputs,
    },
    "environment": {"python": _text, "from": _inside},
    "snapshot": {"max-size": _size, "exclude": _patterns, "link": _insides},
}

USER: Table = {
    "engine": {"history": _directory},
    "machine": {"local": {"cpus": _whole(1, 100_000), "memory": _size}},
    "screen": {"theme": _text},
    "notify": {"how": _ways, "command": _texts, "webhook-file": _directory, "webhook-variable": _name},
    "gpus": {"ignored": _processes, "small": _size, "idle": _micros},
}

NEED = ("cpus", "memory", "gpus", "gpu_memory", "machine", "labels")
"""Values of [run] that say what a run needs."""

FIELDS = {"from": "source"}
"""Keys whose field has another name; else `-` becomes `_`."""


def _read(file: str, known: Table) -> Callable[..., dict[str, Any]]:
    """Check a file against the keys that are known; gives the values of a table by the names that lead to it."""
    document = toml.read(file)
    checked: dict[toml.Path, dict[str, Any]] = {}

    def check(table: Mapping[str, Any], known: Table, path: toml.Path) -> None:
        values = checked.setdefault(path, {})
        for key, value in table.items():
            here = (*path, key)
            reader = _reader(document, known, here)
            if isinstance(reader, Mapping):
                if not isinstance(value, dict):
                    raise document.wrong(here, f"{key} must be a table", f"write [{'.'.join(here)}]")
                check(value, reader, here)
                continue
            try:
                values[key if "*" in known else FIELDS.get(key, key.replace("-", "_"))] = reader(value)
            except UsageError as problem:
                raise document.wrong(here, f"{key}: {problem.message}", problem.hint) from None
            except ValueError as problem:
                raise document.wrong(here, f"{key} {problem}, not {_shown(value)}") from None

    check(document.data, known, ())
    return lambda *path: dict(checked.get(path, {}))


def _reader(document: toml.Document, known: Table, path: toml.Path) -> Reader | Table:
    key = path[-1]
    if "*" in known:
        if not ANY_VARIABLE.fullmatch(key):
            raise document.wrong(path, f"{key!r} is not the name of an environment variable")
        return known["*"]
    if key not in known:
        raise _unknown(document, known, path)
    return known[key]


def _unknown(document: toml.Document, known: Table, path: toml.Path) -> ConfigError:
    *tables, key = path
    where = f" in [{'.'.join(tables)}]" if tables else ""
    close = difflib.get_close_matches(key.lower().replace("_", "-"), known, 1)
    hint = f"did you mean {close[0]}?" if close else f"known here: {', '.join(known)}"
    return document.wrong(path, f"there is no key {key!r}{where}", hint)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
