"""What verbs print: tables and lines as text, or JSON. Everything from outside is sanitised here."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any


def terminal() -> bool:
    """Whether somebody looks at stdout."""
    return sys.stdout.isatty()


def columns() -> int | None:
    """How wide the terminal is. None where there is none: then nothing is cut."""
    if not terminal():
        return None
    return max(20, os.get_terminal_size(sys.stdout.fileno()).columns)


def objects(values: Iterable[Any]) -> None:
    """One JSON object a line: what verbs print that take several runs."""
    for value in values:
        print(json.dumps(value), flush=True)


def document(value: Any) -> None:
    """One JSON value, spread out where somebody looks at it."""
    print(json.dumps(value, indent=2 if terminal() else None))


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from workbench.present.text import table as lines

    for line in lines(headers, rows, columns()):
        print(line)


def say(text: str) -> None:
    """A line that may hold names from outside."""
    from workbench.present.sanitise import clean

    print(clean(text))


def note(text: str) -> None:
    """A remark for whoever looks, on stderr, which leaves stdout to what was asked for."""
    from workbench.present.sanitise import clean

    if sys.stderr.isatty():
        print(clean(text), file=sys.stderr)


def submitted(run: dict[str, Any], as_json: bool) -> None:
    """A new run: its object; or its name and what to do next; or, for a pipe, id, tab, name."""
    if as_json:
        document(run)
    elif terminal():
        say(f"{run['name']}  {run['status']}  {run['id']}")
        say(f"follow it: workbench logs {run['name']} -f")
    else:
        from workbench.present.sanitise import clean

        print(run["id"], clean(run["name"]), sep="\t")
