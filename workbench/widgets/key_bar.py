"""The footer: at most six keys of the screen."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.keys import _character_to_key

from workbench.commands import Command
from workbench.present.cells import Cell, Line, plain, width
from workbench.widgets.line import OneLine


class KeyBar(OneLine):
    """A click on a key presses it."""

    def __init__(self) -> None:
        super().__init__()
        self._commands: Sequence[Command] = ()

    def offer(self, commands: Sequence[Command]) -> None:
        """These keys from now on."""
        self._commands = commands
        self.show(key_line(commands))

    def on_click(self, event: events.Click) -> None:
        for index, command in enumerate(self._commands, 1):
            if event.x < width(plain(key_line(self._commands[:index]))):
                key = command.keys[0]
                self.app.simulate_key(_character_to_key(key) if len(key) == 1 else key)
                return


def key_line(commands: Sequence[Command]) -> Line:
    line: list[Cell] = [Cell(" ")]
    for command in commands:
        line += [Cell(command.shown, "key"), Cell(f" {command.title}   ", "dim")]
    return tuple(line)
