"""Params: what `--set` says, the grid of a sweep, and the placeholders that a command has for them.

lr=0.1            a number; also true, false, text; "0.1" in quotes stays text
lr=0.1,0.01       in a sweep: two values
seed=range(5)     0 to 4; range(1,10,2) as in Python
opt=choice(a,b)   the same as a,b
sizes=[1,2],[3]   two texts: a comma within brackets or quotes parts nothing
lr=logspace(1e-4,1e-1,4)   four values, each ten times the one before; linspace(0,1,5) with equal steps
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import product

from workbench.errors import UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:  # a client's prompt waits for this module: it imports no more than it runs
    from workbench.domain.run import Param

MAX_RUNS = 100_000
"""What one sweep may submit."""

_KEY = r"[A-Za-z_][\w.]*"
_INTEGER = re.compile(r"[+-]?(0|[1-9]\d{0,17})", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+)([eE][+-]?\d+)?", re.ASCII)
_QUOTED = re.compile(r""""((?:\\.|[^"\\])*)"|'([^']*)'""", re.DOTALL)
_CALL = re.compile(r"(range|choice|linspace|logspace)\((.*)\)", re.DOTALL)
_PIECE = re.compile(r""""(?:\\.|[^"\\])*"|'[^']*'|[()\[\]{},]|[^"'()\[\]{},]+|["']""", re.DOTALL)
_PARTNERS = {")": "(", "]": "[", "}": "{"}


def parse_params(texts: Iterable[str]) -> dict[str, Param]:
    """`["lr=0.1", "name=a b"]` as {lr: 0.1, name: "a b"}. Raises UsageError."""
    params: dict[str, Param] = {}
    for key, text in _pairs(texts):
        if _CALL.fullmatch(text):
            raise UsageError(f"--set {key}={text} is many values", hint="`workbench sweep` runs each of them")
        params[key] = parse_value(text)
    return params


def listed(texts: Iterable[str]) -> list[str]:
    """The keys of `--set` whose values look like several: numbers between commas, in no quotes."""
    return [key for key, text in _pairs(texts) if "," in text and all(map(_is_number, text.split(",")))]


def parse_grid(texts: Iterable[str]) -> dict[str, list[Param]]:
    """`["lr=0.1,0.01", "seed=range(2)"]` as {lr: [0.1, 0.01], seed: [0, 1]}. Raises UsageError."""
    return {key: _values(key, text) for key, text in _pairs(texts)}


def parse_value(text: str) -> Param:
    """The value that a text stands for. Numbers that are not finite, or over 18 digits, or begin with a zero
    that counts for nothing (an id, a date) stay text."""
    text = text.strip()
    if quoted := _QUOTED.fullmatch(text):
        return re.sub(r"\\(.)", r"\1", quoted[1], flags=re.DOTALL) if quoted[1] is not None else quoted[2]
    if text in ("true", "True", "false", "False"):
        return text in ("true", "True")
    if _INTEGER.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and not text.lstrip("+-").isdigit() and math.isfinite(number := float(text)):
        return number
    return text


def format_value(value: Param) -> str:
    """As a command line, an environment variable or a cell shows it; parse_value reads numbers back the same."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def expand(grid: Mapping[str, Sequence[Param]]) -> list[dict[str, Param]]:
    """Every combination, the last key varying fastest. Raises UsageError where there are over MAX_RUNS."""
    count = math.prod(len(values) for values in grid.values())
    if count > MAX_RUNS:
        sizes = " x ".join(str(len(values)) for values in grid.values())
        raise UsageError(f"a sweep of {sizes} = {count:,} runs is over the limit of {MAX_RUNS:,}")
    return [dict(zip(grid, values, strict=True)) for values in product(*grid.values())]


def check_command(words: Sequence[str]) -> tuple[str, ...]:
    """The command, as it is. Raises UsageError where the kernel would not take it."""
    if not words or not words[0]:
        raise UsageError("the command is empty")
    if any("\0" in word for word in words):
        raise UsageError("the command can't hold a NUL", hint="nothing that is passed to a program can")
    return tuple(words)


def check_param(key: str, value: object) -> None:
    """Raises UsageError where no `--set` could have said it, or the run could not be given it."""
    _check_key(key)
    if not isinstance(value, str | int | float):
        raise UsageError(f"param {key} must be text, a number, true or false")
    if isinstance(value, float) and not math.isfinite(value):
        raise UsageError(f"param {key} must be finite", hint=f'in quotes it is a text: "{value}"')
    if isinstance(value, str) and "\0" in value:
        raise UsageError(f"param {key} can't hold a NUL", hint="nothing that is passed to a program can")


_PLACEHOLDER = re.compile(rf"\{{\{{({_KEY})\}}\}}|\{{({_KEY})\}}")


def fill(command: Sequence[str], params: Mapping[str, Param]) -> tuple[str, ...]:
    """The command with each `{key}` replaced by its value; `{{key}}` gives `{key}`.

    Other braces stay as they are: '{"a": {"b": 1}}' survives. Raises UsageError for a key that is not set.
    """

    def value(match: re.Match[str]) -> str:
        escaped, key = match[1], match[2]
        if escaped:
            return f"{{{escaped}}}"
        if key not in params:
            known = f"only {', '.join(params)} is set" if params else "nothing is set"
            hint = f"give it with --set {key}=...; to pass the braces on, write {{{{{key}}}}}"
            raise UsageError(f"the command has {{{key}}}, but {known}", hint=hint)
        return format_value(params[key])

    return tuple(_PLACEHOLDER.sub(value, word) for word in command)


def _pairs(texts: Iterable[str]) -> Iterable[tuple[str, str]]:
    seen = set()
    for text in texts:
        key, equals, value = text.partition("=")
        key = key.strip()
        if not equals:
            raise UsageError(f"--set {text!r} has no '='", hint="write --set KEY=VALUE")
        _check_key(key)
        if key in seen:
            raise UsageError(f"--set {key} is given twice")
        seen.add(key)
        yield key, value.strip()


def _check_key(key: str) -> None:
    if not re.fullmatch(_KEY, key):
        raise UsageError(f"{key!r} is not a param's name", hint="letters, digits, _ and dots, such as model.lr")


def _is_number(text: str) -> bool:
    return bool(_NUMBER.fullmatch(text.strip()))


def _values(key: str, text: str) -> list[Param]:
    values: list[Param] = []
    for part in _split(key, text):
        call = _CALL.fullmatch(part)
        values += _called(key, call[1], _split(key, call[2])) if call else [parse_value(part)]
        if len(values) > MAX_RUNS:
            raise UsageError(f"--set {key} has over {MAX_RUNS:,} values")
    return values


def _split(key: str, text: str) -> list[str]:
    """The parts between commas, those in quotes and brackets of any kind left whole."""
    parts, within = [""], ""
    for piece in _PIECE.findall(text):
        if piece in _PARTNERS.values():
            within += piece
        elif piece in _PARTNERS:
            if within[-1:] != _PARTNERS[piece]:
                raise _unpaired(key, text, piece)
            within = within[:-1]
        if piece == "," and not within:
            parts.append("")
        else:
            parts[-1] += piece
    if within:
        raise _unpaired(key, text, within[-1])
    parts = [part.strip() for part in parts]
    if "" in parts:
        raise UsageError(
            f"--set {key}={text}: a value is missing", hint=f"""write '{key}="",a' to mean an empty text"""
        )
    return parts


def _unpaired(key: str, text: str, bracket: str) -> UsageError:
    return UsageError(f"--set {key}={text}: a {bracket} has no partner", hint="in quotes it is the mere character")


def _called(key: str, function: str, words: list[str]) -> list[Param]:
    arguments = [parse_value(word) for word in words]
    if function == "choice":
        return arguments
    numbers = [value for value in arguments if isinstance(value, int | float) and not isinstance(value, bool)]
    try:
        if len(numbers) < len(arguments):
            raise ValueError("takes numbers")
        return list(_FUNCTIONS[function](*numbers))
    except (TypeError, ValueError) as problem:
        said = problem if isinstance(problem, ValueError) else "is called with the wrong arguments"
        hint = "range(5), range(1,10,2), linspace(FIRST,LAST,COUNT), logspace(FIRST,LAST,COUNT)"
        raise UsageError(f"--set {key}: {function}({','.join(words)}) {said}", hint=hint) from None


def _range(*numbers: float) -> Sequence[Param]:
    if not all(isinstance(number, int) for number in numbers):
        raise ValueError("takes whole numbers")
    return _counted(range(*(int(number) for number in numbers)))


def _linspace(first: float, last: float, count: float) -> Sequence[Param]:
    steps = _steps(count)
    return [_rounded(first + (last - first) * step / max(1, steps[-1])) for step in steps]


def _logspace(first: float, last: float, count: float) -> Sequence[Param]:
    if first <= 0 or last <= 0:
        raise ValueError("takes numbers above zero")
    steps = _steps(count)
    low, high = math.log(first), math.log(last)
    return [_rounded(math.exp(low + (high - low) * step / max(1, steps[-1]))) for step in steps]


def _steps(count: float) -> Sequence[int]:
    if not isinstance(count, int):
        raise ValueError("takes a whole number as its count")
    return _counted(range(count))


def _counted(numbers: range) -> range:
    if not numbers:
        raise ValueError("has no values")
    if numbers[MAX_RUNS : MAX_RUNS + 1]:
        raise ValueError(f"has over {MAX_RUNS:,} values")
    return numbers


def _rounded(number: float) -> float:
    """Without the dust of the arithmetic: 0.3, not 0.30000000000000004."""
    return float(f"{number:.12g}")


_FUNCTIONS: dict[str, Callable[..., Sequence[Param]]] = {"range": _range, "linspace": _linspace, "logspace": _logspace}
