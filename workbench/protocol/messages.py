"""Frames of the protocol: requests, replies, notifications, errors as lines of JSON. Pure."""

from __future__ import annotations

import json
import math

from workbench.errors import BY_CODE, EngineError, WorkbenchError
from workbench.protocol import MAX_FRAME

TYPE_CHECKING = False  # typing itself costs a prompt milliseconds
if TYPE_CHECKING:
    from typing import Any

PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS, INTERNAL = (
    -32700,
    -32600,
    -32601,
    -32602,
    -32603,
)
OURS = -32000
"""JSON-RPC's number for every error of ours; `data.code` tells which."""


def line(message: dict[str, Any]) -> bytes:
    text = json.dumps(message, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.encode() + b"\n"


def request(id: int, method: str, params: dict[str, Any]) -> bytes:
    return line({"jsonrpc": "2.0", "id": id, "method": method, "params": params})


def result(id: int | str | None, value: Any) -> bytes:
    return line({"jsonrpc": "2.0", "id": id, "result": value})


def notification(method: str, params: dict[str, Any]) -> bytes:
    return line({"jsonrpc": "2.0", "method": method, "params": params})


def error(id: int | str | None, failure: WorkbenchError, number: int = OURS) -> bytes:
    data = {"code": failure.code, "hint": failure.hint, "evidence": failure.evidence}
    return line({"jsonrpc": "2.0", "id": id, "error": {"code": number, "message": failure.message, "data": data}})


def raise_error(body: dict[str, Any]) -> None:
    """Raise the error that a reply's `error` member tells of, as the class that was raised in the engine."""
    data = body.get("data") or {}
    cls = BY_CODE.get(data.get("code", ""), EngineError)
    raise cls(str(body.get("message", "the engine refused")), hint=data.get("hint", ""), **data.get("evidence", {}))


def parse(raw: bytes) -> dict[str, Any]:
    """One line as a message. Raises EngineError: too long, not JSON, not an object."""
    if len(raw) > MAX_FRAME:
        raise EngineError(f"a message of {len(raw)} bytes is over the limit of {MAX_FRAME}")
    try:
        message = json.loads(raw)
    except (ValueError, RecursionError) as problem:
        raise EngineError(f"not a line of JSON: {problem}") from None
    if not isinstance(message, dict):
        raise EngineError("a message is a JSON object")
    return message


_SPECIAL = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def number_out(value: float) -> float | str:
    """A float as JSON can carry it."""
    if value - value == 0:
        return value
    return "NaN" if value != value else "Infinity" if value > 0 else "-Infinity"


def number_in(value: float | str) -> float:
    return _SPECIAL[value] if isinstance(value, str) else float(value)
