"""Palettes from themes/*.toml: those that come with the workbench, then the user's own. No drawing here.

name = "dark"
dark = true                 # what it is meant for
ansi = false                # true: the terminal's own sixteen colours
[colours]                   # of the interface: primary, background, surface, ...
[ink]                       # of words: running, failed, dim, series1, ... as rich writes styles
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from rich.errors import StyleSyntaxError
from rich.style import Style

from workbench import paths, toml
from workbench.errors import ConfigError

DEFAULT = "dark"
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}|ansi_[a-z_]+")
COLOURS = (
    "primary",
    "secondary",
    "accent",
    "foreground",
    "background",
    "surface",
    "panel",
    "success",
    "warning",
    "error",
)
INK = (
    *("dim", "strong", "title", "accent", "good", "warn", "bad", "marked", "heading", "tab", "cursor", "key"),
    *("held", "queued", "preparing", "running", "finished", "failed", "error", "cancelled", "timed out", "oom", "lost"),
    *("ok", "connecting", "draining", "set aside", "unreachable"),
    *("series1", "series2", "series3", "series4", "series5", "series6"),
    *("added", "removed"),
)


@dataclass(frozen=True, slots=True)
class Palette:
    name: str
    dark: bool
    ansi: bool
    colours: Mapping[str, str]
    ink: Mapping[str, str]
    path: str


def directories() -> Iterator[str]:
    """Where themes lie, the user's last: a theme of the same name replaces an earlier one."""
    here = os.path.dirname(os.path.abspath(__file__))
    for directory in (os.path.join(here, "themes"), os.path.join(os.path.dirname(here), "themes")):
        if os.path.isdir(directory):
            yield directory
            break
    yield os.path.join(paths.config(), "themes")


def available() -> tuple[dict[str, Palette], list[ConfigError]]:
    """Every palette by name, and what is wrong with those that can't be used."""
    found: dict[str, Palette] = {}
    problems: list[ConfigError] = []
    for directory in directories():
        for entry in sorted(os.listdir(directory)) if os.path.isdir(directory) else ():
            if not entry.endswith(".toml"):
                continue
            try:
                palette = load(os.path.join(directory, entry))
            except ConfigError as problem:
                problems.append(problem)
            else:
                found[palette.name] = palette
    return found, problems


def load(path: str) -> Palette:
    """One palette. Raises ConfigError: FILE:LINE, and what is wrong there."""
    try:
        document = toml.read(path)
    except FileNotFoundError:
        raise ConfigError(f"{path} is not there", file=path) from None
    _known(document, (), document.data, ("name", "dark", "ansi", "colours", "ink"), "key")
    colours = _texts(document, "colours", COLOURS)
    ink = _texts(document, "ink", INK)
    if missing := [key for key in COLOURS if key not in colours]:
        raise document.wrong(("colours",), f"[colours] lacks {', '.join(missing)}")
    name = document.data.get("name")
    if not isinstance(name, str) or not name:
        raise document.wrong(("name",), "a theme needs a name")
    flags = {key: document.data.get(key, key == "dark") for key in ("dark", "ansi")}
    for key, flag in flags.items():
        if not isinstance(flag, bool):
            raise document.wrong((key,), f"{key} is true or false, not {flag!r}")
    for key, colour in colours.items():
        if not _COLOUR.fullmatch(colour):
            raise document.wrong(("colours", key), f"{key} is no colour: {colour!r}", "write #7aa2d6 or ansi_blue")
    for key, style in ink.items():
        try:
            Style.parse(style)
        except StyleSyntaxError as problem:
            raise document.wrong(("ink", key), f"{key} is no style: {problem}", "write bold #7aa2d6") from None
    return Palette(name, flags["dark"], flags["ansi"], colours, ink, path)


def _known(
    document: toml.Document, path: toml.Path, table: Mapping[str, Any], allowed: tuple[str, ...], what: str
) -> None:
    if unknown := [key for key in table if key not in allowed]:
        raise document.wrong((*path, unknown[0]), f"unknown {what} {unknown[0]!r}", f"known are {', '.join(allowed)}")


def _texts(document: toml.Document, key: str, allowed: tuple[str, ...]) -> dict[str, str]:
    table = document.data.get(key, {})
    if not isinstance(table, dict):
        raise document.wrong((key,), f"[{key}] is a table")
    _known(document, (key,), table, allowed, f"name in [{key}]:")
    if wrong := [name for name, value in table.items() if not isinstance(value, str)]:
        raise document.wrong((key, wrong[0]), f"{wrong[0]} is text, not {table[wrong[0]]!r}")
    return table
