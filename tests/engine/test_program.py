"""A command that can't be there is refused at submit; one that may be is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from workbench.engine.program import check
from workbench.errors import UsageError

FILES = (("train.sh", "executable"), ("tools/run.sh", "executable"), ("notes.sh", "file"), ("data", "link"))


@pytest.mark.parametrize(
    ("program", "workdir", "elsewhere"),
    [
        ("sh", ".", False),
        ("/bin/sh", ".", False),
        ("./train.sh", ".", True),
        ("../train.sh", "tools", True),
        ("./run.sh", "tools", False),
        ("data/anything/inside", ".", False),
        ("{program}", ".", False),
        ("of-some-package", ".", True),
        ("/opt/there/only", ".", True),
    ],
)
def test_what_may_be_there(program: str, workdir: str, elsewhere: bool) -> None:
    check(program, FILES, workdir, {}, elsewhere=elsewhere)


@pytest.mark.parametrize(
    ("program", "elsewhere"),
    [("no-such-command", False), ("/no/such", False), ("./tran.sh", True), ("tools/train.sh", False)],
)
def test_what_is_certainly_not(program: str, elsewhere: bool) -> None:
    with pytest.raises(UsageError, match="there is no "):
        check(program, FILES, ".", {}, elsewhere=elsewhere)


def test_a_file_that_may_not_be_executed_is_said_to_be_there() -> None:
    with pytest.raises(UsageError, match=r"^\./notes\.sh may not be executed$"):
        check("./notes.sh", FILES, ".", {}, elsewhere=True)


def test_the_path_of_the_project_counts(tmp_path: Path) -> None:
    tool = tmp_path / "tool"
    tool.touch(mode=0o700)
    check("tool", (), ".", {"PATH": str(tmp_path)}, elsewhere=False)
