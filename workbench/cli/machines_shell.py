"""`workbench machines run NAME -- COMMAND...` and `shell NAME`: straight onto a machine, past the queue.

The road is the user's own ssh, with its config, keys and agent; beside the host keys it knows, it trusts those that
were said yes to here, and no others.
"""

from __future__ import annotations

import argparse
import json
import os
import pwd
import re
import subprocess
import sys
import threading
from contextlib import suppress
from typing import Any, BinaryIO

from workbench import bootstrap, paths
from workbench.cli import output
from workbench.client.calls import Engine
from workbench.errors import UsageError

_ADDRESS = re.compile(r"(?P<user>[^@]+@)?\[?(?P<host>.+?)\]?(?::(?P<port>\d{1,5}))?")
_SYSTEM = ("/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2")

# Becomes the command, whose words come as one line of JSON: whatever bytes they have, no shell sees them. Python
# ignores SIGPIPE, and what it executes would too.
_PROGRAM = """
import json, os, signal, sys
words = json.loads(sys.stdin.buffer.raw.readline())
argv = [word.encode("utf-8", "surrogateescape") for word in words]
signal.signal(signal.SIGPIPE, signal.SIG_DFL)
try:
    os.execvp(argv[0], argv)
except OSError as problem:
    print(ascii(words[0]) + ": " + problem.strerror, file=sys.stderr)
    sys.exit(127 if isinstance(problem, FileNotFoundError) else 126)
"""


class _Command(argparse.Action):
    """argparse leaves it all that stands behind NAME: flags there, before `--` or the first word, are ours still."""

    def __call__(self, parser: argparse.ArgumentParser, args: argparse.Namespace, words: Any, flag: Any = None) -> None:
        own = next((at for at, word in enumerate(words) if word == "--" or not word.startswith("-")), len(words))
        if own:
            parser.parse_args([*words[:own], args.name], args)
        args.command = words[own:]


def configure(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("command", nargs=argparse.REMAINDER, action=_Command, metavar="COMMAND", help="what to execute, after --")


def run(args: argparse.Namespace) -> int:
    """Its exit code; 127 where there is no such command, 255 where ssh gets nowhere. What it prints passes through,
    unless JSON is to hold it."""
    command = args.command[1:] if args.command[:1] == ["--"] else args.command
    if not command:
        raise UsageError("there is no command to run", hint=f"workbench machines run {args.name} -- nvidia-smi")
    address = _address(args.name)
    words = [os.fsencode(word).decode("utf-8", "surrogateescape") for word in command]
    said = json.dumps(words).encode() + b"\n"
    if address:
        argv, said = [*_ssh(address), bootstrap.COMMAND], bootstrap.line(_PROGRAM) + said
    else:
        argv = [sys.executable, "-I", "-c", _PROGRAM]
    caught = subprocess.PIPE if args.json else None
    process = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=caught, stderr=caught, bufsize=0)
    sink, process.stdin = process.stdin, None  # ours to feed: communicate would close it
    assert sink
    # A thread that nobody waits for: the command may end while our own input still waits for a line.
    threading.Thread(target=_feed, args=(sink, said), daemon=True).start()
    printed = process.communicate()
    code = process.returncode if process.returncode >= 0 else 128 - process.returncode
    if args.json:
        stdout, stderr = (data.decode("utf-8", "replace") for data in printed)
        output.document({"machine": args.name, "exit_code": code, "stdout": stdout, "stderr": stderr})
    return code


def shell(args: argparse.Namespace) -> int:
    """Becomes a login shell there."""
    address = _address(args.name)
    argv = _ssh(address) if address else [pwd.getpwuid(os.getuid()).pw_shell or "/bin/sh", "-l"]
    os.execvp(argv[0], argv)  # noqa: S606 - the shell is what was asked for


def _address(name: str) -> str:
    """ "" for the machine that we are on. Raises NotFound."""
    with Engine() as engine:
        (machine,) = engine.call("machines", {"name": name})["machines"]
    return str(machine["address"])


def _ssh(address: str) -> list[str]:
    """ssh to there, as far as its destination. The keys trusted here go in beside the system's: the user's config may
    name other files for the user's own."""
    match = _ADDRESS.fullmatch(address)
    assert match
    files = " ".join('"' + path.replace("%", "%%") + '"' for path in (*_SYSTEM, paths.known_hosts()))
    options = ["-o", "StrictHostKeyChecking=yes", "-o", f"GlobalKnownHostsFile={files}"]
    if match["port"]:
        options += ["-p", match["port"]]
    return ["ssh", *options, "--", (match["user"] or "") + match["host"]]


def _feed(sink: BinaryIO, said: bytes) -> None:
    """What is to be said first, then all of our own input."""
    with suppress(BrokenPipeError), sink:
        while said:
            said = said[sink.write(said) :]
            if not said:
                said = os.read(0, 1 << 16)
