"""The footer: at most six keys of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from workbench.commands import Command
from workbench.present.cells import Cell, Line
from workbench.widgets.line import OneLine

_GLYPHS = {"escape": "esc"}


class KeyBar(OneLine):
    def __init__(self, commands: Sequence[Command]) -> None:
        super().__init__(key_line(commands))

    def offer(self, commands: Sequence[Command]) -> None:
        """These keys from now on."""
        self.show(key_line(commands))


def key_line(commands: Sequence[Command]) -> Line:
    line: list[Cell] = [Cell(" ")]
    for command in commands:
        line += [Cell(_GLYPHS.get(command.shown, command.shown), "key"), Cell(f" {command.title}   ", "dim")]
    return tuple(line)
