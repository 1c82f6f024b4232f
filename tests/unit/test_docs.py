"""What the docs name exists: every verb and option of the command line, every make target."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from workbench.cli import VERBS
from workbench.commands import COMMANDS

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("examples/**/*.md")])
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
COMMAND = re.compile(r"(?<!import )(?:^|(?<=[\s/(]))(?:workbench|wb) +([a-z-]+)([^\n`]*)")
OPTION = re.compile(r"(?<!\S)(--[a-z][a-z-]*|-[a-z])\b")


def commands(page: Path) -> list[tuple[str, str]]:
    """(verb, the rest of its line up to ` -- `) of every command in a page's code."""
    pieces = [block or span for block, span in CODE.findall(page.read_text())]
    lines = [line.partition("  #")[0] for piece in pieces for line in piece.splitlines()]
    return [(verb, rest.partition(" -- ")[0]) for line in lines for verb, rest in COMMAND.findall(line)]


@cache
def usage(verb: str) -> str:
    done = subprocess.run([sys.executable, "-m", "workbench", verb, "--help"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_in_the_docs_exists(page: Path) -> None:
    for verb, rest in commands(page):
        assert verb in VERBS, f"{page.name} names `workbench {verb}`"
        for option in OPTION.findall(rest):
            assert option in usage(verb), f"{page.name} names `workbench {verb} {option}`"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_every_verb_is_in_the_docs(verb: str) -> None:
    assert f"workbench {verb}" in (ROOT / "docs" / "cli.md").read_text()


def test_every_make_target_in_the_docs_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {target for page in PAGES for target in re.findall(r"`make ([a-z]+)`", page.read_text())}
    assert named <= targets


def test_the_page_of_keys_tells_every_key_and_no_other() -> None:
    page = (ROOT / "docs" / "screens.md").read_text()
    told = {line for line in page.splitlines() if line.startswith("| `")}
    meant = {f"| {' '.join(f'`{key}`' for key in command.keys)} | {command.help} |" for command in COMMANDS}
    assert told == meant
