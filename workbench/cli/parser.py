"""The argument parser of every verb, and the kinds of values that flags take."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from workbench.errors import UsageError

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any, NoReturn

RUN: dict[str, Any] = {"metavar": "RUN", "help": "its id, name or number, or how id or name begin"}


class _Help(argparse.RawDescriptionHelpFormatter):
    """Of one width: measuring the terminal would import shutil, for each argument of each verb."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=80)


class Parser(argparse.ArgumentParser):
    """Raises UsageError where argparse would print and exit; knows --json; shows an example."""

    def __init__(self, verb: str, summary: str, example: str) -> None:
        super().__init__(
            prog=f"workbench {verb}",
            description=summary[0].upper() + summary[1:] + ".",
            epilog="example:\n" + "\n".join(f"  {line}" for line in example.splitlines()),
            formatter_class=_Help,
            allow_abbrev=False,
        )
        self.add_argument("--json", action="store_true", help="print JSON")
        self.dashed: tuple[str, ...] = ()
        """Flags whose value may begin with a dash, which argparse takes for another flag."""

    def words(self, argv: list[str]) -> argparse.Namespace:
        """The arguments as `main` takes them. Raises UsageError."""
        joined: list[str] = []
        for word in argv:
            if joined and joined[-1] in self.dashed:
                joined[-1] += f"={word}"
            else:
                joined.append(word)
        return self.parse_args(joined)

    def error(self, message: str) -> NoReturn:
        raise UsageError(message, hint=f"`{self.prog} --help` shows how it is used")


def flag(name: str, parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """`parse` for the flag `name`: its UsageError then says which flag was meant."""

    def parsed(text: str) -> Any:
        try:
            return parse(text)
        except UsageError as problem:
            raise type(problem)(f"{name}: {problem.message}", hint=problem.hint, **problem.evidence) from None

    return parsed


def size(text: str) -> int:
    """Bytes."""
    from workbench.domain.resources import parse_size

    return parse_size(text)


def duration(text: str) -> float:
    """Seconds."""
    from workbench.domain.time import parse_duration

    return parse_duration(text)


def whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"{text!r} is not a whole number") from None


def at_least(least: int) -> Callable[[str], int]:
    def parsed(text: str) -> int:
        number = whole(text)
        if number < least:
            raise UsageError(f"{number} is less than {least}")
        return number

    return parsed
