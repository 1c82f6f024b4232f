"""The command line: finds the verb, runs its module, and turns errors into sentences and exit codes.

Each verb is one module here, imported only when it is asked for, with

    EXAMPLE: str                                   shown by --help
    def configure(parser: Parser) -> None          its arguments; --json is there already
    def main(args: argparse.Namespace) -> int      does it; the exit code
"""

from __future__ import annotations

import os
import sys

from workbench.errors import UsageError, WorkbenchError

VERBS: dict[str, tuple[str, str]] = {
    "run": ("submit", "queue a command as a run"),
    "sweep": ("submit", "queue one run for every combination of parameters"),
    "rerun": ("submit", "queue a run again, exactly as it was"),
    "runs": ("look", "list runs: what is live, then the newest"),
    "show": ("look", "everything about one run"),
    "logs": ("look", "what a run printed"),
    "explain": ("look", "why a run waits, and what would start it"),
    "compare": ("look", "what differs between runs, and what came of it"),
    "plot": ("look", "draw a run's metrics"),
    "replay": ("look", "a past night in the screens, or as lines"),
    "pull": ("look", "fetch what a run left: its artifacts and outputs"),
    "open": ("look", "look at one of them"),
    "top": ("look", "who does what where, now; --once as plain lines"),
    "sql": ("look", "ask the history a question in SQL"),
    "wait": ("steer", "wait until runs are over; ends with their exit code"),
    "notify": ("steer", "be told when a run is over"),
    "cancel": ("steer", "stop runs, with every process they started"),
    "hold": ("steer", "keep waiting runs from starting"),
    "release": ("steer", "let held runs start"),
    "move": ("steer", "change a waiting run's place in the queue"),
    "edit": ("steer", "change what a waiting run asks for, in your editor"),
    "machines": ("place", "the machines and what they do"),
    "projects": ("place", "the projects that have runs"),
    "env": ("place", "list environments, or remove those that nothing needs"),
    "engine": ("place", "start, stop or look at the engine"),
    "keys": ("place", "every key, in the form of keymap.toml"),
    "doctor": ("place", "what is wrong here, and what to do about it"),
    "demo": ("place", "a real sweep, from nothing to the best run"),
}
"""Verb -> (group, summary). The module of a verb has its name."""

GROUPS = {"submit": "Submit", "look": "Look", "steer": "Steer", "place": "The place"}

INTERRUPTED = 130
BROKEN_PIPE = 141
"""What a shell shows for a program that SIGPIPE ended."""
CANT_WRITE = 74


def main(argv: list[str] | None = None) -> int:
    """Do what `argv` (else the command line) says. Returns the exit code; docs/cli.md has the table."""
    words = sys.argv[1:] if argv is None else argv
    _open_closed()
    if hasattr(sys.stdout, "reconfigure"):
        # A name that the terminal's encoding lacks is shown escaped rather than as a traceback.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _dispatch(words)
        sys.stdout.flush()
        return code
    except WorkbenchError as failure:
        from workbench.cli.failure import tell

        return tell(failure, as_json=_wants_json(words))
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        _forget_stdout()
        return BROKEN_PIPE
    except OSError as problem:
        if problem.filename is not None:
            raise
        _forget_stdout()
        print(f"workbench: can't write the output: {problem.strerror}", file=sys.stderr)
        return CANT_WRITE


def _dispatch(words: list[str]) -> int:
    if not words:
        from workbench.cli.front import front

        return front()
    verb, rest = words[0], words[1:]
    if verb in ("-h", "--help", "help"):
        print(overview())
        return 0
    if verb in ("-V", "--version"):
        from workbench.version import __version__

        print(f"workbench {__version__}")
        return 0
    if verb not in VERBS:
        raise _no_such(verb)
    from workbench.cli.parser import Parser

    module = __import__(f"workbench.cli.{verb}", fromlist=["main"])
    parser = Parser(verb, VERBS[verb][1], module.EXAMPLE)
    module.configure(parser)
    return int(module.main(parser.words(rest)))


def overview() -> str:
    """The verbs, a line each."""
    lines = ["usage: workbench [VERB ...]", "", "Without a verb it opens the workbench in this terminal.", ""]
    for group, title in GROUPS.items():
        lines.append(f"{title}:")
        lines += [f"  {verb:<10} {summary}" for verb, (of, summary) in VERBS.items() if of == group]
        lines.append("")
    lines += [
        "A RUN is an id, a name, a number, or the unambiguous beginning of an id or name.",
        "`workbench VERB --help` has its flags and an example; wb is short for workbench.",
    ]
    return "\n".join(lines)


def _no_such(verb: str) -> UsageError:
    from difflib import get_close_matches

    close = get_close_matches(verb, VERBS, n=1)
    hint = f"did you mean `workbench {close[0]}`?" if close else "`workbench --help` lists the verbs"
    if verb.startswith("-"):
        return UsageError(f"the verb comes first, before {verb!r}", hint="`workbench --help` lists the verbs")
    return UsageError(f"there is no verb {verb!r}", hint=hint)


def _wants_json(words: list[str]) -> bool:
    own = words[: words.index("--")] if "--" in words else words
    return "--json" in own


def _open_closed() -> None:
    """A stream that whoever started us had closed leads nowhere: nobody else may get its number, and writing works."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.open(os.devnull, os.O_RDWR), "w" if number else "r"))  # noqa: SIM115


def _forget_stdout() -> None:
    """Keep the interpreter from trying again, at its exit, to write what nobody will read."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
