"""The views that a user has given names: views.toml beside config.toml, written by `S` and `workbench runs --save`.

[broken]
filter = "status:failed since:2d"
order = "-submitted"
columns = ["param.lr", "metric.loss"]
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from workbench import paths, toml
from workbench.domain.filters import parse
from workbench.domain.view import View, check_columns
from workbench.errors import FilterError, NotFound, UsageError

LONGEST = 40
_TEXTS = ("filter", "order")


def path() -> str:
    return os.path.join(paths.config(), "views.toml")


def load(file: str | None = None) -> dict[str, View]:
    """By name, in the order of the file; none where there is none. Raises ConfigError, which begins with FILE:LINE."""
    try:
        document = toml.read(file or path())
    except FileNotFoundError:
        return {}
    return {name: _view(document, name, values) for name, values in document.data.items()}


def find(name: str, file: str | None = None) -> View:
    """Raises NotFound, ConfigError."""
    known = load(file)
    if name not in known:
        hint = f"there are {', '.join(sorted(known))}" if known else "S in the queue saves one, and so does runs --save"
        raise NotFound(f"no view is called {name!r}", hint=hint)
    return known[name]


def save(name: str, view: View, file: str | None = None) -> None:
    """Under this name from now on, whatever it was before. Raises UsageError, ConfigError."""
    file = file or path()
    known = {**load(file), check_name(name): view}
    paths.private(os.path.dirname(file))
    paths.replace(file, "\n".join(_table(*one) for one in known.items()))


def check_name(name: str) -> str:
    """One word that can be typed. Raises UsageError."""
    if not name or len(name) > LONGEST or not name.isprintable() or " " in name or name.startswith("-"):
        raise UsageError(f"a view can't be called {name!r}", hint=f"one word of at most {LONGEST} characters")
    return name


def _view(document: toml.Document, name: str, values: Any) -> View:
    if not isinstance(values, dict):
        raise document.wrong((name,), f"{name} must be a table", f"write [{name}]")
    for key, value in values.items():
        if key not in (*_TEXTS, "columns"):
            raise document.wrong(
                (name, key), f"there is no key {key!r} in a view", "known here: filter, order, columns"
            )
        if key in _TEXTS and not isinstance(value, str):
            raise document.wrong((name, key), f"{key} must be a text")
        if key == "columns" and not (isinstance(value, list) and all(isinstance(one, str) for one in value)):
            raise document.wrong((name, key), "columns must be a list of texts")
    try:
        check_name(name)
        parse(values.get("filter", ""))
        check_columns(tuple(values.get("columns", ())))
    except FilterError as problem:
        raise document.wrong((name, "filter"), problem.message, problem.hint) from None
    except UsageError as problem:
        raise document.wrong((name,), problem.message, problem.hint) from None
    return View(**_given(values))


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if key == "columns" else value for key, value in values.items()}


def _table(name: str, view: View) -> str:
    """JSON's texts are TOML's, but for DEL, which no name, filter or column can hold."""
    lines = [f"[{_text(name)}]"]
    lines += [f"{key} = {_text(getattr(view, key))}" for key in _TEXTS if getattr(view, key) != getattr(View(), key)]
    if view.columns:
        lines.append(f"columns = [{', '.join(map(_text, view.columns))}]")
    return "\n".join(lines) + "\n"


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
