"""`workbench edit RUN`: what a waiting run asks for, as TOML in the user's editor."""

from __future__ import annotations

import argparse
import os
import shlex
import subprocess
import sys
from typing import Any

from workbench import paths
from workbench.cli import ask_form, output
from workbench.cli.failure import tell
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine
from workbench.errors import Refused, UsageError

EXAMPLE = "workbench edit keen-falcon-14"

WAITING = ("queued", "held")


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        run = engine.call("show", {"run": args.run})["run"]
        if run["status"] not in WAITING:
            raise Refused(f"{run['name']} is {run['status']}; only a run that waits can be edited")
        changed = _edit(engine, run)
    if args.json:
        output.document(changed or run)
    else:
        output.say(f"{run['name']}  {'changed' if changed else 'nothing was changed'}")
    return 0


def _edit(engine: Engine, run: dict[str, Any]) -> dict[str, Any] | None:
    """The run as it is after the edit, None where nothing was changed. What was typed is kept until it is taken."""
    file = os.path.join(paths.private(os.path.join(paths.private(paths.state()), "edits")), f"{run['id']}.toml")
    before = ask_form.of_run(run)
    typed = os.path.lexists(file)
    if typed:
        output.note(f"going on with what was typed before, kept in {file}")
    else:
        _write(file, ask_form.write(before, f"{run['name']} ({run['id']}), {run['status']}"))
    while True:
        _open_editor(file, typed)
        typed = True
        try:
            after = ask_form.read(file)
            changes = {key: value for key, value in after.items() if not _same(value, before[key])}
            changed = engine.call("edit", {"run": run["id"], "ask": changes})["run"] if changes else None
        except UsageError as problem:
            if not _again(problem):
                problem.hint = f"what you typed is kept: `workbench edit {run['name']}` goes on with it"
                raise
            continue
        os.unlink(file)
        return changed


def _open_editor(file: str, typed: bool) -> None:
    """typed: whether somebody's words are in it already, which stay where there is no such editor."""
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
    try:
        code = subprocess.run([*shlex.split(editor), file], check=False).returncode
    except (OSError, ValueError) as problem:
        if not typed:
            os.unlink(file)
        why = problem.strerror if isinstance(problem, OSError) else problem
        raise UsageError(f"can't start the editor {editor!r}: {why}", hint="set VISUAL or EDITOR") from None
    if code:
        raise UsageError(f"the editor ended with code {code}; nothing was changed", hint=f"the text is in {file}")


def _again(problem: UsageError) -> bool:
    """Whether whoever sits there wants to correct it."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    tell(problem, as_json=False)
    print("edit it again? [Y/n] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("", "y", "yes")


def _same(one: Any, other: Any) -> bool:
    """Equal, and of the same kind: 1, 1.0 and true are three params."""
    if isinstance(one, dict) and isinstance(other, dict):
        return list(one) == list(other) and all(_same(one[key], other[key]) for key in one)
    return type(one) is type(other) and bool(one == other)


def _write(file: str, text: str) -> None:
    fd = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with open(fd, "w", encoding="utf-8") as stream:
        stream.write(text)
