"""Which metric a page of runs is told to show."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.screens.made_up import NOW, run
from workbench.domain.status import Queued
from workbench.engine.handlers.runs import measured_by

RUN = run(1, "one", Queued(NOW))


def _asked(directory: Path, *projects: str) -> str:
    runs = [replace(RUN, directory=str(directory), project=project) for project in projects or ("churn", "churn")]
    return asyncio.run(measured_by(runs))


def test_the_project_says_what_it_is_measured_by(tmp_path: Path) -> None:
    assert _asked(tmp_path) == ""
    (tmp_path / "workbench.toml").write_text('[project]\nmetric = { name = "val/loss" }\n')
    (tmp_path / "sub").mkdir()
    assert _asked(tmp_path / "sub") == "val/loss"
    assert _asked(tmp_path, "churn", "vision") == "", "each may have its own"
    assert asyncio.run(measured_by([])) == ""


def test_a_project_that_is_broken_or_gone_has_none(tmp_path: Path) -> None:
    assert _asked(tmp_path / "gone") == ""
    (tmp_path / "workbench.toml").write_text("[project\n")
    assert _asked(tmp_path) == ""
