"""docs/cli.md speaks of the command line as it is."""

from __future__ import annotations

import importlib
import re
import shlex
from pathlib import Path

from workbench import cli
from workbench.cli.parser import Parser
from workbench.errors import BY_CODE

TEXT = (Path(__file__).parents[2] / "docs" / "cli.md").read_text(encoding="utf-8")


def parser(verb: str) -> Parser:
    made = Parser(verb, "x", "x")
    importlib.import_module(f"workbench.cli.{verb}").configure(made)
    return made


def test_every_verb_has_a_section_with_an_example_that_parses() -> None:
    sections = dict(re.findall(r"^### (\S+)\n```\nworkbench (.*?)\n```", TEXT, re.MULTILINE))
    assert list(sections) == [verb for group in cli.GROUPS for verb, (of, _) in cli.VERBS.items() if of == group]
    for verb, example in sections.items():
        first, *words = shlex.split(example.split(" && ")[0])
        assert first == verb
        parser(verb).words(words)


def test_every_flag_of_run_is_in_the_table() -> None:
    flags = {action.option_strings[-1] for action in parser("run")._actions if action.option_strings}
    flags -= {"--help", "--json"}
    assert flags == set(re.findall(r"`(--[a-z-]+)", TEXT.split("### sweep")[0])) - {"--help", "--json"}


def test_every_exit_code_of_an_error_is_in_the_table() -> None:
    told = {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, re.MULTILINE)}
    assert {error.exit_code for error in BY_CODE.values()} | {cli.INTERRUPTED, cli.BROKEN_PIPE, cli.CANT_WRITE} <= told
