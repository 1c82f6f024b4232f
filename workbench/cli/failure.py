"""An error on stderr: a sentence, what was seen, a hint. Or, with --json, one object."""

from __future__ import annotations

import json
import sys

from workbench.errors import FilterError, WorkbenchError
from workbench.present.sanitise import clean

WORDS_SHOWN = 40
"""Lines of another tool's complaint that a terminal can bear."""


def tell(failure: WorkbenchError, *, as_json: bool) -> int:
    """Say what went wrong on stderr. Returns the exit code that goes with it."""
    print(_as_json(failure) if as_json else "\n".join(_as_text(failure)), file=sys.stderr)
    return failure.exit_code


def _as_json(failure: WorkbenchError) -> str:
    error = {
        "code": failure.code,
        "message": failure.message,
        "hint": failure.hint,
        "exit_code": failure.exit_code,
        "evidence": failure.evidence,
    }
    return json.dumps({"error": error}, default=str)


def _as_text(failure: WorkbenchError) -> list[str]:
    first, *rest = failure.message.rstrip().split("\n")
    lines = [f"workbench: {clean(first)}", *(f"  {clean(line)}" for line in rest if line)]
    evidence = failure.evidence
    if isinstance(failure, FilterError) and "filter" in evidence:
        text, column = str(evidence["filter"]), int(evidence.get("column", 0))
        lines += [f"  {clean(text)}", "  " + " " * len(clean(text[:column])) + "^"]
    words = str(evidence.get("words", "")).rstrip()
    if words:
        said = words.split("\n")
        lines += [f"  {clean(line)}" for line in said[:WORDS_SHOWN]]
        if len(said) > WORDS_SHOWN:
            lines.append(f"  ... and {len(said) - WORDS_SHOWN} more lines")
    lines += [f"  {clean(str(path))}  {size}" for path, size in _largest(evidence.get("largest"))]
    candidates = evidence.get("candidates")
    if isinstance(candidates, list):
        lines += [f"  {clean(str(candidate))}" for candidate in candidates]
    if failure.hint:
        lines.append(f"hint: {clean(failure.hint)}")
    return lines


def _largest(files: object) -> list[tuple[str, str]]:
    if not isinstance(files, list):
        return []
    from workbench.domain.resources import format_size

    return [(str(path), format_size(size)) for path, size in files]
