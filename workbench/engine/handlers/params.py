"""Reading what a client sent: each getter gives a value of the type it names, or says which parameter is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workbench.errors import UsageError

_MISSING: Any = object()


class Params:
    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str, default: str = _MISSING) -> str:
        return str(self._get(name, default, str, "text"))

    def whole(self, name: str, default: int = _MISSING, least: int | None = None, most: int | None = None) -> int:
        value = self._get(name, default, int, "a whole number")
        if least is not None and value < least:
            raise UsageError(f"{name} is {value}; the least is {least}")
        if most is not None and value > most:
            raise UsageError(f"{name} is {value}; the most is {most}")
        return int(value)

    def number(self, name: str, default: float = _MISSING) -> float:
        return float(self._get(name, default, (int, float), "a number"))

    def flag(self, name: str) -> bool:
        return bool(self._get(name, False, bool, "true or false"))

    def texts(self, name: str, default: list[str] = _MISSING) -> list[str]:
        values = self._get(name, default, list, "a list of texts")
        if not all(isinstance(value, str) for value in values):
            raise UsageError(f"{name} must be a list of texts")
        return list(values)

    def table(self, name: str, default: dict[str, Any] = _MISSING) -> dict[str, Any]:
        return dict(self._get(name, default, dict, "an object"))

    def has(self, name: str) -> bool:
        return self._values.get(name) is not None

    def refuse_others(self, known: frozenset[str]) -> None:
        """An option that this engine does not know must not be ignored."""
        others = sorted(set(self._values) - known)
        if others:
            raise UsageError(f"this engine does not know {', '.join(others)}", hint="workbench engine stop, then again")

    def _get(self, name: str, default: Any, kind: type | tuple[type, ...], words: str) -> Any:
        value = self._values.get(name)
        if value is None:
            if default is _MISSING:
                raise UsageError(f"{name} is missing")
            return default
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise UsageError(f"{name} must be {words}")
        return value
