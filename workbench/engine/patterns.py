"""Patterns as in .gitignore, without `!`: which paths stay out of a snapshot."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

USUAL = tuple(
    pattern
    for patterns in (
        ".git/ .hg/ .svn/ .jj/",
        ".venv/ venv/ .tox/ .nox/ .direnv/ .conda/ node_modules/",
        "__pycache__/ *.py[cod] *.egg-info/ .mypy_cache/ .ruff_cache/ .pytest_cache/ .hypothesis/ .ipynb_checkpoints/",
        "mlruns/ wandb/ lightning_logs/ .aim/ .dvc/cache/ .dvc/tmp/ workbench-metrics.jsonl workbench-artifacts/",
        ".cache/ .idea/ .vscode/ .DS_Store *.swp *~",
        ".env .envrc",
    )
    for pattern in patterns.split()
)
"""What stays out unless git tracks it: other histories, environments, caches, the records of trackers, editors'
files, and those that people keep secrets in."""


@lru_cache(maxsize=64)
def matcher(patterns: tuple[str, ...]) -> re.Pattern[str]:
    """Fullmatches a relative path that one of the patterns covers; a directory is asked for as `path/`."""
    return re.compile("|".join(map(_expression, patterns)) or r"(?!)", re.DOTALL)


def covering(paths: Iterable[str]) -> re.Pattern[str]:
    """Fullmatches these paths and all that lies in them."""
    return re.compile("|".join(f"{re.escape(path)}(?:/.*)?" for path in paths) or r"(?!)", re.DOTALL)


def _expression(pattern: str) -> str:
    body = pattern.rstrip("/")
    anywhere = "/" not in body
    body = body.lstrip("/")
    below = "/.*" if pattern.endswith("/") else "(?:/.*)?"
    return ("(?:.*/)?" if anywhere else "") + _translated(body) + below


_PIECE = re.compile(
    r"(?P<escaped>\\.)|(?P<deep>\*\*/)|(?P<all>/\*\*$)|(?P<star>\*+)|(?P<one>\?)|(?P<set>\[[!^]?\]?[^\]]*\])|(?P<plain>.)",
    re.DOTALL,
)


def _translated(body: str) -> str:
    parts = []
    for match in _PIECE.finditer(body):
        text = match[0]
        match match.lastgroup:
            case "escaped":
                parts.append(re.escape(text[1]))
            case "deep":
                parts.append("(?:.*/)?")
            case "all":
                parts.append("/.+")
            case "star":
                parts.append("[^/]*")
            case "one":
                parts.append("[^/]")
            case "set":
                parts.append(_set(text[1:-1]))
            case _:
                parts.append(re.escape(text))
    return "".join(parts)


def _set(inner: str) -> str:
    inner = inner.replace("\\", r"\\").replace("[", r"\[")
    expression = f"[^/{inner[1:]}]" if inner[0] in "!^" else f"[{inner}]"
    try:
        re.compile(expression)
    except re.error:  # [z-a]: no character is in it
        return "(?!)"
    return expression
