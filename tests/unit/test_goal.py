"""What a list asks to know which metric it should show."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from workbench.engine.handlers.goal import goal
from workbench.engine.handlers.params import Params

NOBODY = cast(Any, None)


def _asked(directory: Path) -> str:
    return str(asyncio.run(goal(NOBODY, NOBODY, Params({"directory": str(directory)})))["metric"])


def test_the_project_says_what_it_is_measured_by(tmp_path: Path) -> None:
    assert _asked(tmp_path) == ""
    (tmp_path / "workbench.toml").write_text('[project]\nmetric = { name = "val/loss" }\n')
    (tmp_path / "sub").mkdir()
    assert _asked(tmp_path / "sub") == "val/loss"


def test_a_project_that_is_broken_or_gone_has_none(tmp_path: Path) -> None:
    assert _asked(tmp_path / "gone") == ""
    (tmp_path / "workbench.toml").write_text("[project\n")
    assert _asked(tmp_path) == ""
