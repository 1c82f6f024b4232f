"""What a run asks for as TOML that a person can edit, and back. `edit` opens it in an editor."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from workbench import toml
from workbench.domain.params import check_command, check_param
from workbench.domain.resources import parse_size
from workbench.domain.time import parse_duration
from workbench.errors import UsageError

Ask = dict[str, Any]
"""As the verb `edit` takes it: command, params, cpus, memory, gpus, gpu_memory, machine, labels, time_limit, priority,
retries, tags."""

PLAIN = ("cpus", "gpus", "priority", "retries")


def of_run(run: Mapping[str, Any]) -> Ask:
    """The ask of a run's object. No time limit is 0."""
    keys = ("command", "params", "cpus", "memory", "gpus", "gpu_memory", "labels", "priority", "retries", "tags")
    ask = {key: run[key] for key in keys}
    return {**ask, "machine": run["pinned"], "time_limit": float(run["time_limit"] or 0)}


def write(ask: Ask, title: str) -> str:
    """The form; `read` gives the same ask back. Raises UsageError where TOML can't hold the command."""
    lines = [
        f"# {title}",
        "# Its code and environment were frozen at submit and stay as they are.",
        "# Save and leave the editor to change it; leave everything as it is to change nothing.",
        "",
        f"command = {_list(ask['command'])}",
        f"cpus = {ask['cpus']}",
        f"memory = {_text(exact_size(ask['memory']))}  # such as 8GB; empty: it does not say",
        f"gpus = {ask['gpus']}",
        f"gpu-memory = {_text(exact_size(ask['gpu_memory']))}  # of each GPU, such as 24GB; empty: any will do",
        f"machine = {_text(ask['machine'])}  # the only one that will do; empty: any",
        f"labels = {_list(ask['labels'])}  # what its machine must be labelled with",
        f"time-limit = {_text(exact_duration(ask['time_limit']))}  # such as 1h30m; empty: none",
        f"priority = {ask['priority']}  # higher goes first",
        f"retries = {ask['retries']}",
        f"tags = {_list(ask['tags'])}",
        "",
        "[params]",
        *(f"{_text(key)} = {_value(value)}" for key, value in ask["params"].items()),
    ]
    return "\n".join(lines) + "\n"


def read(file: str) -> Ask:
    """The ask that an edited form holds. Raises ConfigError with file and line."""
    form = toml.read(file)
    known = {"command", "memory", "gpu-memory", "machine", "labels", "time-limit", "tags", "params", *PLAIN}
    for key in form.data:
        if key not in known:
            raise form.wrong((key,), f"there is no {key!r} to set", hint=f"there are {', '.join(sorted(known))}")
    for key in sorted(known - set(form.data)):
        raise form.wrong((), f"{key} is missing", hint="leave every line in its place, and change the values")
    for key in ("command", "labels", "tags"):
        value = form.data[key]
        if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
            raise form.wrong((key,), f'{key} must be a list of texts, such as ["a", "b"]')
    _say_where(form, ("command",), lambda: check_command(form.data["command"]))
    for key in PLAIN:
        if not _is_whole(form.data[key]):
            raise form.wrong((key,), f"{key} must be a whole number")
    for key, value in _params(form).items():
        _say_where(form, ("params", key), partial(check_param, key, value))
    return {
        "command": form.data["command"],
        "params": form.data["params"],
        "memory": _measure(form, "memory", parse_size),
        "gpu_memory": _measure(form, "gpu-memory", parse_size),
        "machine": _quoted(form, "machine").strip(),
        "labels": form.data["labels"],
        "time_limit": float(_measure(form, "time-limit", parse_duration)),
        "tags": form.data["tags"],
        **{key: form.data[key] for key in PLAIN},
    }


def _params(form: toml.Document) -> dict[str, Any]:
    params = form.data["params"]
    if not isinstance(params, dict):
        raise form.wrong(("params",), "params must be a table")
    return params


def _measure(form: toml.Document, key: str, parse: Callable[[str], float]) -> float:
    """A size or a duration; 0 where the text is empty."""
    value = _quoted(form, key)
    try:
        return parse(value) if value.strip() else 0
    except UsageError as problem:
        raise form.wrong((key,), f"{key}: {problem.message}", hint=problem.hint) from None


def _say_where(form: toml.Document, path: toml.Path, check: Callable[[], object]) -> None:
    """What a check finds wrong, with the line where it stands."""
    try:
        check()
    except UsageError as problem:
        raise form.wrong(path, problem.message, hint=problem.hint) from None


def _quoted(form: toml.Document, key: str) -> str:
    value = form.data[key]
    if not isinstance(value, str):
        raise form.wrong((key,), f"{key} must be a text in quotes")
    return value


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def exact_size(size: int) -> str:
    """Bytes as a text that `parse_size` reads back to the byte: `8GB`, `512MiB`, `1234567`."""
    if not size:
        return ""
    for unit, power in (("T", 4), ("G", 3), ("M", 2), ("k", 1)):
        for suffix, base in (("B", 1000), ("iB", 1024)):
            if size % base**power == 0:
                return f"{size // base**power}{unit}{suffix}"
    return str(size)


def exact_duration(seconds: float) -> str:
    """Seconds as a text that `parse_duration` reads back: `2h`, `1h30m`, `90.5s`."""
    if seconds != int(seconds):
        return f"{seconds}s"
    text, rest = "", int(seconds)
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        text += f"{count}{unit}" if count else ""
    return text


def _list(words: list[str]) -> str:
    return f"[{', '.join(map(_text, words))}]"


def _value(value: str | int | float | bool) -> str:
    if isinstance(value, str):
        return _text(value)
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _text(text: str) -> str:
    """A basic string. It holds every character but lone surrogates: bytes that are not text."""
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise UsageError(
            "its command has bytes that are not text, which no editor would keep",
            hint="cancel it and submit it anew",
        )
    return '"' + "".join(_escaped(character) for character in text) + '"'


def _escaped(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    return character if character >= " " and character != "\x7f" else f"\\u{ord(character):04x}"
