"""The keys as this user has them: the table of commands, with what keymap.toml beside config.toml says instead.

    queue.cancel = "x"              # a command and its key
    list.down = ["n", "down"]       # or several; the first is the one that is shown

`workbench keys` prints all of them in this form. Pure but for reading the file.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from workbench import paths, toml
from workbench.commands import COMMANDS, EVERYWHERE, FOOTER, LISTS, TABS, Command, key_name

TAKEN = {
    "ctrl+a": "screen's own key",
    "ctrl+b": "tmux's own key",
    "ctrl+c": "what interrupts a program",
    "ctrl+h": "backspace to a terminal",
    "ctrl+i": "tab to a terminal",
    "ctrl+j": "a new line to a terminal",
    "ctrl+m": "enter to a terminal",
    "ctrl+p": "the palette's",
    "ctrl+z": "what stops a program",
}
"""Keys that can't be given to a command, and what they are instead."""
_NAMED = {"backspace", "delete", "down", "end", "enter", "escape", "home", "insert", "left", "pagedown", "pageup"}
_NAMED |= {"right", "space", "tab", "up", *(f"f{number}" for number in range(1, 13))}
_KEY = re.compile(r"((?:ctrl\+|alt\+|shift\+)*)(.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Keymap:
    """Bindings, footers, the `?` screen and the palette all read this one value."""

    commands: tuple[Command, ...] = COMMANDS

    def of(self, *scopes: str) -> Iterator[Command]:
        return (one for scope in scopes for one in self.commands if one.scope == scope)

    def command(self, id: str) -> Command:
        return next(one for one in self.commands if one.id == id)

    def footer(self, *scopes: str, idle: Collection[str] = ()) -> tuple[Command, ...]:
        """What a footer shows where these scopes hold, the nearest first and `?` last. idle: ids it leaves out."""
        always = [one for one in self.of("app") if one.footer]
        here = [one for one in self.of(*scopes) if one.footer and one.id not in idle]
        return (*here[: FOOTER - len(always)], *always)

    def changed(self) -> dict[str, str]:
        """Command id -> keys as Textual writes them, of the commands that have others than usual."""
        usual = {one.id: one.keys for one in COMMANDS}
        return {one.id: ",".join(map(key_name, one.keys)) for one in self.commands if one.keys != usual[one.id]}


def path() -> str:
    return os.path.join(paths.config(), "keymap.toml")


def load(file: str = "") -> Keymap:
    """The user's keymap; the usual one where there is no file. Raises ConfigError, which begins with FILE:LINE."""
    try:
        document = toml.read(file or path())
    except FileNotFoundError:
        return Keymap()
    given = dict(_given(document, document.data, ()))
    commands = tuple(replace(one, keys=given.get(one.id, one.keys)) for one in COMMANDS)
    for one in commands:
        if one.id in given:
            _refuse_clash(document, one, commands)
    return Keymap(commands)


def _given(document: toml.Document, table: Mapping[str, Any], path: toml.Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    known = {one.id for one in COMMANDS}
    for name, value in table.items():
        here = (*path, name)
        id = ".".join(here)
        if isinstance(value, dict):
            yield from _given(document, value, here)
            continue
        if id not in known:
            close = difflib.get_close_matches(id, known, 1)
            hint = f"did you mean {close[0]}?" if close else "`workbench keys` prints every command"
            raise document.wrong(here, f"there is no command {id!r}", hint)
        keys = [value] if isinstance(value, str) else value
        if not isinstance(keys, list) or not keys or not all(isinstance(key, str) for key in keys):
            raise document.wrong(here, f'{id} takes a key or a list of keys, such as "x" or ["n", "down"]')
        for key in keys:
            if problem := _problem(key):
                raise document.wrong(here, f"{id}: {problem}", "write x, X, ?, ctrl+x, alt+x, f5, enter, pageup, ...")
        yield id, tuple("space" if key == " " else key for key in keys)


def _problem(key: str) -> str:
    """What is wrong with a key, "" when nothing is."""
    if key in TAKEN:
        return f"{key} is {TAKEN[key]}"
    found = _KEY.fullmatch(key)
    if found and (found[2] in _NAMED or (len(found[2]) == 1 and found[2].isprintable())):
        return ""
    return f"{key!r} is not a key"


def _refuse_clash(document: toml.Document, command: Command, commands: tuple[Command, ...]) -> None:
    """One key can't stand for two things in one place."""
    where = tuple(command.id.split("."))
    for other in commands:
        twice = set(command.keys) & set(other.keys)
        if twice and other.id != command.id and _hold_together(command.scope, other.scope):
            key = min(twice)
            raise document.wrong(where, f"{key!r} is {other.id} already", f"give {other.id} another key, too")


def _hold_together(one: str, other: str) -> bool:
    if one == other or {one, other} & set(EVERYWHERE) or any({one, other} <= set(tab) for tab in TABS):
        return True
    return "list" in (one, other) and bool({one, other} & set(LISTS))


def sheet(keymap: Keymap) -> str:
    """Every command with its keys, in the form of keymap.toml."""
    parts = []
    for scope in dict.fromkeys(one.scope for one in keymap.commands):
        lines = [(f"{one.id.partition('.')[2]} = {_written(one.keys)}", one.help) for one in keymap.of(scope)]
        wide = max(len(line) for line, _ in lines)
        parts.append("\n".join([f"[{scope}]", *(f"{line:<{wide}}  # {help}" for line, help in lines)]))
    return "\n\n".join(parts)


def _written(keys: tuple[str, ...]) -> str:
    quoted = ['"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"' for key in keys]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"
