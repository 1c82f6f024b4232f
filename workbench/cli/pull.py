"""`workbench pull RUN [PATH]`: what a run left, as files here."""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Iterator
from typing import Any

from workbench.cli import output
from workbench.cli.parser import RUN, Parser
from workbench.client.calls import Engine
from workbench.errors import NotFound, Refused

EXAMPLE = """\
workbench pull brave-sunset-12
workbench pull brave-sunset-12 'plots/*.png' --to figures
workbench pull brave-sunset-12 --list"""

IGNORE = ".gitignore"
"""Written into a directory that we make in a project: what was pulled is no code, and must not be in its next run."""
LOOK = 0.2
"""Seconds between looks at what is still being collected."""


def configure(parser: Parser) -> None:
    parser.add_argument("run", **RUN)
    parser.add_argument("path", nargs="?", default="", help="one of them, a directory, or a pattern; default: all")
    parser.add_argument("--to", metavar="DIR", help="default: a directory of the run's name, here")
    parser.add_argument("--force", action="store_true", help="overwrite what is there")
    parser.add_argument("--list", action="store_true", help="only say what there is")


def main(args: argparse.Namespace) -> int:
    with Engine() as engine:
        if args.list:
            return _list(args, engine.call("show", {"run": args.run}))
        run, chosen = choose(engine, args.run, args.path)
        from workbench.client.landing import Landing

        directory, names = args.to or directory_of(run), [artifact["name"] for artifact in chosen]
        ours = not args.to and not os.path.lexists(directory)
        with Landing(directory, force=args.force) as landing:
            landing.check(names)
            if ours and IGNORE not in names:
                landing.write(IGNORE, [b"*\n"])
            for artifact in chosen:
                path = landing.write(artifact["name"], content(engine, run, artifact))
                if args.json:
                    output.objects([{**artifact, "file": path}])
                else:
                    output.say(path)
    return 0


def _list(args: argparse.Namespace, seen: dict[str, Any]) -> int:
    artifacts, collecting = seen["artifacts"], seen["collecting"]
    if args.json:
        output.document({"artifacts": artifacts, "collecting": collecting})
        return 0
    from workbench.domain.resources import format_size

    where = "collecting" if collecting else "missing"
    rows = [(one["name"], format_size(one["size"]), "" if one["stored"] else where) for one in artifacts]
    output.table(("artifact", "size", ""), rows)
    if collecting:
        output.note(collecting["text"])
    return 0


def choose(engine: Engine, reference: str, path: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The run, and its artifacts that `path` names, all in store. Waits for those that are on their way.

    Raises NotFound, Refused."""
    seen = engine.call("show", {"run": reference}, again=True)
    while seen["collecting"] and seen["collecting"]["moving"] and not _ready(seen, path):
        output.note(seen["collecting"]["text"])
        time.sleep(LOOK)
        seen = engine.call("show", {"run": seen["run"]["id"]}, again=True)
    run, why = seen["run"], seen["collecting"]["text"] if seen["collecting"] else ""
    chosen = [artifact for artifact in seen["artifacts"] if _fits(artifact["name"], path)]
    chosen = [artifact for artifact in chosen if artifact["name"] == path] or chosen
    if not chosen:
        what = f"has no artifact {path!r}" if path else "has left nothing"
        yet = " that is here yet" if why else ""
        hint = why or f"`workbench pull {run['name']} --list` has what there is"
        raise NotFound(f"{run['name']} {what}{yet}", hint=hint)
    for artifact in chosen:
        if not artifact["stored"]:
            lost = "the run told of it, and it was not there when the run was over"
            raise Refused(f"{artifact['name']} of {run['name']} is not in store", hint=why or lost)
    return run, chosen


def _ready(seen: dict[str, Any], path: str) -> bool:
    return any(artifact["name"] == path and artifact["stored"] for artifact in seen["artifacts"])


def _fits(name: str, path: str) -> bool:
    from fnmatch import fnmatchcase

    return not path or name == path or name.startswith(path.rstrip("/") + "/") or fnmatchcase(name, path)


def directory_of(run: dict[str, Any]) -> str:
    """Where its artifacts go by default: its name, or its id where that is no name for a directory."""
    name = str(run["name"])
    return str(run["id"]) if "/" in name or name in (".", "..") else name


def content(engine: Engine, run: dict[str, Any], artifact: dict[str, Any]) -> Iterator[bytes]:
    """Its bytes. Raises EngineError after the last of them where they are not what their hash says."""
    from workbench.client.content import Content

    whole = Content(run["id"], artifact)
    while asked := whole.wanted:
        yield whole.take(engine.call("pull", asked, again=True))
    whole.check()
